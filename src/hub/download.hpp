// One file on its way: what is there, what to ask for next, and whether what came is what was meant.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hub/digest.hpp"
#include "hub/http.hpp"
#include "hub/listing.hpp"
#include "hub/retry.hpp"

namespace r1 {

class Download {
 public:
  // The partial file, created or taken over: then it is read once, for its hash. A link in its place is refused.
  static Result<Download> open(const std::filesystem::path& partial, const RemoteFile& file,
                               std::function<void(i64)> received, const std::atomic<bool>* stop);
  Download(Download&& o) noexcept;
  ~Download();

  i64 position() const { return position_; }
  bool complete() const { return position_ == file_.size; }

  // Of the next request: the range that is missing, if the file has not changed meanwhile.
  std::vector<std::string> headers() const;
  // Bound to this object. An answer of another length, or that does not go on from here, is refused before its first
  // byte.
  HttpBody body();
  bool mismatch() const { return mismatch_; }  // it was refused for its range: from the start it may be right
  // After a 2xx answer: done, or why to try again.
  Result<Attempt> ended(const HttpAnswer& answer);
  // All bytes are there: is the hash? A wrong one empties the file; one that is wrong again, with all bytes new, is an
  // Err.
  Result<Attempt> check();
  // Empties the file; the second time without any progress between is an Err.
  Result<Attempt> start_over(const std::string& why);
  Status sync();

 private:
  Download(std::filesystem::path path, const RemoteFile& file, std::function<void(i64)> received, int fd);
  Status take_over(const std::atomic<bool>* stop);
  Status empty();
  Status begin(const HttpAnswer& answer);
  Status write(std::span<const std::byte> bytes);

  std::filesystem::path path_;
  RemoteFile file_;
  std::function<void(i64)> received_;
  Digest digest_;
  std::string etag_;       // of the server that sent the bytes so far; empty: not known
  i64 position_ = 0;       // bytes written and hashed
  i64 farthest_ = 0;       // that position_ ever was: progress is what goes beyond
  i64 last_farthest_ = 0;  // when the last attempt ended
  bool whole_ = true;      // every byte came in this one go, none was taken over
  bool mismatch_ = false;
  int restarts_ = 0;
  int fd_ = -1;
};

}  // namespace r1
