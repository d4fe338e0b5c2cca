#include "hub/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "core/text.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;

constexpr i64 kMaxHeaderBytes = 256 << 10;
constexpr i64 kMaxRefused = 64 << 10;  // bytes of a refusal's body that are read before the connection is closed

template <class T, void (*free)(T*)>
struct Free {
  void operator()(T* p) const { free(p); }
};
using Easy = std::unique_ptr<CURL, Free<CURL, curl_easy_cleanup>>;
using Url = std::unique_ptr<CURLU, Free<CURLU, curl_url_cleanup>>;
using List = std::unique_ptr<curl_slist, Free<curl_slist, curl_slist_free_all>>;
struct FreeMulti {
  void operator()(CURLM* m) const { curl_multi_cleanup(m); }
};
using Multi = std::unique_ptr<CURLM, FreeMulti>;

struct Origin {
  std::string scheme, host, port;
  bool operator==(const Origin&) const = default;
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

std::optional<Origin> origin_of(const std::string& url) {
  const Url parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  Origin o{part_of(parsed.get(), CURLUPART_SCHEME), part_of(parsed.get(), CURLUPART_HOST),
           part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  o.host = lower_case(o.host);
  if (o.scheme != "http" && o.scheme != "https") return {};
  return o;
}

// The target of a redirect, whose Location may be relative. Empty if there is none.
std::string redirect_of(const HttpAnswer& answer, const std::string& url) {
  const std::string* location = find_header(answer.headers, "location");
  if (answer.status < 300 || answer.status > 399 || !location) return "";
  const Url to(curl_url());
  curl_url_set(to.get(), CURLUPART_URL, url.c_str(), 0);
  if (curl_url_set(to.get(), CURLUPART_URL, location->c_str(), CURLU_URLENCODE) != CURLUE_OK) return "?";
  return part_of(to.get(), CURLUPART_URL);
}

// The address for use in messages: without the query, which holds secrets in signed addresses, and without a password.
std::string shown(const std::string& url) {
  const Url parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "an address that cannot be read";
  for (const CURLUPart secret : {CURLUPART_QUERY, CURLUPART_FRAGMENT, CURLUPART_USER, CURLUPART_PASSWORD})
    curl_url_set(parsed.get(), secret, nullptr, 0);
  return part_of(parsed.get(), CURLUPART_URL);
}

// An answer while it is being received.
struct Transfer {
  HttpAnswer answer;
  const HttpBody* body = nullptr;
  std::optional<Error> refusal;  // the error of `body`, or ours
  bool begun = false;            // the body has begun, so further header lines are trailers
  bool closed = false;           // we closed the connection, so errors after that do not matter
  i64 header_bytes = 0, received = 0;
  char reason[CURL_ERROR_SIZE] = "";  // why libcurl gave up, more exactly than by its code

  bool fine() const { return answer.status >= 200 && answer.status < 300; }
  bool begin() {
    begun = true;
    if (Status s = body->begin ? body->begin(answer) : Status(); !s) refusal = std::move(s).error();
    return !refusal;
  }
};

size_t on_header(char* data, size_t size, size_t n, void* to) {
  Transfer& t = *static_cast<Transfer*>(to);
  const std::string_view line(data, size * n);
  t.header_bytes += static_cast<i64>(line.size());
  t.received += static_cast<i64>(line.size());
  if (t.header_bytes > kMaxHeaderBytes) {
    t.refusal = Error{Errc::corrupt, fmt::format("{}: headers of more than {} bytes", t.answer.url, kMaxHeaderBytes)};
    return 0;
  }
  if (t.begun) return line.size();
  if (line.starts_with("HTTP/")) {  // a status line begins a new answer; an answer 100 may come before the real one
    t.answer.headers.clear();
    const size_t space = std::min(line.find(' '), line.size() - 1);
    std::from_chars(line.data() + space + 1, line.data() + line.size(), t.answer.status);
  } else if (const size_t colon = line.find(':'); colon != line.npos) {
    t.answer.headers.emplace_back(lower_case(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

size_t on_body(char* data, size_t size, size_t n, void* to) {
  Transfer& t = *static_cast<Transfer*>(to);
  const size_t bytes = size * n;
  t.received += static_cast<i64>(bytes);
  if (!t.fine() || !t.body) {
    std::string& kept = t.answer.refused_body;
    t.closed = std::ssize(kept) + static_cast<i64>(bytes) > kMaxRefused;
    kept.append(data, std::min<size_t>(bytes, kMaxRefused - kept.size()));
    return t.closed ? 0 : bytes;
  }
  if (!t.begun && !t.begin()) return 0;
  if (Status s = t.body->write({reinterpret_cast<const std::byte*>(data), bytes}); !s) {
    t.refusal = std::move(s).error();
    return 0;
  }
  return bytes;
}

bool never_better(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_OUT_OF_MEMORY: return true;
    default: return false;
  }
}

bool no_connection(CURLcode code) {
  return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT;
}

// Finds the certificates where other tools look for them.
const char* certificates() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"})
    if (const char* file = std::getenv(name); file && *file) return file;
  return nullptr;
}

}  // namespace

const std::string* find_header(const HttpHeaders& headers, std::string_view name) {
  const auto at = std::find_if(headers.rbegin(), headers.rend(), [&](const auto& h) { return h.first == name; });
  return at == headers.rend() ? nullptr : &at->second;
}

std::string url_encoded(std::string_view text, std::string_view keep) {
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain || keep.find(static_cast<char>(c)) != keep.npos) out += static_cast<char>(c);
    else out += fmt::format("%{:02X}", c);
  }
  return out;
}

struct HttpClient::State {
  Easy easy;
  Multi multi;
  Origin origin;
  std::string token;
  HttpLimits limits;
  const std::atomic<bool>* stop = nullptr;

  enum class Redirects { anywhere, own_host, none };
  // Without `body` only the headers are asked for.
  Result<HttpAnswer> request(std::string url, const std::vector<std::string>& headers, const HttpBody* body,
                             Redirects follow, const std::string* sent = nullptr);
  Result<std::string> hop(const std::string& url, const std::vector<std::string>& headers, Transfer& t);
  Result<std::string> perform(Transfer& t);
};

// Drives the transfer to its end. Returns why it broke, or an empty text. Checks ten times a second for an interrupt
// and for a stall.
Result<std::string> HttpClient::State::perform(Transfer& t) {
  Clock::time_point window = Clock::now();
  i64 before = 0;
  for (int running = 1;;) {
    if (stop && *stop) return fail(Errc::interrupted, "interrupted");
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) return std::string("libcurl failed");
    if (!running) break;
    if (Clock::now() - window > limits.stall) {
      if (t.received - before < limits.stall_bytes)
        return fmt::format("stalled: {} bytes in {:.3g} s", t.received - before,
                           static_cast<double>(limits.stall.count()) / 1000);
      window = Clock::now(), before = t.received;
    }
    curl_multi_poll(multi.get(), nullptr, 0, 100, nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi.get(), &left);
  const CURLcode code = message ? message->data.result : CURLE_OK;
  if (t.refusal) return tl::unexpected(*t.refusal);
  if (code == CURLE_OK || t.closed) return std::string();
  const std::string why = t.reason[0] ? t.reason : curl_easy_strerror(code);
  if (never_better(code)) return fail(Errc::io, "{}: {}", t.answer.url, why);
  t.answer.unreachable = no_connection(code);
  return why;
}

// Makes one request and receives its answer. Returns the target if the answer is a redirect.
Result<std::string> HttpClient::State::hop(const std::string& url, const std::vector<std::string>& headers,
                                           Transfer& t) {
  CURL* c = easy.get();
  curl_slist* lines = curl_slist_append(nullptr, "Accept-Encoding: identity");
  for (const std::string& h : headers) lines = curl_slist_append(lines, h.c_str());
  const auto target = origin_of(url);
  if (!token.empty() && target == origin) lines = curl_slist_append(lines, ("Authorization: Bearer " + token).c_str());
  const List keep(lines);
  t.answer.url = shown(url);
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, lines);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t.reason);

  const bool added = curl_multi_add_handle(multi.get(), c) == CURLM_OK;
  Result<std::string> ended = added ? perform(t) : fail(Errc::io, "{}: libcurl failed", t.answer.url);
  curl_off_t wait = 0;
  curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait);
  if (added) curl_multi_remove_handle(multi.get(), c);
  // The handle outlives `t`, and libcurl may still write to the buffer.
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, nullptr);
  t.answer.broken = R1_TRY(std::move(ended));
  if (wait > 0) t.answer.retry_after = std::chrono::seconds(std::min<curl_off_t>(wait, 1'000'000));
  t.answer.elsewhere = target != origin;
  if (!t.answer.elsewhere) t.answer.own.insert(t.answer.own.end(), t.answer.headers.begin(), t.answer.headers.end());
  return redirect_of(t.answer, url);
}

Result<HttpAnswer> HttpClient::State::request(std::string url, const std::vector<std::string>& headers,
                                              const HttpBody* body, Redirects follow, const std::string* sent) {
  curl_easy_setopt(easy.get(), CURLOPT_NOBODY, body ? 0L : 1L);
  if (body) curl_easy_setopt(easy.get(), CURLOPT_HTTPGET, 1L);
  if (sent) {
    curl_easy_setopt(easy.get(), CURLOPT_POST, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, sent->data());
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sent->size()));
  }
  HttpHeaders own;
  const std::string first = shown(url);
  for (int hops = 0;; ++hops) {
    if (hops > limits.redirects)
      return fail(Errc::corrupt, "{}: redirected more than {} times", first, limits.redirects);
    const auto from = origin_of(url);
    if (!from) return fail(Errc::invalid_argument, "{}: no http or https address", shown(url));
    Transfer t;
    t.body = body;
    t.answer.own = own;
    const std::string to = R1_TRY(hop(url, headers, t));
    own = t.answer.own;
    const auto there = to.empty() ? std::nullopt : origin_of(to);
    if (to.empty() || !t.answer.broken.empty() || follow == Redirects::none ||
        (follow == Redirects::own_host && there != origin)) {
      if (t.fine() && body && t.answer.broken.empty() && !t.begun && !t.begin()) return tl::unexpected(*t.refusal);
      return std::move(t.answer);
    }
    if (!there) return fail(Errc::corrupt, "{}: redirected to what is no http or https address", shown(url));
    if (from->scheme == "https" && there->scheme != "https")
      return fail(Errc::corrupt, "{}: redirected to {}, which is not encrypted", shown(url), shown(to));
    url = to;
  }
}

Result<HttpClient> HttpClient::create(std::string origin, std::string token, HttpLimits limits,
                                      const std::atomic<bool>* stop) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto state = std::make_unique<State>();
  state->easy.reset(curl_easy_init());
  state->multi.reset(curl_multi_init());
  if (started != CURLE_OK || !state->easy || !state->multi) return fail(Errc::io, "libcurl cannot be started");
  const auto parsed = origin_of(origin);
  if (!parsed) return fail(Errc::invalid_argument, "{}: no http or https address", origin);
  state->origin = *parsed;
  state->token = std::move(token);
  state->limits = limits;
  state->stop = stop;
  CURL* c = state->easy.get();
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "r1/" R1_VERSION);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 512L << 10);
  curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  if (limits.direct) curl_easy_setopt(c, CURLOPT_PROXY, "");
  if (const char* file = certificates()) curl_easy_setopt(c, CURLOPT_CAINFO, file);
  return HttpClient(std::move(state));
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::get(const std::string& url, const std::vector<std::string>& headers,
                                   const HttpBody& body) {
  return state_->request(url, headers, &body, State::Redirects::anywhere);
}

Result<HttpAnswer> HttpClient::head(const std::string& url) {
  return state_->request(url, {}, nullptr, State::Redirects::own_host);
}

Result<HttpAnswer> HttpClient::request(const std::string& url, const std::vector<std::string>& headers,
                                       const std::string* sent, const HttpBody& body) {
  return state_->request(url, headers, &body, State::Redirects::none, sent);
}

}  // namespace r1
