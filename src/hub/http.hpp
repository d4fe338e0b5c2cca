// HTTP as fetching files needs it: one request at a time, its redirects followed one by one, so that the token goes to
// the endpoint's own host and nowhere else. libcurl stays in http.cpp; proxies are those of its environment variables.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

using Milliseconds = std::chrono::milliseconds;

struct HttpLimits {
  Milliseconds connect{20'000};
  Milliseconds stall{30'000};  // fewer than stall_bytes in so long: the transfer is given up
  i64 stall_bytes = 4096;
  int redirects = 8;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;  // names in lower case, in the order sent
const std::string* find_header(const HttpHeaders& headers, std::string_view name);  // the last of that name, or null

struct HttpAnswer {
  int status = 0;          // 0: there was no answer
  std::string url;         // that answered, without query
  bool elsewhere = false;  // not the endpoint's own host
  HttpHeaders headers;
  HttpHeaders own;  // of all of the endpoint's own answers on the way here, redirects included
  std::optional<Milliseconds> retry_after;
  std::string broken;  // why the transfer ended before the answer did; empty: the answer is whole
};

// What happens to the body of a 2xx answer; other bodies are dropped. An Error ends the transfer and is passed on.
struct HttpBody {
  std::function<Status(const HttpAnswer&)> begin;  // headers are there, no byte has been written yet
  std::function<Status(std::span<const std::byte>)> write;
};

class HttpClient {
 public:
  // `origin`: any URL of the host that may see the token. `stop` ends a transfer with Errc::interrupted; may be null.
  static Result<HttpClient> create(std::string origin, std::string token, HttpLimits limits,
                                   const std::atomic<bool>* stop);

  // What goes wrong on the wire is in the answer: it may be worth another try. Err: what no second try will change (an
  // endless redirect, one from https to http, a certificate), `body`'s refusal, an interrupt.
  Result<HttpAnswer> get(const std::string& url, const std::vector<std::string>& headers, const HttpBody& body);
  // A redirect to another host is not followed but answered.
  Result<HttpAnswer> head(const std::string& url);

  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Every byte that a path segment or a query value may not hold as %XX; with `keep` others stay ("/" of a path).
std::string url_encoded(std::string_view text, std::string_view keep = "");

}  // namespace r1
