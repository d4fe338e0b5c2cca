// model.safetensors.index.json, which says which tensor lies in which shard.
#include <vector>

#include "formats/json.hpp"
#include "formats/safetensors_parse.hpp"

namespace r1::safetensors {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxShards = 10'000;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

// The folder that holds all files of a downloaded repository. In a Hugging Face cache MODEL/snapshots/REVISION/NAME are
// links to MODEL/blobs/HASH.
Result<fs::path> repository_of(const fs::path& folder) {
  std::error_code code;
  const fs::path real = fs::canonical(folder.empty() ? "." : folder, code);
  if (code) return fail(Errc::io, "{}: {}", folder.string(), code.message());
  const fs::path snapshots = real.parent_path(), model = snapshots.parent_path();
  return snapshots.filename() == "snapshots" && fs::is_directory(model / "blobs", code) ? model : real;
}

bool lies_in(const fs::path& real, const fs::path& folder) {
  const fs::path relative = real.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// In newer caches repositories share blobs: there MODEL/blobs/HASH is a link to CACHE/blobs/XX/HASH.
bool is_shared_blob(const fs::path& real, const fs::path& repository) {
  return repository.filename().string().starts_with("models--") && lies_in(real, repository.parent_path() / "blobs");
}

Status stays_inside(const fs::path& shard, const fs::path& repository, const std::string& index) {
  std::error_code code;
  const fs::path real = fs::canonical(shard, code);
  if (code) {
    return fail(Errc::io, "{}: cannot open: {} (a shard named in {})", shard.string(), code.message(), index);
  }
  if (!lies_in(real, repository) && !is_shared_blob(real, repository)) {
    return fail(Errc::corrupt, "{}: a link to {}, outside the model's folder {} (a shard named in {})", shard.string(),
                real.string(), repository.string(), index);
  }
  return {};
}

using Shards = std::map<std::string, std::vector<std::string>>;  // file name → tensors

Result<Shards> parse_index(const fs::path& index) {
  const Json json = R1_TRY(read_json(index, kLargeJson));
  const JsonFields fields = R1_TRY(JsonFields::of(json, index.string()));
  R1_TRY(fields.object("weight_map"));
  Shards shards;
  for (const auto& [tensor, shard] : *fields.find("weight_map")->object()) {
    const std::string where = fields.where("weight_map." + shown(tensor));
    if (!shard.string()) return fail(Errc::corrupt, "{}: expected a file name, found {}", where, shard.describe());
    if (!is_plain_name(*shard.string())) {
      return fail(Errc::corrupt, "{}: {} is not the name of a file in the same folder", where, shard.describe());
    }
    shards[*shard.string()].push_back(tensor);
    if (shards.size() > kMaxShards) {
      return fail(Errc::corrupt, "{}: weight_map names more than {} files", index.string(), kMaxShards);
    }
  }
  if (shards.empty()) return fail(Errc::corrupt, "{}: weight_map: expected tensors, found none", index.string());
  return shards;
}

// Checks that a shard holds exactly the tensors that the index places in it.
Status agree(const File& shard, const std::string& name, const std::vector<std::string>& placed,
             const std::string& index) {
  for (const std::string& tensor : placed) {
    if (!shard.tensors.contains(tensor) && !shard.unsupported.contains(tensor)) {
      return fail(Errc::corrupt, "{}: tensor {} should be in shard {}, which lacks it", index, shown(tensor),
                  shown(name));
    }
  }
  const size_t held = shard.tensors.size() + shard.unsupported.size();
  if (held == placed.size()) return {};
  const std::map<std::string_view, int> known = [&] {
    std::map<std::string_view, int> all;
    for (const std::string& tensor : placed) all[tensor] = 1;
    return all;
  }();
  std::string extra;
  for (const auto& [tensor, type] : shard.unsupported)
    if (!known.contains(tensor)) extra = tensor;
  for (const auto& [tensor, entry] : shard.tensors)
    if (!known.contains(tensor)) extra = tensor;
  return fail(Errc::corrupt, "{}: shard {} has {} tensors, weight_map places {} there: not {}", index, shown(name),
              held, placed.size(), shown(extra));
}

}  // namespace

Result<File> parse_shards(const fs::path& index) {
  const Shards shards = R1_TRY(parse_index(index));
  const fs::path repository = R1_TRY(repository_of(index.parent_path()));
  File all;
  auto keeps = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  for (const auto& [name, placed] : shards) {
    const fs::path path = index.parent_path() / name;
    R1_TRY(stays_inside(path, repository, index.string()));
    File shard = R1_TRY(parse(path));
    R1_TRY(agree(shard, name, placed, index.string()));
    // The keys of weight_map are unique, so a name is in one shard only.
    all.tensors.merge(shard.tensors);
    all.unsupported.merge(shard.unsupported);
    all.metadata.merge(shard.metadata);
    keeps->push_back(std::move(shard.keep));
  }
  all.keep = std::move(keeps);
  return all;
}

}  // namespace r1::safetensors
