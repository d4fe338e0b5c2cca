#include "hub/hub.hpp"

#include <charconv>

#include "hub/download.hpp"

namespace r1 {
namespace {

constexpr i64 kMaxAnswer = 16 << 20;  // the largest answer of the API that is read, enough for some 60,000 files
constexpr i64 kMaxFile = i64{1} << 50;

// X-Error-Message is the hub's message for users. It is shown on a terminal, so control characters are removed.
std::string said(const HttpAnswer& answer) {
  const std::string* message = find_header(answer.headers, "x-error-message");
  std::string text;
  if (message)
    for (const unsigned char c : message->substr(0, 200)) text += c < ' ' || c == 0x7f ? '?' : static_cast<char>(c);
  return text.empty() ? "" : fmt::format(" ({})", text);
}

i64 number_of(const std::string* text) {
  i64 value = -1;
  if (!text) return -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc() && end == text->data() + text->size() && value >= 0 ? value : -1;
}

}  // namespace

Result<Hub> Hub::open(const HubSettings& settings, HubOptions options) {
  HttpClient client = R1_TRY(HttpClient::create(settings.endpoint, settings.token, options.limits, options.stop));
  return Hub(settings, std::move(options), std::move(client));
}

std::string Hub::file_url(std::string_view repo, std::string_view commit, std::string_view path) const {
  return fmt::format("{}/{}/resolve/{}/{}", settings_.endpoint, repo, url_encoded(commit), url_encoded(path, "/"));
}

Result<Attempt> Hub::refusal(const HttpAnswer& a) const {
  if (a.status == 0) return Attempt{fmt::format("{}: {}", a.url, a.broken), false, {}};
  const std::string what = fmt::format("{}: status {}{}", a.url, a.status, said(a));
  const std::string* code = find_header(a.headers, "x-error-code");
  const bool gated = code && *code == "GatedRepo";
  if (a.elsewhere)
    return Attempt{what, false, a.retry_after};  // the address that the hub redirected to may have expired
  switch (a.status) {
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: return Attempt{what, false, a.retry_after};
    case 401:
    case 403:
      if (gated)
        return fail(Errc::io, "{}: accept its licence on the hub's page, then set HF_TOKEN to your token", what);
      if (settings_.token.empty())
        return fail(Errc::io, "{}: no such repository, or it is not public: set HF_TOKEN", what);
      return fail(Errc::io, "{}: your token is not allowed to read it", what);
    case 404: return fail(Errc::io, "{}: no such repository, revision or file", what);
    default: return fail(Errc::io, "{}", what);
  }
}

Result<std::string> Hub::text(const std::string& url) {
  std::string out;
  const HttpBody body{[&](const HttpAnswer&) { return out.clear(), Status(); },
                      [&](std::span<const std::byte> bytes) -> Status {
                        if (out.size() + bytes.size() > kMaxAnswer)
                          return fail(Errc::corrupt, "{}: an answer of more than {} bytes", url, kMaxAnswer);
                        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                        return {};
                      }};
  R1_TRY(with_retries(options_.retries, "cannot list", options_.notice, options_.stop, [&]() -> Result<Attempt> {
    const HttpAnswer a = R1_TRY(client_.get(url, {}, body));
    // The listing is the first request: waiting does not help a machine that is not connected at all.
    if (a.unreachable)
      return fail(Errc::io,
                  "{}: {}: is this machine connected? Behind a proxy set https_proxy, for a mirror of the hub "
                  "HF_ENDPOINT (it is {})",
                  a.url, a.broken, settings_.endpoint);
    if (a.status < 200 || a.status > 299) return refusal(a);
    if (!a.broken.empty()) return Attempt{fmt::format("{}: {}", a.url, a.broken), false, {}};
    return Attempt::done();
  }));
  return out;
}

Result<Listing> Hub::list(std::string_view repo, std::string_view revision) {
  R1_TRY(check_repo(repo));
  R1_TRY(check_revision(revision));
  const std::string url = fmt::format("{}/api/models/{}/revision/{}", settings_.endpoint, repo, url_encoded(revision));
  return parse_listing(R1_TRY(text(url + "?blobs=true")), url);
}

Status Hub::describe(std::string_view repo, std::string_view commit, RemoteFile& file) {
  const std::string url = file_url(repo, commit, file.path);
  return with_retries(options_.retries, file.path, options_.notice, options_.stop, [&]() -> Result<Attempt> {
    const HttpAnswer a = R1_TRY(client_.head(url));
    if (a.status < 200 || a.status > 399) return refusal(a);
    const std::string* linked = find_header(a.own, "x-linked-etag");
    const std::string* etag = linked ? linked : find_header(a.own, "etag");
    const std::string hash(etag ? unquoted_etag(*etag) : "");
    const i64 size = number_of(find_header(a.own, linked ? "x-linked-size" : "content-length"));
    file.kind = is_hash(HashKind::sha256, hash) ? HashKind::sha256 : HashKind::git_blob;
    if (!is_hash(file.kind, hash) || size < 0 || size > kMaxFile)
      return fail(Errc::corrupt, "{}: the hub says no size and hash of it: it could not be checked", url);
    if (file.size >= 0 && file.size != size)
      return fail(Errc::corrupt, "{}: size {}, but its listing says {}", url, size, file.size);
    file.hash = hash;
    file.size = size;
    return Attempt::done();
  });
}

Status Hub::fetch(std::string_view repo, std::string_view commit, const RemoteFile& file, const RepoCache& cache,
                  const std::function<void(i64)>& received) {
  const BlobLock lock = R1_TRY(cache.lock(file));
  if (cache.holds(file)) return {};
  Download download = R1_TRY(Download::open(cache.partial(file), file, received, options_.stop));
  const std::string url = file_url(repo, commit, file.path);
  R1_TRY(with_retries(options_.retries, file.path, options_.notice, options_.stop, [&]() -> Result<Attempt> {
    if (download.complete()) return download.check();
    const Result<HttpAnswer> a = client_.get(url, download.headers(), download.body());
    if (!a && download.mismatch()) return download.start_over(a.error().what);
    if (!a) return tl::unexpected(a.error());
    if (a->status == 416 && download.position() > 0) return download.start_over(fmt::format("{}: status 416", a->url));
    if (a->status < 200 || a->status > 299) return refusal(*a);
    return download.ended(*a);
  }));
  R1_TRY(download.sync());
  return cache.publish(file);
}

}  // namespace r1
