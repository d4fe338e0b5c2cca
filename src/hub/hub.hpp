// A hub with the Hugging Face URL scheme: what is in a repository, and its files' bytes.
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
  Notice notice;                            // what a person who waits may want to know; may be empty
  const std::atomic<bool>* stop = nullptr;  // raised: everything ends with Errc::interrupted
};

class Hub {
 public:
  static Result<Hub> open(const HubSettings& settings, HubOptions options);

  // GET ENDPOINT/api/models/REPO/revision/REVISION?blobs=true
  Result<Listing> list(std::string_view repo, std::string_view revision);
  // Size and hash of a file whose listing leaves them out: HEAD of its address.
  Status describe(std::string_view repo, std::string_view commit, RemoteFile& file);

  // Fetches ENDPOINT/REPO/resolve/COMMIT/PATH into `cache`: goes on where a partial file ends, checks length and hash,
  // and only then gives the blob its name. `received` is told how many bytes of the file are there, from the partial
  // file's on; it may go down. After any Err but a wrong hash the partial file stays, to go on from.
  Status fetch(std::string_view repo, std::string_view commit, const RemoteFile& file, const RepoCache& cache,
               const std::function<void(i64)>& received);

 private:
  Hub(HubSettings settings, HubOptions options, HttpClient client)
      : settings_(std::move(settings)), options_(std::move(options)), client_(std::move(client)) {}
  std::string file_url(std::string_view repo, std::string_view commit, std::string_view path) const;
  Result<std::string> text(const std::string& url);
  // What to make of an answer that is not 2xx: worth another try, or an Error that says what to do.
  Result<Attempt> refusal(const HttpAnswer& answer) const;

  HubSettings settings_;
  HubOptions options_;
  HttpClient client_;
};

}  // namespace r1
