// Reads the header of one safetensors file, checks it against the file, and joins the shards of a model.
// safetensors.hpp is the interface.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "formats/safetensors.hpp"

namespace r1::safetensors {

struct File {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> unsupported, metadata;
  std::shared_ptr<const void> keep;
};

Result<File> parse(const std::filesystem::path& path);
// Joins the shards that an index names. A shard lies in the index's folder. It may be a link, but only into the same
// repository: the index's folder or, in a Hugging Face cache, models--ORG--NAME with its snapshots/ and blobs/.
Result<File> parse_shards(const std::filesystem::path& index);

// Joins F8_E4M3 tensors with their scales. `where` begins the text of errors.
Status join_scales(File& file, const std::string& where);

const char* type_name(DType t);  // "F32"; null for a type that the format lacks

}  // namespace r1::safetensors
