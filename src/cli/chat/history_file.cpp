#include "cli/chat/history_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "formats/json.hpp"

namespace r1 {
namespace {

tl::unexpected<Error> io_error(const std::filesystem::path& path, const char* doing) {
  return fail(Errc::io, "{}: {}: {}", path.string(), doing, std::strerror(errno));
}

// The open file. One program at a time holds its lock.
class LockedFile {
 public:
  LockedFile(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  ~LockedFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

std::string line_of(const std::string& text) { return dump(Json(text)) + "\n"; }

}  // namespace

Result<std::vector<std::string>> HistoryFile::load() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return std::vector<std::string>{};
  const LockedFile file(path_, O_RDWR);
  if (file.fd() < 0) return io_error(path_, "cannot open");
  std::string bytes;
  char buffer[1 << 14];
  for (ssize_t count; (count = ::read(file.fd(), buffer, sizeof buffer)) != 0;) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error(path_, "cannot read");
    bytes.append(buffer, static_cast<size_t>(count));
  }
  std::vector<std::string> texts;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    const auto text = parse_json(std::string_view(bytes).substr(begin, end - begin), "history");
    if (text && text->string()) texts.push_back(*text->string());
    begin = end + 1;
  }
  if (texts.size() <= kMostTexts) return texts;
  const bool is_long = texts.size() > 2 * kMostTexts;
  texts.erase(texts.begin(), texts.end() - kMostTexts);
  if (!is_long) return texts;
  std::string kept;
  for (const std::string& text : texts) kept += line_of(text);
  if (ftruncate(file.fd(), 0) != 0 || lseek(file.fd(), 0, SEEK_SET) != 0 || !write_all(file.fd(), kept))
    return io_error(path_, "cannot be shortened");
  return texts;
}

Status HistoryFile::append(const std::string& text) const {
  std::error_code error;
  const std::filesystem::path folder = path_.parent_path();
  if (!folder.empty() && std::filesystem::create_directories(folder, error))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  const LockedFile file(path_, O_WRONLY | O_APPEND | O_CREAT);
  if (file.fd() < 0) return io_error(path_, "cannot open");
  if (fchmod(file.fd(), 0600) != 0 || !write_all(file.fd(), line_of(text))) return io_error(path_, "cannot write");
  return {};
}

}  // namespace r1
