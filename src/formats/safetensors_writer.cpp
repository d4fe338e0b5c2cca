#include <algorithm>

#include "core/half.hpp"
#include "core/integer.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "formats/safetensors_parse.hpp"
#include "formats/tensor_file.hpp"

namespace r1 {
namespace {

constexpr size_t kHeaderAlign = 64;  // so that the first tensor starts on a cache line of the mapping

struct Sized {
  const TensorItem* item;
  i64 bytes;
};

// Checks what is to be written. FP8 is of use to nobody without its scales; they may go to another shard.
Result<std::vector<Sized>> sized(std::span<const TensorItem> items) {
  std::map<std::string_view, const TensorItem*> names;
  std::vector<Sized> out;
  for (const TensorItem& item : items) {
    const std::string where = "tensor " + shown(item.name);
    if (item.name.empty() || item.name == "__metadata__" || !names.emplace(item.name, &item).second) {
      return fail(Errc::invalid_argument, "{}: the name is reserved or given twice", where);
    }
    if (!safetensors::type_name(item.dtype)) {
      return fail(Errc::unsupported, "{}: safetensors has no type {}", where, name_of(item.dtype));
    }
    out.push_back({&item, R1_TRY(bytes_of_shape(item.dtype, item.shape, where))});
  }
  for (const TensorItem& item : items) {
    if (item.dtype == DType::f8_e4m3 && !names.contains(item.name + kScaleSuffix)) {
      return fail(Errc::invalid_argument, "tensor {}: f8_e4m3 without {}", shown(item.name), kScaleSuffix);
    }
  }
  return out;
}

// `items` in the order of the file: wide elements first. As the format forbids holes, that is what keeps every tensor
// aligned to its elements.
Status write_file(const std::filesystem::path& path, std::vector<Sized> items,
                  const std::map<std::string, std::string>& metadata) {
  std::stable_sort(items.begin(), items.end(), [](const Sized& a, const Sized& b) {
    return bytes_per_element(a.item->dtype) > bytes_per_element(b.item->dtype);
  });
  Json::Object header;
  if (!metadata.empty()) {
    Json::Object texts;
    for (const auto& [key, value] : metadata) texts.emplace_back(key, value);
    header.emplace_back("__metadata__", std::move(texts));
  }
  i64 at = 0;
  for (const Sized& s : items) {
    header.emplace_back(s.item->name, Json::object({{"dtype", safetensors::type_name(s.item->dtype)},
                                                    {"shape", Json::array_of(s.item->shape)},
                                                    {"data_offsets", Json::array({at, at + s.bytes})}}));
    at += s.bytes;
  }
  std::string text = dump(header);
  text.append((kHeaderAlign - (8 + text.size()) % kHeaderAlign) % kHeaderAlign, ' ');

  TensorFile out = R1_TRY(TensorFile::create(path));
  const u64 header_bytes = text.size();
  R1_TRY(out.write(&header_bytes, 8));
  R1_TRY(out.write(text.data(), static_cast<i64>(text.size())));
  for (const Sized& s : items) R1_TRY(out.write_item(*s.item, s.bytes));
  return out.commit();
}

// Filled in order; only a tensor that is larger by itself makes a shard larger than the limit.
std::vector<std::vector<Sized>> shards_of(const std::vector<Sized>& items, i64 max_bytes) {
  std::vector<std::vector<Sized>> shards(1);
  i64 filled = 0;
  for (const Sized& s : items) {
    if (!shards.back().empty() && s.bytes > max_bytes - filled) shards.emplace_back(), filled = 0;
    shards.back().push_back(s);
    filled = std::min(max_bytes, filled + s.bytes);
  }
  return shards;
}

}  // namespace

Status write_safetensors(const std::filesystem::path& path, std::span<const TensorItem> items,
                         const std::map<std::string, std::string>& metadata) {
  return write_file(path, R1_TRY(sized(items)), metadata);
}

Status write_safetensors_folder(const std::filesystem::path& folder, std::span<const TensorItem> items,
                                const std::map<std::string, std::string>& metadata, i64 max_shard_bytes) {
  const std::vector<std::vector<Sized>> shards = shards_of(R1_TRY(sized(items)), max_shard_bytes);
  if (shards.size() == 1) return write_file(folder / kWeightsFile, shards[0], metadata);
  Json::Object weight_map;
  i64 total = 0;
  for (size_t k = 0; k < shards.size(); ++k) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", k + 1, shards.size());
    R1_TRY(write_file(folder / name, shards[k], metadata));
    for (const Sized& s : shards[k]) weight_map.emplace_back(s.item->name, name), total += s.bytes;
  }
  std::sort(weight_map.begin(), weight_map.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const Json index =
      Json::object({{"metadata", Json::object({{"total_size", total}})}, {"weight_map", std::move(weight_map)}});
  return r1::write_file(folder / kWeightsIndexFile, dump(index, 2) + "\n");
}

TensorItem streamed(SafetensorsItem item) {
  TensorItem out{item.name, item.dtype, item.shape, {}};
  out.write = [item = std::move(item)](const ByteSink& sink) -> Status {
    R1_CHECK(is_plain(item.dtype), "{}: f32 is not rounded to {} here", item.name, name_of(item.dtype));
    i64 n = 1;
    for (const i64 side : item.shape) n *= side;
    std::vector<float> values(n);
    item.read(values.data());
    if (item.dtype == DType::f32) return sink(std::as_bytes(std::span(values)));
    const auto narrow = item.dtype == DType::bf16 ? bf16_from_f32 : f16_from_f32;
    std::vector<u16> halves(values.size());
    std::transform(values.begin(), values.end(), halves.begin(), narrow);
    return sink(std::as_bytes(std::span(halves)));
  };
  return out;
}

Status write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsItem> items,
                         const std::map<std::string, std::string>& metadata) {
  std::vector<TensorItem> all;
  for (const SafetensorsItem& item : items) all.push_back(streamed(item));
  return write_safetensors(path, all, metadata);
}

std::vector<TensorItem> items_of(const StoredTensor& tensor, std::shared_ptr<const void> keep) {
  const auto item = [&](std::string name, DType dtype, std::vector<i64> shape, std::span<const std::byte> bytes) {
    return TensorItem{std::move(name), dtype, std::move(shape),
                      [keep, bytes](const ByteSink& sink) { return sink(bytes); }};
  };
  std::vector<TensorItem> out{item(tensor.name, tensor.dtype, tensor.shape, tensor.bytes)};
  if (tensor.dtype == DType::f8_e4m3) {
    out.push_back(item(tensor.name + kScaleSuffix, DType::f32,
                       {ceil_div(tensor.shape[0], kScaleBlock), ceil_div(tensor.shape[1], kScaleBlock)},
                       tensor.scales));
  }
  return out;
}

}  // namespace r1
