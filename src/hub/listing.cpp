#include "hub/listing.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "formats/json.hpp"

namespace r1 {
namespace {

constexpr size_t kMaxFiles = 100'000;
constexpr size_t kMaxPath = 1024, kMaxPart = 255;
constexpr i64 kMaxBytes = i64{1} << 50;  // limit for one file and for all together: a petabyte

bool plain(unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; }

// The text for use in messages, without characters that a terminal would take for commands.
std::string printable(std::string_view text) {
  std::string out;
  for (const unsigned char c : text.substr(0, 200)) out += c < ' ' || c == 0x7f ? '?' : static_cast<char>(c);
  return out;
}

Result<RemoteFile> file_of(const Json& json, const std::string& source) {
  const JsonFields fields = R1_TRY(JsonFields::of(json, source));
  RemoteFile file;
  file.path = R1_TRY(fields.string("rfilename"));
  R1_TRY(check_path(file.path, source));
  const std::string where = fmt::format("{}: {}", source, file.path);
  const JsonFields named = R1_TRY(JsonFields::of(json, where));
  file.size = R1_TRY(named.integer_in("size", 0, kMaxBytes, -1));
  if (named.has("lfs")) {
    const JsonFields lfs = R1_TRY(named.object("lfs"));
    const i64 size = R1_TRY(lfs.integer_in("size", 0, kMaxBytes, file.size));
    if (file.size >= 0 && size != file.size)
      return fail(Errc::corrupt, "{}: size {}, but lfs.size {}", where, file.size, size);
    file.size = size;
    file.kind = HashKind::sha256;
    file.hash = R1_TRY(lfs.string("sha256", ""));
  } else {
    file.hash = R1_TRY(named.string("blobId", ""));
  }
  if (!file.hash.empty() && !is_hash(file.kind, file.hash))
    return fail(Errc::corrupt, "{}: \"{}\" is no {}", where, printable(file.hash),
                file.kind == HashKind::sha256 ? "SHA-256" : "git blob id");
  return file;
}

}  // namespace

Result<Listing> parse_listing(std::string_view json, const std::string& source) {
  const Json answer = R1_TRY(parse_json(json, source));
  const JsonFields fields = R1_TRY(JsonFields::of(answer, source));
  Listing listing;
  listing.commit = R1_TRY(fields.string("sha"));
  if (!is_hash(HashKind::git_blob, listing.commit))
    return fail(Errc::corrupt, "{}: sha: \"{}\" is no commit", source, printable(listing.commit));
  const Json::Array& siblings = *R1_TRY(fields.array("siblings"));
  if (siblings.size() > kMaxFiles)
    return fail(Errc::corrupt, "{}: siblings: {} files, more than {}", source, siblings.size(), kMaxFiles);
  std::set<std::string_view> seen;
  i64 total = 0;  // cannot overflow: the first sum beyond the limit ends the loop
  listing.files.reserve(siblings.size());
  for (const Json& sibling : siblings) listing.files.push_back(R1_TRY(file_of(sibling, source)));
  for (const RemoteFile& file : listing.files) {
    total += std::max<i64>(file.size, 0);
    if (total > kMaxBytes) return fail(Errc::corrupt, "{}: more than {} bytes of files", source, kMaxBytes);
    if (!seen.insert(file.path).second) return fail(Errc::corrupt, "{}: {}: listed twice", source, file.path);
  }
  return listing;
}

Status check_repo(std::string_view repo) {
  const auto bad = [&](std::string_view why) {
    return fail(Errc::usage,
                "\"{}\" is no repository: {} (ORG/NAME, for instance deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B)",
                printable(repo), why);
  };
  if (repo.empty() || repo.size() > 96) return bad(fmt::format("{} characters, must be 1 to 96", repo.size()));
  if (std::count(repo.begin(), repo.end(), '/') > 1) return bad("more than one slash");
  for (std::string_view rest = repo; !rest.empty();) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part.front() == '-' || part.front() == '.' || part.back() == '-' || part.back() == '.')
      return bad("a part is empty or begins or ends with - or .");
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  if (repo.back() == '/') return bad("it ends with a slash");
  if (repo.find("--") != repo.npos || repo.find("..") != repo.npos) return bad("it holds -- or ..");
  if (!std::all_of(repo.begin(), repo.end(), [](char c) { return c == '/' || plain(static_cast<unsigned char>(c)); }))
    return bad("only letters, digits, - _ . are allowed");
  return {};
}

Status check_revision(std::string_view revision) {
  const bool characters = std::all_of(revision.begin(), revision.end(), [](char c) {
    return c == '/' || c == '+' || plain(static_cast<unsigned char>(c));
  });
  if (revision.empty() || !characters || !check_path(revision, ""))
    return fail(Errc::usage, "--revision: \"{}\" is no branch, tag or commit", printable(revision));
  return {};
}

Status check_path(std::string_view path, std::string_view source) {
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::corrupt, "{}: the file name \"{}\" is refused: {}", source, printable(path), why);
  };
  if (path.empty() || path.size() > kMaxPath)
    return refuse(fmt::format("{} bytes, must be 1 to {}", path.size(), kMaxPath));
  for (const unsigned char c : path)
    if (c < ' ' || c == 0x7f || c == '\\') return refuse("a control character or backslash");
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return refuse("it could lead out of its folder");
    if (part.size() > kMaxPart) return refuse(fmt::format("a part of {} bytes, at most {}", part.size(), kMaxPart));
    begin = end + 1;
  }
  return {};
}

std::string_view unquoted_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

}  // namespace r1
