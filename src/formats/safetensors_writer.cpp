#include <algorithm>

#include "core/half.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "formats/safetensors_parse.hpp"
#include "formats/tensor_file.hpp"

namespace r1 {
namespace {

constexpr size_t kHeaderAlign = 64;  // the first tensor starts on a cache line of the mapping

struct SizedItem {
  const TensorItem* item;
  i64 bytes;
};

// Checks the items. FP8 without its scales is useless, so both must be there; they may go to different shards.
Result<std::vector<SizedItem>> sized(std::span<const TensorItem> items) {
  std::map<std::string_view, const TensorItem*> names;
  std::vector<SizedItem> out;
  for (const TensorItem& item : items) {
    const std::string where = "tensor " + shown(item.name);
    if (item.name.empty() || item.name == "__metadata__" || !names.emplace(item.name, &item).second) {
      return fail(Errc::invalid_argument, "{}: the name is reserved or given twice", where);
    }
    if (!safetensors::type_name(item.dtype)) {
      return fail(Errc::unsupported, "{}: safetensors has no type {}", where, name_of(item.dtype));
    }
    out.push_back({&item, R1_TRY(bytes_of_shape(block_of(item.dtype), item.shape, where))});
  }
  for (const TensorItem& item : items) {
    if (item.dtype == DType::f8_e4m3 && !names.contains(item.name + kScaleSuffix)) {
      return fail(Errc::invalid_argument, "tensor {}: f8_e4m3 without {}", shown(item.name), kScaleSuffix);
    }
  }
  return out;
}

// The format forbids holes, so tensors are written by the width of their elements, the widest first: that aligns every
// tensor to its elements.
Status write_file(const std::filesystem::path& path, std::vector<SizedItem> items,
                  const std::map<std::string, std::string>& metadata) {
  std::stable_sort(items.begin(), items.end(), [](const SizedItem& a, const SizedItem& b) {
    return bytes_per_element(a.item->dtype) > bytes_per_element(b.item->dtype);
  });
  Json::Object header;
  if (!metadata.empty()) {
    Json::Object texts;
    for (const auto& [key, value] : metadata) texts.emplace_back(key, value);
    header.emplace_back("__metadata__", std::move(texts));
  }
  i64 at = 0;
  for (const SizedItem& s : items) {
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
  for (const SizedItem& s : items) R1_TRY(out.write_item(*s.item, s.bytes));
  return out.commit();
}

// Fills shards in the items' order. Only a single tensor above the limit makes a shard larger than it.
std::vector<std::vector<SizedItem>> shards_of(const std::vector<SizedItem>& items, i64 max_bytes) {
  std::vector<std::vector<SizedItem>> shards(1);
  i64 filled = 0;
  for (const SizedItem& s : items) {
    if (!shards.back().empty() && s.bytes > max_bytes - filled) shards.emplace_back(), filled = 0;
    shards.back().push_back(s);
    filled = std::min(max_bytes, filled + s.bytes);
  }
  return shards;
}

TensorItem streamed(SafetensorsItem item) {
  TensorItem out{item.name, item.dtype, item.shape, {}};
  out.write = [item = std::move(item)](const ByteSink& sink) -> Status {
    R1_CHECK(is_plain(item.dtype), "{}: f32 is not rounded to {} here", item.name, name_of(item.dtype));
    std::vector<float> values(element_count(item.shape));
    item.read(values.data());
    if (item.dtype == DType::f32) return sink(std::as_bytes(std::span(values)));
    const auto narrow = item.dtype == DType::bf16 ? bf16_from_f32 : f16_from_f32;
    std::vector<u16> halves(values.size());
    std::transform(values.begin(), values.end(), halves.begin(), narrow);
    return sink(std::as_bytes(std::span(halves)));
  };
  return out;
}

}  // namespace

Status write_safetensors(const std::filesystem::path& path, std::span<const TensorItem> items,
                         const std::map<std::string, std::string>& metadata) {
  return write_file(path, R1_TRY(sized(items)), metadata);
}

Status write_safetensors_folder(const std::filesystem::path& folder, std::span<const TensorItem> items,
                                const std::map<std::string, std::string>& metadata, i64 max_shard_bytes) {
  const std::vector<std::vector<SizedItem>> shards = shards_of(R1_TRY(sized(items)), max_shard_bytes);
  if (shards.size() == 1) return write_file(folder / kWeightsFile, shards[0], metadata);
  Json::Object weight_map;
  i64 total = 0;
  for (size_t k = 0; k < shards.size(); ++k) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", k + 1, shards.size());
    R1_TRY(write_file(folder / name, shards[k], metadata));
    for (const SizedItem& s : shards[k]) weight_map.emplace_back(s.item->name, name), total += s.bytes;
  }
  std::sort(weight_map.begin(), weight_map.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const Json index =
      Json::object({{"metadata", Json::object({{"total_size", total}})}, {"weight_map", std::move(weight_map)}});
  return r1::write_file(folder / kWeightsIndexFile, dump(index, 2) + "\n");
}

Status write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsItem> items,
                         const std::map<std::string, std::string>& metadata) {
  std::vector<TensorItem> all;
  for (const SafetensorsItem& item : items) all.push_back(streamed(item));
  return write_safetensors(path, all, metadata);
}

}  // namespace r1
