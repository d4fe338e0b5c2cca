#include "formats/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/file.hpp"
#include "core/half.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

constexpr u64 kMaxHeader = 100'000'000;  // the reference's limit
constexpr size_t kMaxRank = 8;
constexpr size_t kHeaderAlign = 64;  // so that the first tensor starts on a cache line of the mapping

const char* safetensors_name(DType t) { return t == DType::f32 ? "F32" : t == DType::bf16 ? "BF16" : "F16"; }

std::optional<DType> dtype_named(std::string_view name) {
  for (const DType t : {DType::f32, DType::bf16, DType::f16}) {
    if (name == safetensors_name(t)) return t;
  }
  return {};
}

std::string shape_text(const std::vector<i64>& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

// Bytes of a tensor, or an error: the product must not wrap before anybody compares it with anything.
Result<i64> bytes_of_shape(const std::vector<i64>& shape, DType dtype, const std::string& where) {
  i64 bytes = bytes_per_element(dtype);
  for (const i64 n : shape) {
    if (n < 0) return fail(Errc::corrupt, "{}: shape {} has a negative size", where, shape_text(shape));
    if (__builtin_mul_overflow(bytes, n, &bytes)) {
      return fail(Errc::corrupt, "{}: shape {} overflows", where, shape_text(shape));
    }
  }
  return bytes;
}

struct Extent {
  i64 begin, end;
  const std::string* name;
};

// The header's promise: tensors fill the data section exactly, without holes or overlaps.
Status check_extents(std::vector<Extent> extents, i64 data_bytes, const std::string& file) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  i64 at = 0;
  for (const Extent& e : extents) {
    if (e.begin != at) {
      return fail(Errc::corrupt, "{}: tensor {} starts at byte {} of the data, expected {}: {}", file, *e.name, e.begin,
                  at, e.begin < at ? "it overlaps the one before" : "there is a hole before it");
    }
    at = e.end;
  }
  if (at != data_bytes) {
    return fail(Errc::corrupt, "{}: tensors end at byte {} of the data, the file has {}", file, at, data_bytes);
  }
  return {};
}

struct Parsed {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> unsupported, metadata;
  std::shared_ptr<const void> keep;
};

Result<Extent> parse_extent(const JsonFields& fields, const std::string& name, i64 size, const std::string& where) {
  const std::vector<i64> offsets = R1_TRY(fields.integers("data_offsets"));
  if (offsets.size() != 2) return fail(Errc::corrupt, "{}: data_offsets: expected 2, found {}", where, offsets.size());
  const i64 begin = offsets[0], end = offsets[1];
  if (begin < 0 || end < begin || end > size) {
    return fail(Errc::corrupt, "{}: data_offsets [{},{}] are outside the {} data bytes", where, begin, end, size);
  }
  return Extent{begin, end, &name};
}

Result<StoredTensor> parse_entry(const JsonFields& fields, DType dtype, const Extent& at,
                                     std::span<const std::byte> data, const std::string& where) {
  StoredTensor entry{*at.name, dtype, R1_TRY(fields.integers("shape")), {}};
  if (!fields.find("shape")->array()) return fail(Errc::corrupt, "{}: shape: expected an array", where);
  if (entry.shape.size() > kMaxRank) {
    return fail(Errc::corrupt, "{}: {} dimensions, at most {} are supported", where, entry.shape.size(), kMaxRank);
  }
  const i64 bytes = R1_TRY(bytes_of_shape(entry.shape, dtype, where));
  if (at.end - at.begin != bytes) {
    return fail(Errc::corrupt, "{}: {} {} needs {} bytes, data_offsets give {}", where, safetensors_name(dtype),
                shape_text(entry.shape), bytes, at.end - at.begin);
  }
  entry.bytes = data.subspan(static_cast<size_t>(at.begin), static_cast<size_t>(bytes));
  return entry;
}

Result<Parsed> parse_file(const std::filesystem::path& path) {
  const FileMap map = R1_TRY(map_file(path));
  const std::string file = path.string();
  if (map.bytes.size() < 8) {
    return fail(Errc::corrupt, "{}: {} bytes, too short for a safetensors file", file, map.bytes.size());
  }
  u64 header_bytes;
  std::memcpy(&header_bytes, map.bytes.data(), 8);
  const u64 rest = map.bytes.size() - 8;
  if (header_bytes > kMaxHeader || header_bytes > rest) {
    return fail(Errc::corrupt, "{}: header claims {} bytes, {} follow (limit {})", file, header_bytes, rest,
                kMaxHeader);
  }
  const std::string_view text(reinterpret_cast<const char*>(map.bytes.data()) + 8, header_bytes);
  if (!text.starts_with('{')) return fail(Errc::corrupt, "{}: header does not start with {{", file);
  const Json header = R1_TRY(parse_json(text, file + ": header"));
  if (!header.object()) return fail(Errc::corrupt, "{}: header is not an object", file);

  Parsed parsed;
  parsed.keep = map.keep;
  const std::span<const std::byte> data = map.bytes.subspan(8 + static_cast<size_t>(header_bytes));
  std::vector<Extent> extents;
  for (const auto& [name, value] : *header.object()) {
    if (name == "__metadata__") {
      if (!value.object()) return fail(Errc::corrupt, "{}: __metadata__ is not an object", file);
      for (const auto& [key, item] : *value.object()) {
        if (!item.string()) return fail(Errc::corrupt, "{}: __metadata__.{}: expected a string", file, key);
        parsed.metadata[key] = *item.string();
      }
      continue;
    }
    const std::string where = fmt::format("{}: tensor {}", file, name);
    const JsonFields fields = R1_TRY(JsonFields::of(value, where));
    extents.push_back(R1_TRY(parse_extent(fields, name, static_cast<i64>(data.size()), where)));
    const std::string type = R1_TRY(fields.string("dtype"));
    if (const auto dtype = dtype_named(type)) {
      parsed.tensors.emplace(name, R1_TRY(parse_entry(fields, *dtype, extents.back(), data, where)));
    } else {
      parsed.unsupported.emplace(name, type);
    }
  }
  R1_TRY(check_extents(std::move(extents), static_cast<i64>(data.size()), file));
  return parsed;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

Result<Parsed> parse_shards(const std::filesystem::path& index) {
  const Json json = R1_TRY(read_json(index));
  const JsonFields fields = R1_TRY(JsonFields::of(json, index.string()));
  R1_TRY(fields.object("weight_map"));
  std::map<std::string, std::vector<std::string>> by_shard;
  for (const auto& [tensor, shard] : *fields.find("weight_map")->object()) {
    const std::string where = fields.where("weight_map." + tensor);
    if (!shard.string()) return fail(Errc::corrupt, "{}: expected a file name, found {}", where, shard.describe());
    if (!is_plain_name(*shard.string())) {
      return fail(Errc::corrupt, "{}: {} is not the name of a file in the same folder", where, shard.describe());
    }
    by_shard[*shard.string()].push_back(tensor);
  }
  Parsed all;
  auto keeps = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  for (const auto& [shard, names] : by_shard) {
    auto parsed = parse_file(index.parent_path() / shard);
    if (!parsed) return tl::unexpected(std::move(parsed).error().in("shard named in " + index.string()));
    for (const std::string& name : names) {
      if (const auto other = parsed->unsupported.find(name); other != parsed->unsupported.end()) {
        all.unsupported.insert(*other);
        continue;
      }
      const auto found = parsed->tensors.find(name);
      if (found == parsed->tensors.end()) {
        return fail(Errc::corrupt, "{}: tensor {} should be in shard {}, which lacks it", index.string(), name, shard);
      }
      all.tensors.insert(*found);
    }
    all.metadata.merge(parsed->metadata);
    keeps->push_back(std::move(parsed->keep));
  }
  all.keep = std::move(keeps);
  return all;
}

Result<Parsed> parse_path(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return parse_file(path);
  const std::filesystem::path single = path / "model.safetensors", index = path / "model.safetensors.index.json";
  if (std::filesystem::exists(single, ignored)) return parse_file(single);
  if (std::filesystem::exists(index, ignored)) return parse_shards(index);
  return fail(Errc::io, "{}: no model here: looked for model.safetensors and model.safetensors.index.json",
              path.string());
}

}  // namespace

Result<Safetensors> Safetensors::open(const std::filesystem::path& path) {
  Parsed parsed = R1_TRY(parse_path(path));
  Safetensors file;
  file.tensors_ = std::move(parsed.tensors);
  file.unsupported_ = std::move(parsed.unsupported);
  file.metadata_ = std::move(parsed.metadata);
  file.keep_ = std::move(parsed.keep);
  return file;
}

std::string unsupported_type(std::string_view type) {
  return fmt::format("element type {} is not supported (F32, BF16 and F16 are){}", type,
                     type.starts_with("F8_") ? "; convert the model to bf16 first" : "");
}

void to_f32(const StoredTensor& entry, float* dst) {
  if (entry.bytes.empty()) return;
  if (entry.dtype == DType::f32) {
    std::memcpy(dst, entry.bytes.data(), entry.bytes.size());
    return;
  }
  const auto widen = entry.dtype == DType::bf16 ? f32_from_bf16 : f32_from_f16;
  const i64 n = entry.elements();
  for (i64 i = 0; i < n; ++i) {
    u16 h;  // the file promises no alignment
    std::memcpy(&h, entry.bytes.data() + 2 * i, 2);
    dst[i] = widen(h);
  }
}

// ---- writing

namespace {

// Wide elements first: as the format forbids holes, that is what keeps every tensor aligned to its elements.
Result<std::vector<const SafetensorsItem*>> in_file_order(std::span<const SafetensorsItem> items) {
  std::vector<const SafetensorsItem*> order;
  std::map<std::string_view, int> seen;
  for (const SafetensorsItem& item : items) {
    if (item.name == "__metadata__" || seen[item.name]++) {
      return fail(Errc::invalid_argument, "tensor name {} is reserved or given twice", item.name);
    }
    order.push_back(&item);
  }
  std::stable_partition(order.begin(), order.end(), [](const auto* item) { return item->dtype == DType::f32; });
  return order;
}

Status write_item(AtomicFile& out, const SafetensorsItem& item, i64 bytes) {
  const size_t n = static_cast<size_t>(bytes / bytes_per_element(item.dtype));
  std::vector<float> values(n);
  item.read(values.data());
  if (item.dtype != DType::f32) {
    const auto narrow = item.dtype == DType::bf16 ? bf16_from_f32 : f16_from_f32;
    std::vector<u16> halves(n);
    for (size_t i = 0; i < n; ++i) halves[i] = narrow(values[i]);
    return out.write(halves.data(), bytes);
  }
  return out.write(values.data(), bytes);
}

}  // namespace

Status write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsItem> items,
                         const std::map<std::string, std::string>& metadata) {
  const std::vector<const SafetensorsItem*> order = R1_TRY(in_file_order(items));
  Json::Object header;
  if (!metadata.empty()) {
    Json::Object texts;
    for (const auto& [key, value] : metadata) texts.emplace_back(key, value);
    header.emplace_back("__metadata__", std::move(texts));
  }
  std::vector<i64> sizes;
  i64 at = 0;
  for (const SafetensorsItem* item : order) {
    const i64 bytes = R1_TRY(bytes_of_shape(item->shape, item->dtype, fmt::format("tensor {}", item->name)));
    header.emplace_back(item->name, Json::object({{"dtype", safetensors_name(item->dtype)},
                                                  {"shape", Json::array_of(item->shape)},
                                                  {"data_offsets", Json::array({at, at + bytes})}}));
    sizes.push_back(bytes);
    at += bytes;
  }
  std::string text = dump(header);
  text.append((kHeaderAlign - (8 + text.size()) % kHeaderAlign) % kHeaderAlign, ' ');

  AtomicFile out = R1_TRY(AtomicFile::create(path));
  const u64 header_bytes = text.size();
  R1_TRY(out.write(&header_bytes, 8));
  R1_TRY(out.write(text.data(), static_cast<i64>(text.size())));
  for (size_t i = 0; i < order.size(); ++i) R1_TRY(write_item(out, *order[i], sizes[i]));
  return out.commit();
}

}  // namespace r1
