// Requests and answers of HTTP as the rest of the server sees them. Only http_connection.cpp and http_server.cpp know
// the library that reads them from sockets.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

inline constexpr std::string_view kJsonType = "application/json; charset=utf-8";

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string id;            // 32 random hexadecimal digits
  std::string method, path;  // "POST", "/v1/models": without the query, doubled slashes and a slash at the end
  std::string query;         // what stands behind the question mark: "after=3"
  HttpFields fields;         // in the order received; names in lower case
  std::string body;
  bool keep_alive = true;
  bool http_1_0 = false;

  // The value of the first field of that name, which must be in lower case; null if there is none.
  const std::string* field(std::string_view name) const;
  i64 count(std::string_view name) const;
  // The value of that name in the query, as it stands there; nothing if there is none.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

struct HttpHead {
  int status = 200;
  std::string content_type;
  HttpFields fields{};  // in addition to those that every answer has
};

// What an answer can send now.
struct ReplyPart {
  std::optional<HttpHead> head{};  // set exactly once, with or before the first byte of the body
  std::string body{};
  bool end = false;
};

// An answer that becomes ready piece by piece. The connection makes all calls, one at a time, but not always on the
// same thread. It destroys the reply when everything is sent or the client has left; the reply then stops its work.
class Reply {
 public:
  virtual ~Reply() = default;
  // Called at the beginning and after every wake. May return a part that holds nothing.
  virtual ReplyPart next() = 0;
  // Asked before each next(): whether it may take so long that other connections should not wait for it. It then runs
  // on a thread that serves no connections.
  virtual bool is_slow() { return false; }
  // What to send if nothing was sent for a while; empty: nothing.
  virtual std::string keep_alive() { return {}; }
  // Called when the server shuts down. next() is then called once more and must return the end.
  virtual void shut_down() {}
};

// Tells a connection that its reply has more to send. May be called from any thread, and after the reply is gone.
using Wake = std::function<void()>;

// An answer that is complete.
std::unique_ptr<Reply> whole_reply(HttpHead head, std::string body);

// Answers requests. All functions may be called by several threads at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // A refusal that needs only the head of the request, before its body is read; null: read the body.
  virtual std::unique_ptr<Reply> refuse(const HttpRequest& head) = 0;
  virtual std::unique_ptr<Reply> answer(HttpRequest request, Wake wake) = 0;
  // The same as Reply::is_slow for answer(). Large bodies count as slow anyway.
  virtual bool is_slow(const HttpRequest&) const { return false; }
  // The answer to a request that cannot be read; the connection ends after it.
  virtual std::unique_ptr<Reply> fault(int status, std::string_view code, std::string_view message) = 0;
  // Header fields that every answer to this request gets.
  virtual HttpFields fields_for(const HttpRequest& head) = 0;
  // Called after the end of an answer. `status` is 0 if the client left before it had all of the answer. `bytes` is the
  // number of bytes sent, and `seconds` is how long the answer took.
  virtual void finished(const HttpRequest& head, int status, i64 bytes, double seconds) = 0;
};

// The path without the query, with each run of slashes as one slash and no slash at the end: "/v1/models".
std::string normal_path(std::string_view target);
// "2026-01-31T12:00:00Z" for seconds since 1970.
std::string utc_time(i64 seconds);

}  // namespace r1
