// The download of one file: which bytes are there, which range to request next, and whether the bytes are the right
// ones.
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
  // Creates the partial file, or takes over an existing one, which is read once to compute its hash so far. Errors: a
  // link in its place.
  static Result<Download> open(const std::filesystem::path& partial, const RemoteFile& file,
                               std::function<void(i64)> received, const std::atomic<bool>* stop);
  Download(Download&& o) noexcept;
  ~Download();

  i64 position() const { return position_; }
  bool complete() const { return position_ == file_.size; }

  // Headers of the next request. They ask for the missing range on condition that the file has not changed.
  std::vector<std::string> headers() const;
  // The sink for the body of the answer, bound to this object. It refuses an answer of another length, or one that does
  // not continue at the current position, before the first byte is written.
  HttpBody body();
  // Whether the answer was refused for its range. A request from the start may succeed.
  bool mismatch() const { return mismatch_; }
  // To be called after a 2xx answer. Returns success if the file is complete and its hash right, else why another
  // attempt is needed.
  Result<Attempt> ended(const HttpAnswer& answer);
  // Checks the hash when all bytes are there. A wrong hash empties the file for another try. Errors: the hash is wrong
  // again, although the file was emptied before and all its bytes were fetched anew.
  Result<Attempt> check();
  // Empties the file for another try. Errors: this is the third time.
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
  std::string etag_;       // the ETag under which the server sent the bytes so far; empty: unknown
  i64 position_ = 0;       // bytes written and hashed
  i64 farthest_ = 0;       // the largest value of position_; only bytes beyond it count as progress
  i64 last_farthest_ = 0;  // the value of farthest_ when the last attempt ended
  bool whole_ = true;      // every byte was fetched by this object, none was taken over
  bool mismatch_ = false;
  int restarts_ = 0;
  int fd_ = -1;
};

}  // namespace r1
