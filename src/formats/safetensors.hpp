// safetensors: an 8-byte little-endian header length, a JSON header, then raw tensors. Read by mapping, written by
// write, fsync, rename. Every number in a file is hostile; errors name the file, the tensor and both numbers.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "formats/stored_tensor.hpp"

namespace r1 {

// One file, or a folder with model.safetensors or model.safetensors.index.json and its shards.
class Safetensors {
 public:
  static Result<Safetensors> open(const std::filesystem::path& path);
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  // Tensors of element types that we do not read, with their types: an error only for who needs one.
  const std::map<std::string, std::string>& unsupported() const { return unsupported_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  std::shared_ptr<const void> mapping() const { return keep_; }  // keeps every entry's bytes alive

 private:
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> unsupported_, metadata_;
  std::shared_ptr<const void> keep_;
};

// What is wrong with a type of unsupported(), for errors: "element type I64 is not supported (...)".
std::string unsupported_type(std::string_view type);

// Elements of an entry as f32; dst has entry.elements() floats.
void to_f32(const StoredTensor& entry, float* dst);

struct SafetensorsItem {
  std::string name;
  DType dtype;
  std::vector<i64> shape;
  std::function<void(float* dst)> read;  // fills elements; rounded to dtype on the way out
};

// Streams the items into `path` (one tensor in memory at a time). On failure, a full disk included, nothing is left
// under the final name and what was there before stays.
Status write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsItem> items,
                         const std::map<std::string, std::string>& metadata);

}  // namespace r1
