// For tests: an HTTP server on 127.0.0.1 whose answers a test writes byte by byte, and a well-behaved hub built on it.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/philox.hpp"
#include "core/text.hpp"
#include "formats/json.hpp"
#include "hub/digest.hpp"
#include "hub/http.hpp"

namespace r1 {

struct TestRequest {
  std::string method, path;  // without the query
  HttpHeaders headers;
  std::string body;
  const std::string* header(std::string_view name) const { return find_header(headers, name); }
  // N of the header "Range: bytes=N-"; 0 without the header.
  i64 range() const {
    const std::string* range = header("range");
    return range ? std::stoll(range->substr(6)) : 0;
  }
};

class TestConnection {
 public:
  explicit TestConnection(int fd) : fd_(fd) {}
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(n);
    }
  }
  // Sends the status line, headers ("Name: value" lines) and an empty line. The connection closes after every answer.
  void head(int status, const std::vector<std::string>& headers = {}) {
    std::string text = fmt::format("HTTP/1.1 {} Status\r\nConnection: close\r\n", status);
    for (const std::string& h : headers) text += h + "\r\n";
    send(text + "\r\n");
  }
  void answer(int status, std::string_view body, std::vector<std::string> headers = {}) {
    headers.push_back(fmt::format("Content-Length: {}", body.size()));
    head(status, headers);
    send(body);
  }
  // Sends nothing more until the client gives up.
  void hang() {
    pollfd p{fd_, POLLRDHUP, 0};
    poll(&p, 1, 20'000);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

class TestServer {
 public:
  using Handler = std::function<void(const TestRequest&, TestConnection&)>;
  explicit TestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    R1_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&at), length) == 0 && listen(listener_, 64) == 0, "no port");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length);
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard guard(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& t : connections_) t.join();
  }

  int port() const { return port_; }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  std::vector<TestRequest> requests() const {
    const std::lock_guard guard(mutex_);
    return requests_;
  }
  // The number of requests for this path.
  i64 count(std::string_view path) const {
    const auto all = requests();
    return std::count_if(all.begin(), all.end(), [&](const TestRequest& r) { return r.path == path; });
  }

 private:
  void accept_all() {
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      const std::lock_guard guard(mutex_);
      open_.push_back(fd);
      connections_.emplace_back([this, fd] {
        if (const auto request = read_request(fd)) {
          {
            const std::lock_guard inner(mutex_);
            requests_.push_back(*request);
          }
          TestConnection connection(fd);
          handler_(*request, connection);
        }
        const std::lock_guard inner(mutex_);
        std::erase(open_, fd);
        close(fd);
      });
    }
  }
  static std::optional<TestRequest> read_request(int fd) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == text.npos) {
      const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) return {};
      text.append(buffer, n);
    }
    TestRequest r;
    const size_t space = text.find(' '), end = text.find(' ', space + 1);
    r.method = text.substr(0, space);
    r.path = text.substr(space + 1, end - space - 1);
    r.path = r.path.substr(0, r.path.find('?'));
    for (size_t at = text.find("\r\n") + 2; text.compare(at, 2, "\r\n") != 0;) {
      const size_t line_end = text.find("\r\n", at), colon = text.find(':', at);
      r.headers.emplace_back(lower_case(text.substr(at, colon - at)), text.substr(colon + 2, line_end - colon - 2));
      at = line_end + 2;
    }
    r.body = text.substr(text.find("\r\n\r\n") + 4);
    const std::string* length = r.header("content-length");
    for (const size_t wanted = length ? std::stoul(*length) : 0; r.body.size() < wanted;) {
      const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
      if (n <= 0) return {};
      r.body.append(buffer, n);
    }
    return r;
  }

  Handler handler_;
  int listener_ = -1, port_ = 0;
  mutable std::mutex mutex_;
  std::vector<int> open_;
  std::vector<TestRequest> requests_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

// Bytes without a pattern; the same seed gives the same bytes.
inline std::string test_bytes(i64 n, u64 seed = 1) {
  std::string bytes;
  Random random(seed, Purpose::test);
  while (static_cast<i64>(bytes.size()) < n) bytes += static_cast<char>(random.next_u32() & 0xff);
  return bytes;
}

inline std::string hash_of(HashKind kind, std::string_view bytes) {
  Digest digest(kind, static_cast<i64>(bytes.size()));
  digest.add(std::as_bytes(std::span(bytes)));
  return digest.hex();
}

// A handler that a test puts in front of the normal answers. It may be replaced while an answer is being sent.
class Mischief {
 public:
  using Function = std::function<bool(const TestRequest&, TestConnection&)>;  // returns true if it has answered
  void operator=(Function f) {
    const std::lock_guard guard(mutex_);
    function_ = std::move(f);
  }
  bool operator()(const TestRequest& r, TestConnection& c) const {
    Function now;
    {
      const std::lock_guard guard(mutex_);
      now = function_;
    }
    return now && now(r, c);
  }

 private:
  mutable std::mutex mutex_;
  Function function_;
};

// A hub with one repository. Files in `large` are LFS files: their address redirects to another path of the same
// server, as to a CDN. A test may put a misbehaving handler in front.
struct TestHub {
  static constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";
  std::string repo = "org/model";
  std::map<std::string, std::string> small, large;
  Mischief mischief;
  TestServer server{[this](const TestRequest& r, TestConnection& c) {
    if (!mischief(r, c)) answer(r, c);
  }};

  std::string api_path() const { return fmt::format("/api/models/{}/revision/main", repo); }
  std::string path_of(const std::string& file) const { return fmt::format("/{}/resolve/{}/{}", repo, kCommit, file); }
  static std::string cdn_path(const std::string& file) { return "/cdn/" + file; }

  Json listing() const {
    Json files = Json::array({});
    for (const auto& [path, bytes] : small)
      files.push(
          Json::object({{"rfilename", path}, {"size", bytes.size()}, {"blobId", hash_of(HashKind::git_blob, bytes)}}));
    for (const auto& [path, bytes] : large)
      files.push(Json::object(
          {{"rfilename", path},
           {"size", bytes.size()},
           {"blobId", std::string(40, 'f')},
           {"lfs", Json::object({{"sha256", hash_of(HashKind::sha256, bytes)}, {"size", bytes.size()}})}}));
    return Json::object({{"id", repo}, {"sha", kCommit}, {"siblings", files}});
  }

  void answer(const TestRequest& r, TestConnection& c) const {
    if (r.path == api_path()) return c.answer(200, dump(listing()));
    for (const auto& [path, bytes] : small)
      if (r.path == path_of(path)) return send_file(r, c, bytes, hash_of(HashKind::git_blob, bytes));
    for (const auto& [path, bytes] : large) {
      if (r.path == path_of(path))
        return c.answer(302, "",
                        {"Location: " + cdn_path(path), fmt::format("X-Linked-Size: {}", bytes.size()),
                         fmt::format("X-Linked-ETag: \"{}\"", hash_of(HashKind::sha256, bytes))});
      if (r.path == cdn_path(path)) return send_file(r, c, bytes, "cdn-" + path);
    }
    c.answer(404, "", {"X-Error-Code: EntryNotFound", "X-Error-Message: Entry not found"});
  }

  static void send_file(const TestRequest& r, TestConnection& c, std::string_view bytes, const std::string& etag) {
    const size_t at = static_cast<size_t>(r.range());
    std::vector<std::string> headers{fmt::format("ETag: \"{}\"", etag), "Accept-Ranges: bytes"};
    if (r.header("range"))
      headers.push_back(fmt::format("Content-Range: bytes {}-{}/{}", at, bytes.size() - 1, bytes.size()));
    headers.push_back(fmt::format("Content-Length: {}", bytes.size() - at));
    c.head(r.header("range") ? 206 : 200, headers);
    if (r.method != "HEAD") c.send(bytes.substr(at));
  }
};

}  // namespace r1
