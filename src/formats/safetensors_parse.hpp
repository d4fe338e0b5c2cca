// One safetensors file's header, checked against the file, and what several files make together: see safetensors.hpp.
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
// The shards that an index names, joined. They lie beside the index or where links lead that stay inside its
// repository: the index's folder or, in a Hugging Face cache, models--ORG--NAME with its snapshots/ and blobs/.
Result<File> parse_shards(const std::filesystem::path& index);

// Joins F8_E4M3 tensors and their scales. `where` begins errors.
Status join_scales(File& file, const std::string& where);

const char* type_name(DType t);  // "F32"; null for what the format lacks

}  // namespace r1::safetensors
