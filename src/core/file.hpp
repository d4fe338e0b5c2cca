// Files: read-only maps, whole-file reads, and writes that appear by write, fsync, rename or not at all.
#pragma once
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// A whole file mapped read-only; keep the pointer as long as the bytes are used. Empty files map to an empty span.
struct FileMap {
  std::shared_ptr<const void> keep;
  std::span<const std::byte> bytes;
};
// Err: not a regular file, or more than max_bytes.
Result<FileMap> map_file(const std::filesystem::path& path, i64 max_bytes = std::numeric_limits<i64>::max());

// What people name: also a pipe or a device, but not without end.
Result<std::string> read_file(const std::filesystem::path& path, i64 max_bytes = i64{1} << 30);
// What lies in a folder from somebody else: as map_file.
Result<std::string> read_regular_file(const std::filesystem::path& path, i64 max_bytes);

// A file that exists under its final name only after commit(); dropped without commit() it leaves nothing. A link
// stays, and what it leads to is replaced; a pipe or a device stays too, and takes the bytes as they come.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&& o) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();
  Status write(const void* data, i64 bytes);  // buffered by the kernel only; short writes and ENOSPC are Errors
  Status commit();                            // fsync, rename, fsync of the folder

 private:
  AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int fd);
  std::filesystem::path path_, temporary_;  // the latter empty: written in place
  int fd_ = -1;
};

Status write_file(const std::filesystem::path& path, std::string_view content);  // by AtomicFile
Status sync_folder(const std::filesystem::path& folder);

// Err: `folder` holds something that is neither a file of a model's folder nor one of the names in `successor`.
Status check_replaceable(const std::filesystem::path& folder, const std::filesystem::path& successor = {});

// `fill` writes into a new FOLDER.*.tmp, which is synced and then takes FOLDER's place; what was there stays until that
// moment, and must be replaceable by what `fill` has written. After a failure FOLDER.*.tmp is gone and its space is
// free.
Status publish_folder(const std::filesystem::path& folder,
                      const std::function<Status(const std::filesystem::path&)>& fill);

// One holder at a time, over all processes; the kernel lets go when the process ends, however it ends.
class FileLock {
 public:
  // The lock of a folder is its file `lock`. Err: somebody else holds it.
  static Result<FileLock> of_folder(const std::filesystem::path& folder);
  FileLock(FileLock&& o) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace r1
