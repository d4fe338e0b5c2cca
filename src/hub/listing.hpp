// A hub's listing of a repository. The listing is untrusted: a path that could lead out of a folder, or a malformed
// size or hash, makes the whole listing an error.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "hub/digest.hpp"

namespace r1 {

struct RemoteFile {
  std::string path;  // path inside the repository, checked by valid_path
  i64 size = -1;     // -1 if the listing does not say
  HashKind kind = HashKind::git_blob;
  std::string hash;  // lower-case hexadecimal digits; empty if the listing does not say
};

struct Listing {
  std::string commit;  // 40 hexadecimal digits
  std::vector<RemoteFile> files;
};

// Parses the answer to GET /api/models/REPO/revision/REV?blobs=true. `source` names the answer in errors.
Result<Listing> parse_listing(std::string_view json, const std::string& source);

// Says whether `repo` is "ORG/NAME" or "NAME" as a hub may name a repository. Such a name is never a path with dots or
// a root.
Status check_repo(std::string_view repo);
// Says whether `revision` may be a branch, a tag, a commit or "refs/pr/1".
Status check_revision(std::string_view revision);
// Says whether `path` may name a file in a repository: relative, without empty, "." or ".." parts, without backslashes
// or control characters.
Status check_path(std::string_view path, std::string_view source);
// "W/\"abc\"" → "abc".
std::string_view unquoted_etag(std::string_view etag);

}  // namespace r1
