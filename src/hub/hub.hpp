// A hub with Hugging Face's URL scheme: lists a repository and fetches its files.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "hub/cache.hpp"
#include "hub/http.hpp"
#include "hub/listing.hpp"
#include "hub/retry.hpp"
#include "hub/settings.hpp"

namespace r1 {

struct HubOptions {
  HttpLimits limits;
  RetryPolicy retries;
  Notice notice;                            // receives lines for a waiting user; may be empty
  const std::atomic<bool>* stop = nullptr;  // when raised, every call ends with Errc::interrupted
};

class Hub {
 public:
  static Result<Hub> open(const HubSettings& settings, HubOptions options);

  // GET ENDPOINT/api/models/REPO/revision/REVISION?blobs=true
  Result<Listing> list(std::string_view repo, std::string_view revision);
  // Asks for size and hash of a file by a HEAD request, if the listing lacks them.
  Status describe(std::string_view repo, std::string_view commit, RemoteFile& file);

  // Fetches ENDPOINT/REPO/resolve/COMMIT/PATH into `cache`. Continues where a partial file ends, checks length and
  // hash, and only then gives the blob its name. Calls `received` with the number of bytes that are there, a partial
  // file's included; the number may go down.
  // Errors: see http.hpp and retry.hpp, and a wrong hash. After all errors but a wrong hash, the partial file stays for
  // the next call.
  Status fetch(std::string_view repo, std::string_view commit, const RemoteFile& file, const RepoCache& cache,
               const std::function<void(i64)>& received);

 private:
  Hub(HubSettings settings, HubOptions options, HttpClient client)
      : settings_(std::move(settings)), options_(std::move(options)), client_(std::move(client)) {}
  std::string file_url(std::string_view repo, std::string_view commit, std::string_view path) const;
  Result<std::string> text(const std::string& url);
  // Decides about an answer that is not 2xx: it may be worth another try, or it is an Error that says what the user can
  // do.
  Result<Attempt> refusal(const HttpAnswer& answer) const;

  HubSettings settings_;
  HubOptions options_;
  HttpClient client_;
};

}  // namespace r1
