// Files: read-only memory maps, reads of whole files, writes that appear whole or not at all (write, fsync, rename),
// and files that grow.
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

// A whole file, mapped read-only. The bytes are valid while a copy of `keep` lives. An empty file has an empty span.
struct FileMap {
  std::shared_ptr<const void> keep;
  std::span<const std::byte> bytes;
};
// Errors: the path is not a regular file, or the file has more than max_bytes.
Result<FileMap> map_file(const std::filesystem::path& path, i64 max_bytes = std::numeric_limits<i64>::max());
// Drops the pages of `bytes`, a part of a FileMap, from the process's memory. The next access reads them from the file
// again. The last page stays if `bytes` does not fill it, because it may hold the beginning of other data.
void release_pages(std::span<const std::byte> bytes);

// Reads a file that the user named. It may also be a pipe or a device. Errors: the file cannot be opened or read, or
// has more than max_bytes.
Result<std::string> read_file(const std::filesystem::path& path, i64 max_bytes = i64{1} << 30);
// Reads a file in a folder that comes from somebody else. Errors: as map_file.
Result<std::string> read_regular_file(const std::filesystem::path& path, i64 max_bytes);

// A file that exists under its final name only after commit(). Without commit() the destructor removes everything. If
// the path is a symbolic link, the link stays and its target is replaced. If the path is a pipe or a device, the bytes
// are written to it directly.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&& o) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();
  Status write(const void* data, i64 bytes);  // unbuffered. Errors: not all bytes can be written
  Status commit();                            // fsync, rename, fsync of the folder

 private:
  AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int fd);
  std::filesystem::path path_, temporary_;  // temporary_ is empty for a pipe or a device
  int fd_ = -1;
};

// A file that grows at its end and keeps what it holds.
class AppendFile {
 public:
  static Result<AppendFile> open(const std::filesystem::path& path);  // creates it if it does not exist
  AppendFile(AppendFile&& o) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;
  ~AppendFile();
  Status truncate(i64 bytes);            // keeps only the first `bytes` bytes
  Status append(std::string_view text);  // unbuffered: what was written survives the process
  Status sync();

 private:
  AppendFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::filesystem::path path_;
  int fd_ = -1;
};

Status write_file(const std::filesystem::path& path, std::string_view content);  // through an AtomicFile
Status sync_folder(const std::filesystem::path& folder);

// Says whether a file may be lost when its folder is replaced by another one. `path` is relative to the folder, with
// '/' between its parts.
using Replaceable = std::function<bool(const std::string& path)>;
// Checks that `folder` may be replaced. Errors: it holds a file that is not replaceable, a link, or an empty folder.
Status check_replaceable(const std::filesystem::path& folder, const Replaceable& is_replaceable);

// Replaces the content of a folder. `fill` writes the new content into a folder FOLDER.*.tmp, which is then synced and
// renamed to FOLDER; the old content stays until then. Each file of the old content must be replaceable, or have a
// successor of the same name. Errors: those of `fill` and check_replaceable; the file system refuses a step. After an
// error FOLDER.*.tmp is removed and its space is free.
Status publish_folder(const std::filesystem::path& folder, const Replaceable& is_replaceable,
                      const std::function<Status(const std::filesystem::path&)>& fill);

// A lock that one process can hold at a time. The kernel releases it when the process ends, even after a crash.
class FileLock {
 public:
  // The lock of a folder is its file `lock`. Errors: another holder has the lock.
  static Result<FileLock> of_folder(const std::filesystem::path& folder);
  FileLock(FileLock&& o) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace r1
