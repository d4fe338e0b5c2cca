// For tests: a small HTTP client over loopback that sends exactly the bytes it is given.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/text.hpp"
#include "serve/http.hpp"

namespace r1 {

struct TestAnswer {
  int status = 0;                             // 0: the connection ended before an answer
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;                           // without the chunks' lengths
  bool complete = false;
};

class TestClient {
 public:
  explicit TestClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<u16>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~TestClient() { leave(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  int socket() const { return socket_; }
  void leave() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  void close_sending() { shutdown(socket_, SHUT_WR); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }

  // Reads one answer. Gives up if nothing comes for a minute.
  TestAnswer read(bool head_only = false) {
    TestAnswer answer;
    const size_t head = read_until("\r\n\r\n", 0);
    if (head == std::string::npos) return answer;
    parse_head(got_.substr(0, head), answer);
    got_.erase(0, head + 4);
    if (answer.status == 100) return read(head_only);
    if (head_only || answer.status == 204) {
      answer.complete = true;
    } else if (answer.fields.contains("transfer-encoding")) {
      answer.complete = read_chunks(answer.body);
    } else if (const auto length = answer.fields.find("content-length"); length != answer.fields.end()) {
      const size_t bytes = std::stoul(length->second);
      while (got_.size() < bytes && receive()) {
      }
      answer.complete = got_.size() >= bytes;
      answer.body = got_.substr(0, bytes);
      got_.erase(0, bytes);
    } else {
      while (receive()) {
      }
      answer.complete = true;
      answer.body = std::exchange(got_, {});
    }
    return answer;
  }

  // Reads until `text` has come; false if the connection ends before.
  bool read_text(std::string_view text) { return read_until(text, 0) != std::string::npos; }
  bool has_read(std::string_view text) const { return got_.find(text) != got_.npos; }
  // Whether the server has ended the connection. Waits for a minute at most.
  bool ended() {
    while (receive()) {
    }
    return ended_;
  }

 private:
  bool receive() {
    pollfd file{socket_, POLLIN, 0};
    if (poll(&file, 1, 60'000) != 1) return false;
    char bytes[65536];
    const ssize_t n = recv(socket_, bytes, sizeof(bytes), 0);
    ended_ = n <= 0;
    if (n > 0) got_.append(bytes, static_cast<size_t>(n));
    return n > 0;
  }
  size_t read_until(std::string_view mark, size_t from) {
    for (;;) {
      const size_t at = got_.find(mark, from);
      if (at != got_.npos || !receive()) return at;
    }
  }
  static void parse_head(const std::string& head, TestAnswer& answer) {
    answer.status = std::atoi(head.c_str() + std::string_view("HTTP/1.1 ").size());
    for (size_t begin = head.find("\r\n"); begin != head.npos;) {
      begin += 2;
      const size_t end = std::min(head.find("\r\n", begin), head.size()), colon = head.find(": ", begin);
      answer.fields[lower_case(head.substr(begin, colon - begin))] = head.substr(colon + 2, end - colon - 2);
      begin = head.find("\r\n", begin);
    }
  }
  bool read_chunks(std::string& body) {
    for (;;) {
      const size_t line = read_until("\r\n", 0);
      if (line == std::string::npos) return false;
      const size_t bytes = std::stoul(got_, nullptr, 16), need = line + 2 + bytes + 2;
      while (got_.size() < need)
        if (!receive()) return false;
      body += got_.substr(line + 2, bytes);
      got_.erase(0, need);
      if (bytes == 0) return true;
    }
  }

  int socket_;
  bool connected_ = false, ended_ = false;
  std::string got_;
};

inline std::string get_text(std::string_view path, std::string_view fields = {}) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, fields);
}
inline std::string post_text(std::string_view path, std::string_view body, std::string_view fields = {}) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", path,
      body.size(), fields, body);
}

}  // namespace r1
