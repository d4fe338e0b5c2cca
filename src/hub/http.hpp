// HTTP for fetching files and for asking an API, one request at a time. Redirects are followed one by one, so that the
// token goes to the endpoint's own host and nowhere else. Only http.cpp sees libcurl. Proxies come from libcurl's
// environment variables.
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
  Milliseconds stall{30'000};  // a transfer that brings fewer than stall_bytes in this time is given up
  i64 stall_bytes = 4096;
  int redirects = 8;
  bool direct = false;  // use no proxy, whatever the environment says
};

// Names are in lower case; the order is the server's.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;
// The last header of that name, or null.
const std::string* find_header(const HttpHeaders& headers, std::string_view name);

struct HttpAnswer {
  int status = 0;          // 0 if there was no answer
  std::string url;         // the address that answered, without its query
  bool elsewhere = false;  // the answer came from another host than the endpoint's
  HttpHeaders headers;
  HttpHeaders own;  // the headers of all answers from the endpoint's own host, redirects included
  std::optional<Milliseconds> retry_after;
  bool unreachable = false;  // there was no connection: the host has no address, or takes no connection at the port
  std::string broken;        // why the transfer ended too early; empty if the answer is complete
  std::string refused_body;  // the body of an answer that is not 2xx, at most its first 64 KiB
};

// Receives the body of a 2xx answer. An Error of either function ends the transfer, and the
// request returns it.
struct HttpBody {
  std::function<Status(const HttpAnswer&)> begin;  // called when the headers are complete, before the first byte
  std::function<Status(std::span<const std::byte>)> write;
};

class HttpClient {
 public:
  // `origin` is any URL of the host that may see the token. Raising `stop` ends a transfer with Errc::interrupted; it
  // may be null.
  static Result<HttpClient> create(std::string origin, std::string token, HttpLimits limits,
                                   const std::atomic<bool>* stop);

  // A failure of the network is reported in the answer, because another try may succeed.
  // Errors: a failure that another try would repeat (endless redirects, a redirect from https to http, a bad
  // certificate), an error of `body`, an interrupt.
  Result<HttpAnswer> get(const std::string& url, const std::vector<std::string>& headers, const HttpBody& body);
  // Returns a redirect to another host as the answer and does not follow it.
  Result<HttpAnswer> head(const std::string& url);
  // Posts `sent`, or gets if it is null. Returns every redirect as the answer: what is posted goes to `url` alone.
  Result<HttpAnswer> request(const std::string& url, const std::vector<std::string>& headers, const std::string* sent,
                             const HttpBody& body);

  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Writes every byte that a path segment or a query value may not contain as %XX. Bytes in `keep` stay as they are ("/"
// in a path).
std::string url_encoded(std::string_view text, std::string_view keep = "");

}  // namespace r1
