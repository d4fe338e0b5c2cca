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

// One file, or a folder with model.safetensors or model.safetensors.index.json and its shards. An F8_E4M3 tensor NAME
// and its scales NAME_scale_inv are one StoredTensor; either without a fitting other is an error.
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

inline constexpr const char* kScaleSuffix = "_scale_inv";

// What is wrong with a type of unsupported(), for errors: "element type I64 is not supported".
std::string unsupported_type(std::string_view type);

// Elements of a tensor of a plain type as f32; dst has entry.elements() floats. Other types are read by read_rows of
// model/published.hpp.
void to_f32(const StoredTensor& entry, float* dst);

// ---- writing

// Streams the items into `path`: plain types and f8_e4m3, whose scales are an item of their own, NAME_scale_inv. On
// failure, a full disk included, nothing is left under the final name and what was there before stays.
Status write_safetensors(const std::filesystem::path& path, std::span<const TensorItem> items,
                         const std::map<std::string, std::string>& metadata);

// Into an empty folder: model.safetensors if the tensors fit max_shard_bytes, else model-00001-of-0000N.safetensors,
// filled in the items' order, and then model.safetensors.index.json. A larger tensor gets a shard of its own.
Status write_safetensors_folder(const std::filesystem::path& folder, std::span<const TensorItem> items,
                                const std::map<std::string, std::string>& metadata, i64 max_shard_bytes);

// For sources that give f32: rounded to dtype on the way out, one tensor in memory at a time.
struct SafetensorsItem {
  std::string name;
  DType dtype;
  std::vector<i64> shape;
  std::function<void(float* dst)> read;  // fills elements
};
TensorItem streamed(SafetensorsItem item);
Status write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsItem> items,
                         const std::map<std::string, std::string>& metadata);

// A stored tensor as it is: one item, and one for the scales of an f8_e4m3. `keep` is what keeps its bytes alive.
std::vector<TensorItem> items_of(const StoredTensor& tensor, std::shared_ptr<const void> keep);

}  // namespace r1
