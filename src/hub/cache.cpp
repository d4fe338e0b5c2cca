#include "hub/cache.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/file.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> io_error(const fs::path& path, const char* doing, const std::error_code& code) {
  return fail(Errc::io, "{}: {}: {}", path.string(), doing, code.message());
}

Status make_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return io_error(path, "cannot create", code);
  return {};
}

std::string folder_name(std::string_view repo) {
  const size_t slash = repo.find('/');
  if (slash == repo.npos) return fmt::format("models--{}", repo);
  return fmt::format("models--{}--{}", repo.substr(0, slash), repo.substr(slash + 1));
}

}  // namespace

BlobLock::BlobLock(BlobLock&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
BlobLock::~BlobLock() {
  if (fd_ >= 0) close(fd_);
}

RepoCache::RepoCache(const fs::path& cache, std::string_view repo)
    : cache_(cache), folder_(cache / folder_name(repo)), locks_(cache / ".locks" / folder_name(repo)) {}

bool RepoCache::holds(const RemoteFile& file) const {
  std::error_code code;
  return fs::is_regular_file(blob(file), code) && static_cast<i64>(fs::file_size(blob(file), code)) == file.size &&
         !code;
}

i64 RepoCache::partial_bytes(const RemoteFile& file) const {
  std::error_code code;
  const auto bytes = fs::file_size(partial(file), code);
  return code ? 0 : std::min(static_cast<i64>(bytes), file.size);
}

Result<i64> RepoCache::free_bytes() const {
  std::error_code code;
  fs::path at = fs::absolute(cache_, code);
  while (!at.empty() && at != at.root_path() && !fs::exists(at, code)) at = at.parent_path();
  const fs::space_info space = fs::space(at, code);
  if (code) return io_error(at, "cannot tell the free space", code);
  return static_cast<i64>(std::min<std::uintmax_t>(space.available, INT64_MAX));
}

Status RepoCache::make_folders() const {
  R1_TRY(make_folder(folder_ / "blobs"));
  R1_TRY(make_folder(folder_ / "refs"));
  R1_TRY(make_folder(folder_ / "snapshots"));
  return make_folder(locks_);
}

Result<BlobLock> RepoCache::lock(const RemoteFile& file) const {
  const fs::path path = locks_ / (file.hash + ".lock");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return fail(Errc::io, "{}: cannot open: {}", path.string(), std::strerror(errno));
  BlobLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(Errc::io, "{}: another process is fetching it; wait for that one", file.path);
  return fail(Errc::io, "{}: cannot lock: {}", path.string(), std::strerror(errno));
}

Status RepoCache::publish(const RemoteFile& file) const {
  std::error_code code;
  fs::rename(partial(file), blob(file), code);
  if (code) return io_error(blob(file), "cannot rename into place", code);
  return sync_folder(folder_ / "blobs");
}

Status RepoCache::link(std::string_view commit, const RemoteFile& file) const {
  const fs::path root = snapshot(commit), path = root / file.path;
  R1_TRY(make_folder(root));
  fs::path at = root, up = "../..";
  std::error_code code;
  for (const fs::path& part : fs::path(file.path).parent_path()) {
    at /= part;
    up /= "..";
    if (fs::create_directory(at, code); code) return io_error(at, "cannot create", code);
    if (!fs::is_directory(fs::symlink_status(at, code)))
      return fail(Errc::corrupt, "{}: a link where a folder belongs; remove it", at.string());
  }
  const fs::path target = up / "blobs" / file.hash;
  if (fs::is_symlink(fs::symlink_status(path, code)) && fs::read_symlink(path, code) == target) return {};
  fs::path temporary = path;
  temporary += fmt::format(".tmp{}", getpid());
  fs::remove(temporary, code);
  fs::create_symlink(target, temporary, code);
  if (code) return io_error(temporary, "cannot link to its blob", code);
  fs::rename(temporary, path, code);
  if (code) {
    const auto error = io_error(path, "cannot rename into place", code);
    fs::remove(temporary, code);
    return error;
  }
  return {};
}

Status RepoCache::set_ref(std::string_view revision, std::string_view commit) const {
  if (revision == commit) return {};
  const fs::path path = folder_ / "refs" / revision;
  R1_TRY(make_folder(path.parent_path()));
  return write_file(path, commit);
}

}  // namespace r1
