// One repository in the cache of Hugging Face's tools:
//   models--ORG--NAME/blobs/HASH              the bytes of a file, named by their hash; HASH.incomplete until all are
//                                             there
//                    /snapshots/COMMIT/PATH   relative links to blobs
//                    /refs/main               the commit that the branch pointed to
//   .locks/models--ORG--NAME/HASH.lock        held while a blob is fetched
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "hub/listing.hpp"

namespace r1 {

// A lock that one process holds at a time. The kernel releases it when the process ends, however it ends.
class BlobLock {
 public:
  BlobLock(BlobLock&& o) noexcept;
  BlobLock& operator=(BlobLock&&) = delete;
  ~BlobLock();

 private:
  friend class RepoCache;
  explicit BlobLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

class RepoCache {
 public:
  RepoCache(const std::filesystem::path& cache, std::string_view repo);

  std::filesystem::path blob(const RemoteFile& file) const { return folder_ / "blobs" / file.hash; }
  std::filesystem::path partial(const RemoteFile& file) const {
    return folder_ / "blobs" / (file.hash + ".incomplete");
  }
  std::filesystem::path snapshot(std::string_view commit) const { return folder_ / "snapshots" / commit; }

  // Says whether the file's blob is there and has the right size.
  bool holds(const RemoteFile& file) const;
  i64 partial_bytes(const RemoteFile& file) const;  // 0 if there is no partial file
  // Free bytes on the disk where the cache is or will be.
  Result<i64> free_bytes() const;

  Status make_folders() const;
  Result<BlobLock> lock(const RemoteFile& file) const;  // Errors: another process fetches the file
  Status publish(const RemoteFile& file) const;  // makes the partial file, which must be complete and checked, the blob
  // Links snapshots/COMMIT/PATH to the blob in one atomic step. Errors: a folder on the path is a link.
  Status link(std::string_view commit, const RemoteFile& file) const;
  Status set_ref(std::string_view revision, std::string_view commit) const;

 private:
  std::filesystem::path cache_, folder_, locks_;
};

}  // namespace r1
