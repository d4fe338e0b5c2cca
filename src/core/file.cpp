#include "core/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "core/files/cut_files.hpp"

namespace r1 {
namespace {

tl::unexpected<Error> io_error(const std::filesystem::path& path, const char* doing) {
  return fail(Errc::io, "{}: {}: {}", path.string(), doing, std::strerror(errno));
}

tl::unexpected<Error> too_large(const std::filesystem::path& path, i64 bytes, i64 max_bytes) {
  return fail(Errc::corrupt, "{}: the file has {} bytes, the limit is {}", path.string(), bytes, max_bytes);
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Result<FileMap> map_file(const std::filesystem::path& path, i64 max_bytes) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // do not wait for a pipe's writer
  struct stat info;
  if (file.fd < 0 || fstat(file.fd, &info) != 0) return io_error(path, "cannot open");
  if (!S_ISREG(info.st_mode)) return fail(Errc::io, "{}: not a regular file", path.string());
  if (info.st_size > max_bytes) return too_large(path, info.st_size, max_bytes);
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return FileMap{};
  void* p = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (p == MAP_FAILED) return io_error(path, "cannot map");
  watch_map(p, size, path.string());
  const auto unmap = [size](const void* q) {
    forget_map(q);
    munmap(const_cast<void*>(q), size);
  };
  return FileMap{{p, unmap}, {static_cast<const std::byte*>(p), size}};
}

void release_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = reinterpret_cast<size_t>(bytes.data()) / page * page;
  // The last page may hold the beginning of another tensor.
  const size_t end = reinterpret_cast<size_t>(bytes.data() + bytes.size()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Result<std::string> read_file(const std::filesystem::path& path, i64 max_bytes) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat info;
  if (file.fd < 0 || fstat(file.fd, &info) != 0) return io_error(path, "cannot open");
  if (info.st_size > max_bytes) return too_large(path, info.st_size, max_bytes);
  std::string text;
  char buffer[65536];
  for (ssize_t n; (n = read(file.fd, buffer, sizeof buffer)) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "cannot read");
    text.append(buffer, n);
    if (std::ssize(text) > max_bytes)
      return fail(Errc::corrupt, "{}: the file has more than {} bytes, the limit", path.string(), max_bytes);
  }
  return text;
}

Result<std::string> read_regular_file(const std::filesystem::path& path, i64 max_bytes) {
  const FileMap file = R1_TRY(map_file(path, max_bytes));
  return std::string(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
}

namespace {

// The file that a write to `path` reaches: follows symbolic links, the last of which may lead to no file yet.
Result<std::filesystem::path> end_of_links(std::filesystem::path path) {
  for (int links = 0; links < 40; ++links) {  // Linux follows 40 links too
    std::error_code no_link;
    const std::filesystem::path next = std::filesystem::read_symlink(path, no_link);
    if (no_link) return path;
    path = path.parent_path() / next;
  }
  return fail(Errc::io, "{}: too many symbolic links", path.string());
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& o) noexcept
    : path_(std::move(o.path_)), temporary_(std::move(o.temporary_)), fd_(std::exchange(o.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& given) {
  struct stat info;
  if (stat(given.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    const int fd = open(given.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return io_error(given, "cannot open");
    return AtomicFile(given, {}, fd);
  }
  const std::filesystem::path path = R1_TRY(end_of_links(given));
  std::filesystem::path temporary = path;
  static std::atomic<u32> count{0};  // two writers of one name in this process need different temporary files
  temporary += fmt::format(".tmp{}-{}", getpid(), count.fetch_add(1));
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(temporary, "cannot create");
  return AtomicFile(path, std::move(temporary), fd);
}

namespace {

Status write_all(int fd, const std::filesystem::path& path, const char* at, i64 bytes) {
  while (bytes > 0) {
    const ssize_t n = ::write(fd, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "cannot write");
    at += n, bytes -= n;
  }
  return {};
}

}  // namespace

Status AtomicFile::write(const void* data, i64 bytes) {
  return write_all(fd_, path_, static_cast<const char*>(data), bytes);
}

Status AtomicFile::commit() {
  if (fsync(fd_) != 0 && !(temporary_.empty() && errno == EINVAL)) return io_error(path_, "cannot write");
  if (close(std::exchange(fd_, -1)) != 0) {
    const auto error = io_error(path_, "cannot write");
    if (!temporary_.empty()) unlink(temporary_.c_str());
    return error;
  }
  if (temporary_.empty()) return {};
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    const auto error = io_error(path_, "cannot rename into place");
    unlink(temporary_.c_str());
    return error;
  }
  return sync_folder(path_.has_parent_path() ? path_.parent_path() : ".");
}

Result<AppendFile> AppendFile::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(path, "cannot open");
  AppendFile file(path, fd);
  R1_TRY(sync_folder(path.has_parent_path() ? path.parent_path() : "."));  // in case the file is new
  return file;
}

AppendFile::AppendFile(AppendFile&& o) noexcept : path_(std::move(o.path_)), fd_(std::exchange(o.fd_, -1)) {}

AppendFile::~AppendFile() {
  if (fd_ >= 0) close(fd_);
}

Status AppendFile::truncate(i64 bytes) {
  return ftruncate(fd_, bytes) == 0 ? Status{} : io_error(path_, "cannot truncate");
}

Status AppendFile::append(std::string_view text) { return write_all(fd_, path_, text.data(), std::ssize(text)); }

Status AppendFile::sync() { return fsync(fd_) == 0 ? Status{} : io_error(path_, "cannot sync"); }

Status write_file(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file = R1_TRY(AtomicFile::create(path));
  R1_TRY(file.write(content.data(), std::ssize(content)));
  return file.commit();
}

Status sync_folder(const std::filesystem::path& folder) {
  const Descriptor dir{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (dir.fd < 0 || fsync(dir.fd) != 0) return io_error(folder, "cannot sync");
  return {};
}

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> folder_error(const fs::path& path, const char* doing, const std::error_code& code) {
  return fail(Errc::io, "{}: {}: {}", path.string(), doing, code.message());
}

// Creates an empty folder with a new name next to `folder`.
Result<fs::path> new_folder_beside(const fs::path& folder) {
  std::error_code code;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), code);
  for (static std::atomic<u32> count{0}; !code;) {
    fs::path path = folder;
    path += fmt::format(".{}-{}.tmp", getpid(), count.fetch_add(1));
    if (fs::create_directory(path, code)) return path;
  }
  return folder_error(folder, "cannot create a folder beside it", code);
}

// Puts `successor` in the place of `folder`. One rename does it if `folder` is missing or empty. Otherwise the old
// folder is renamed first; if the second rename fails, the first one is undone.
Status replace_folder(const fs::path& folder, const fs::path& successor, const Replaceable& is_replaceable) {
  std::error_code code, ignored;
  fs::rename(successor, folder, code);
  if (code == std::errc::directory_not_empty || code == std::errc::file_exists) {
    R1_TRY(check_replaceable(folder, [&](const std::string& path) {
      std::error_code missing;
      return is_replaceable(path) || fs::exists(successor / path, missing);
    }));
    const fs::path old = R1_TRY(new_folder_beside(folder));
    fs::rename(folder, old, code);
    if (code) return fs::remove(old, ignored), folder_error(folder, "cannot move aside", code);
    fs::rename(successor, folder, code);
    if (code) return fs::rename(old, folder, ignored), folder_error(folder, "cannot rename into place", code);
    R1_TRY(sync_folder(folder.has_parent_path() ? folder.parent_path() : "."));
    fs::remove_all(old, ignored);
    return {};
  }
  if (code) return folder_error(folder, "cannot rename into place", code);
  return sync_folder(folder.has_parent_path() ? folder.parent_path() : ".");
}

}  // namespace

Status check_replaceable(const fs::path& folder, const Replaceable& is_replaceable) {
  std::error_code code, ignored;
  for (fs::recursive_directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const std::string path = it->path().lexically_relative(folder).string();
    const bool filled_folder = fs::is_directory(it->symlink_status(ignored)) && !fs::is_empty(it->path(), ignored);
    if (filled_folder || (fs::is_regular_file(it->symlink_status(ignored)) && is_replaceable(path))) continue;
    return fail(Errc::invalid_argument,
                "{}: the folder is not replaced because {} in it would be lost; move it away or choose another folder",
                folder.string(), path);
  }
  return code ? folder_error(folder, "cannot list", code) : Status{};
}

Status publish_folder(const fs::path& given, const Replaceable& is_replaceable,
                      const std::function<Status(const fs::path&)>& fill) {
  const fs::path folder = R1_TRY(end_of_links(given.has_filename() ? given : given.parent_path()));
  const fs::path temporary = R1_TRY(new_folder_beside(folder));
  Status done = fill(temporary);
  if (done) done = sync_folder(temporary);
  if (done) done = replace_folder(folder, temporary, is_replaceable);
  std::error_code ignored;
  if (!done) fs::remove_all(temporary, ignored);
  return done;
}

Result<FileLock> FileLock::of_folder(const fs::path& folder) {
  const fs::path path = folder / "lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(path, "cannot open");
  FileLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return fail(Errc::invalid_argument, "{}: another process is writing in this folder", folder.string());
  return io_error(path, "cannot lock");
}

FileLock::FileLock(FileLock&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace r1
