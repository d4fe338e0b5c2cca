#include "hub/download.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

namespace r1 {
namespace {

struct ContentRange {
  i64 first, last;
  i64 total;  // -1 if the server sent "*"
};

// Parses a Content-Range: "bytes 200-1023/1024".
std::optional<ContentRange> content_range(std::string_view text) {
  ContentRange r{-1, -1, -1};
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return {};
  const char *at = text.data() + kUnit.size(), *end = text.data() + text.size();
  const auto number = [&](i64& value) {
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value < 0) return false;
    at = next;
    return true;
  };
  const auto sign = [&](char c) { return at != end && *at++ == c; };
  if (!number(r.first) || !sign('-') || !number(r.last) || !sign('/')) return {};
  if (at != end && *at == '*') return ++at == end ? std::optional(r) : std::nullopt;
  if (!number(r.total) || at != end) return {};
  return r;
}

}  // namespace

Download::Download(std::filesystem::path path, const RemoteFile& file, std::function<void(i64)> received, int fd)
    : path_(std::move(path)), file_(file), received_(std::move(received)), digest_(file.kind, file.size), fd_(fd) {}

Download::Download(Download&& o) noexcept
    : path_(std::move(o.path_)),
      file_(std::move(o.file_)),
      received_(std::move(o.received_)),
      digest_(std::move(o.digest_)),
      etag_(std::move(o.etag_)),
      position_(o.position_),
      farthest_(o.farthest_),
      last_farthest_(o.last_farthest_),
      whole_(o.whole_),
      mismatch_(o.mismatch_),
      restarts_(o.restarts_),
      fd_(std::exchange(o.fd_, -1)) {}

Download::~Download() {
  if (fd_ >= 0) close(fd_);
}

Result<Download> Download::open(const std::filesystem::path& partial, const RemoteFile& file,
                                std::function<void(i64)> received, const std::atomic<bool>* stop) {
  R1_CHECK(file.size >= 0 && is_hash(file.kind, file.hash), "{}: size and hash are not known", file.path);
  const int fd = ::open(partial.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return fail(Errc::io, "{}: cannot create: {}", partial.string(), std::strerror(errno));
  Download d(partial, file, std::move(received), fd);
  R1_TRY(d.take_over(stop));
  return d;
}

Status Download::take_over(const std::atomic<bool>* stop) {
  struct stat info;
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return fail(Errc::io, "{}: not a regular file", path_.string());
  if (info.st_size > file_.size) return empty();
  std::vector<std::byte> buffer(1 << 20);
  for (ssize_t n; (n = read(fd_, buffer.data(), buffer.size())) != 0;) {
    if (stop && *stop) return fail(Errc::interrupted, "interrupted");
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Errc::io, "{}: cannot read: {}", path_.string(), std::strerror(errno));
    digest_.add({buffer.data(), static_cast<size_t>(n)});
    position_ += n;
  }
  whole_ = position_ == 0;
  farthest_ = last_farthest_ = position_;
  if (received_) received_(position_);
  return {};
}

Status Download::empty() {
  if (ftruncate(fd_, 0) != 0 || lseek(fd_, 0, SEEK_SET) != 0)
    return fail(Errc::io, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  digest_ = Digest(file_.kind, file_.size);
  position_ = 0;
  whole_ = true;
  etag_.clear();
  if (received_) received_(0);
  return {};
}

std::vector<std::string> Download::headers() const {
  if (position_ == 0) return {};
  std::vector<std::string> lines{fmt::format("Range: bytes={}-", position_)};
  if (!etag_.empty()) lines.push_back("If-Range: " + etag_);
  return lines;
}

HttpBody Download::body() {
  mismatch_ = false;
  return {[this](const HttpAnswer& a) { return begin(a); },
          [this](std::span<const std::byte> bytes) { return write(bytes); }};
}

Status Download::begin(const HttpAnswer& a) {
  if (const std::string* linked = find_header(a.own, "x-linked-etag"); linked && unquoted_etag(*linked) != file_.hash)
    return fail(Errc::corrupt, "{}: the hub now says its hash is {}, its listing said {}", file_.path,
                unquoted_etag(*linked).substr(0, 80), file_.hash);
  if (a.status == 206) {
    const std::string* text = find_header(a.headers, "content-range");
    const auto range = content_range(text ? *text : "");
    const std::string* etag = find_header(a.headers, "etag");
    const bool fits = range && (range->total < 0 || range->total == file_.size) && range->first == position_ &&
                      range->last == file_.size - 1;
    const bool same = etag_.empty() || !etag || *etag == etag_;
    if (fits && same && etag && etag->starts_with('"'))
      etag_ = *etag;  // a weak ETag does not identify bytes, so it cannot guard a range
    if (fits && same) return {};
    mismatch_ = true;
    if (!same)
      return fail(Errc::corrupt, "{}: its ETag was {} and is now {}", file_.path, etag_.substr(0, 80),
                  etag->substr(0, 80));
    return fail(Errc::corrupt, "{}: asked for bytes {}-{}/{}, got {}", file_.path, position_, file_.size - 1,
                file_.size, text ? text->substr(0, 80) : "no Content-Range");
  }
  if (a.status != 200) return fail(Errc::corrupt, "{}: status {}", a.url, a.status);
  i64 length = -1;
  if (const std::string* text = find_header(a.headers, "content-length"))
    std::from_chars(text->data(), text->data() + text->size(), length);
  if (length >= 0 && length != file_.size)
    return fail(Errc::corrupt, "{}: {} bytes, but its listing says {}", a.url, length, file_.size);
  if (position_ > 0)
    R1_TRY(empty());  // the answer starts at byte 0: the server knows no ranges, or the file has changed
  const std::string* etag = find_header(a.headers, "etag");
  etag_ = etag && etag->starts_with('"') ? *etag : "";
  return {};
}

Status Download::write(std::span<const std::byte> bytes) {
  if (static_cast<i64>(bytes.size()) > file_.size - position_)
    return fail(Errc::corrupt, "{}: more than the {} bytes that its listing says", file_.path, file_.size);
  for (std::span<const std::byte> rest = bytes; !rest.empty();) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Errc::io, "{}: cannot write: {}", path_.string(), std::strerror(errno));
    digest_.add(rest.first(n));
    position_ += n;
    rest = rest.subspan(n);
  }
  farthest_ = std::max(farthest_, position_);
  if (received_) received_(position_);
  return {};
}

Result<Attempt> Download::ended(const HttpAnswer& answer) {
  if (complete()) return check();
  const bool progress = farthest_ > std::exchange(last_farthest_, farthest_);
  return Attempt{fmt::format("{}: {} at {} of {} bytes", answer.url,
                             answer.broken.empty() ? "the answer ended" : answer.broken, position_, file_.size),
                 progress,
                 {}};
}

Result<Attempt> Download::check() {
  const std::string hash = digest_.hex();
  if (hash == file_.hash) return Attempt::done();
  const bool all_new = whole_;
  R1_TRY(empty());
  const std::string why = fmt::format("{}: its {} is {}, should be {}", file_.path,
                                      file_.kind == HashKind::sha256 ? "SHA-256" : "git blob id", hash, file_.hash);
  if (all_new && restarts_ > 0)
    return fail(Errc::corrupt, "{}: what the server sends is not the file; nothing of it is kept", why);
  return start_over(why);
}

Result<Attempt> Download::start_over(const std::string& why) {
  if (++restarts_ > 2) return fail(Errc::corrupt, "{}: {}, again", file_.path, why);
  R1_TRY(empty());
  return Attempt{fmt::format("{}; from the start", why), false, {}};
}

Status Download::sync() {
  if (fsync(fd_) != 0) return fail(Errc::io, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  return {};
}

}  // namespace r1
