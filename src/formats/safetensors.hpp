// safetensors files: an 8-byte little-endian header length, a JSON header, then raw tensors. Reading maps the file;
// writing goes by write, fsync, rename. No number in a file is trusted. Errors name the file, the tensor, and the found
// and the expected number.
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
// and its scales NAME_scale_inv become one StoredTensor.
// Errors: a file that contradicts itself or the index; an F8_E4M3 tensor without fitting scales; a link that leads out
// of the model's folder.
class Safetensors {
 public:
  static Result<Safetensors> open(const std::filesystem::path& path);
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  // Tensors of element types that this program does not read, with their types. A caller that needs one reports it.
  const std::map<std::string, std::string>& unsupported() const { return unsupported_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  std::shared_ptr<const void> mapping() const { return keep_; }  // keeps every entry's bytes alive

 private:
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> unsupported_, metadata_;
  std::shared_ptr<const void> keep_;
};

inline constexpr const char* kScaleSuffix = "_scale_inv";

// The text of an error about a type in unsupported(): "element type I64 is not supported".
std::string unsupported_type(std::string_view type);

// The elements of a tensor of a plain type (f32, bf16, f16) as f32; dst has entry.elements() floats. Other types are
// read by rows, in model/published.hpp.
void to_f32(const StoredTensor& entry, float* dst);

// ---- writing

// Streams the items into `path`. An f8_e4m3 tensor NAME needs a second item NAME_scale_inv with its scales. After a
// failure, such as a full disk, `path` is as it was before.
// Errors: a type that safetensors lacks; a name that is reserved or given twice; an item that gives a wrong number of
// bytes; a file that cannot be written.
Status write_safetensors(const std::filesystem::path& path, std::span<const TensorItem> items,
                         const std::map<std::string, std::string>& metadata);

// The same into an empty folder: model.safetensors if the tensors fit max_shard_bytes, else
// model-00001-of-0000N.safetensors, filled in the items' order, and model.safetensors.index.json. A tensor larger than
// max_shard_bytes gets a shard of its own.
Status write_safetensors_folder(const std::filesystem::path& folder, std::span<const TensorItem> items,
                                const std::map<std::string, std::string>& metadata, i64 max_shard_bytes);

// A tensor whose elements come as f32. They are rounded to dtype (f32, bf16 or f16), one tensor in memory at a time.
struct SafetensorsItem {
  std::string name;
  DType dtype;
  std::vector<i64> shape;
  std::function<void(float* dst)> read;  // fills in all elements
};
Status write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsItem> items,
                         const std::map<std::string, std::string>& metadata);

}  // namespace r1
