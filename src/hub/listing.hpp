// What a hub says is in a repository. Its answers are hostile: a name that could lead out of a folder, a size or a hash
// that is none, refuses the whole listing.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "hub/digest.hpp"

namespace r1 {

struct RemoteFile {
  std::string path;  // inside the repository; checked
  i64 size = -1;     // -1: not said
  HashKind kind = HashKind::git_blob;
  std::string hash;  // lower-case hex; empty: not said
};

struct Listing {
  std::string commit;  // 40 hex digits
  std::vector<RemoteFile> files;
};

// The answer to GET /api/models/REPO/revision/REV?blobs=true. `source` names it in errors.
Result<Listing> parse_listing(std::string_view json, const std::string& source);

// "ORG/NAME" or "NAME" as a hub may call a repository; never a path of its own.
Status check_repo(std::string_view repo);
// A branch, a tag, a commit, "refs/pr/1".
Status check_revision(std::string_view revision);
// A file's path in a repository: relative, no empty, "." or ".." parts, no backslashes or control characters.
Status check_path(std::string_view path, std::string_view source);
// "W/\"abc\"" → "abc".
std::string_view unquoted_etag(std::string_view etag);

}  // namespace r1
