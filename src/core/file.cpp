#include "core/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace r1 {
namespace {

tl::unexpected<Error> io_error(const std::filesystem::path& path, const char* doing) {
  return fail(Errc::io, "{}: {}: {}", path.string(), doing, std::strerror(errno));
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Result<FileMap> map_file(const std::filesystem::path& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a pipe would wait for its writer
  struct stat info;
  if (file.fd < 0 || fstat(file.fd, &info) != 0) return io_error(path, "cannot open");
  if (!S_ISREG(info.st_mode)) return fail(Errc::io, "{}: not a regular file", path.string());
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return FileMap{};
  void* p = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (p == MAP_FAILED) return io_error(path, "cannot map");
  return FileMap{{p, [size](const void* q) { munmap(const_cast<void*>(q), size); }},
                 {static_cast<const std::byte*>(p), size}};
}

Result<std::string> read_file(const std::filesystem::path& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return io_error(path, "cannot open");
  std::string text;
  char buffer[65536];
  for (ssize_t n; (n = read(file.fd, buffer, sizeof buffer)) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "cannot read");
    text.append(buffer, static_cast<size_t>(n));
  }
  return text;
}

AtomicFile::AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& o) noexcept
    : path_(std::move(o.path_)), temporary_(std::move(o.temporary_)), fd_(std::exchange(o.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
  std::filesystem::path temporary = path;
  static std::atomic<u32> made{0};  // two writers of one name in one process have a temporary each
  temporary += fmt::format(".tmp{}-{}", getpid(), made.fetch_add(1));
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(temporary, "cannot create");
  return AtomicFile(path, std::move(temporary), fd);
}

Status AtomicFile::write(const void* data, i64 bytes) {
  for (const char* at = static_cast<const char*>(data); bytes > 0;) {
    const ssize_t n = ::write(fd_, at, static_cast<size_t>(bytes));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path_, "cannot write");
    at += n, bytes -= n;
  }
  return {};
}

Status AtomicFile::commit() {
  if (fsync(fd_) != 0) return io_error(path_, "cannot write");
  if (close(std::exchange(fd_, -1)) != 0) {
    const auto error = io_error(path_, "cannot write");
    unlink(temporary_.c_str());
    return error;
  }
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    const auto error = io_error(path_, "cannot rename into place");
    unlink(temporary_.c_str());
    return error;
  }
  return sync_folder(path_.has_parent_path() ? path_.parent_path() : ".");
}

Status write_file(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file = R1_TRY(AtomicFile::create(path));
  R1_TRY(file.write(content.data(), static_cast<i64>(content.size())));
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

// Two renames, for a folder cannot be renamed over another; if the second fails the first is taken back.
Status replace_folder(const fs::path& folder, const fs::path& by) {
  std::error_code code, ignored;
  fs::path old = folder;
  old += ".old.tmp";
  fs::remove_all(old, ignored);
  fs::rename(folder, old, code);
  const bool had = !code;
  if (code && code != std::errc::no_such_file_or_directory) return folder_error(folder, "cannot move aside", code);
  fs::rename(by, folder, code);
  if (code) {
    if (had) fs::rename(old, folder, ignored);
    return folder_error(folder, "cannot rename into place", code);
  }
  R1_TRY(sync_folder(folder.has_parent_path() ? folder.parent_path() : "."));
  fs::remove_all(old, ignored);
  return {};
}

}  // namespace

Status publish_folder(const fs::path& folder, const std::function<Status(const fs::path&)>& fill) {
  fs::path temporary = folder;
  temporary += ".tmp";
  std::error_code code, ignored;
  fs::remove_all(temporary, ignored);
  fs::create_directories(temporary, code);
  if (code) return folder_error(temporary, "cannot create", code);
  Status done = fill(temporary);
  if (done) done = sync_folder(temporary);
  if (done) done = replace_folder(folder, temporary);
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
