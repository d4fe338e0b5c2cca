#include "formats/safetensors_parse.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/file.hpp"
#include "formats/json.hpp"

namespace r1::safetensors {
namespace {

constexpr u64 kMaxHeader = 100'000'000;  // the reference's limit
constexpr size_t kMaxRank = 8, kMaxName = 4096, kMaxTensors = 1'000'000;

struct ElementType {
  const char* name;
  i64 bits;
  std::optional<DType> dtype;  // nullopt: a type of the format that this program does not read
};
constexpr ElementType kTypes[] = {{"F32", 32, DType::f32}, {"BF16", 16, DType::bf16},
                                  {"F16", 16, DType::f16}, {"F8_E4M3", 8, DType::f8_e4m3},
                                  {"BOOL", 8, {}},         {"U8", 8, {}},
                                  {"I8", 8, {}},           {"F8_E5M2", 8, {}},
                                  {"F8_E8M0", 8, {}},      {"F8_E4M3FNUZ", 8, {}},
                                  {"F8_E5M2FNUZ", 8, {}},  {"I16", 16, {}},
                                  {"U16", 16, {}},         {"I32", 32, {}},
                                  {"U32", 32, {}},         {"I64", 64, {}},
                                  {"U64", 64, {}},         {"F64", 64, {}},
                                  {"C64", 64, {}},         {"F4", 4, {}},
                                  {"F6_E2M3", 6, {}},      {"F6_E3M2", 6, {}}};

struct Extent {
  i64 begin, end;
  const std::string* name;
};

// The format demands that tensors fill the data section exactly, without holes or overlaps.
Status check_extents(std::vector<Extent> extents, i64 data_bytes, const std::string& file) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  i64 at = 0;
  for (const Extent& e : extents) {
    if (e.begin != at) {
      return fail(Errc::corrupt, "{}: tensor {} starts at byte {} of the data, expected {}: {}", file, shown(*e.name),
                  e.begin, at, e.begin < at ? "it overlaps the one before" : "there is a hole before it");
    }
    at = e.end;
  }
  if (at != data_bytes) {
    return fail(Errc::corrupt, "{}: tensors end at byte {} of the data, the file has {}", file, at, data_bytes);
  }
  return {};
}

Result<Extent> parse_extent(const JsonFields& fields, const std::string& name, i64 size, const std::string& where) {
  const std::vector<i64> offsets = R1_TRY(fields.integers("data_offsets"));
  if (offsets.size() != 2) return fail(Errc::corrupt, "{}: data_offsets: expected 2, found {}", where, offsets.size());
  const i64 begin = offsets[0], end = offsets[1];
  if (begin < 0 || end < begin || end > size) {
    return fail(Errc::corrupt, "{}: data_offsets [{},{}] are outside the {} data bytes", where, begin, end, size);
  }
  return Extent{begin, end, &name};
}

// The bits of a tensor. Each factor is checked, because a product that has wrapped looks like any other number.
Result<i64> bits_of(const std::vector<i64>& shape, i64 bits, const std::string& where) {
  for (const i64 n : shape) {
    if (n < 0) return fail(Errc::corrupt, "{}: shape {} has a negative size", where, shape_text(shape));
    if (__builtin_mul_overflow(bits, n, &bits))
      return fail(Errc::corrupt, "{}: shape {} overflows", where, shape_text(shape));
  }
  return bits;
}

Result<StoredTensor> parse_entry(const JsonFields& fields, const ElementType& type, const Extent& at,
                                 std::span<const std::byte> data, const std::string& where) {
  std::vector<i64> shape = R1_TRY(fields.integers("shape"));
  StoredTensor entry{*at.name, type.dtype.value_or(DType::f32), std::move(shape), {}};
  if (!fields.find("shape")->array()) return fail(Errc::corrupt, "{}: shape: expected an array", where);
  if (entry.shape.size() > kMaxRank) {
    return fail(Errc::corrupt, "{}: {} dimensions, at most {} are supported", where, entry.shape.size(), kMaxRank);
  }
  const i64 bits = R1_TRY(bits_of(entry.shape, type.bits, where));
  if (bits % 8 || at.end - at.begin != bits / 8) {
    return fail(Errc::corrupt, "{}: {} {} needs {} bytes, data_offsets give {}", where, type.name,
                shape_text(entry.shape), static_cast<double>(bits) / 8, at.end - at.begin);
  }
  entry.bytes = data.subspan(at.begin, bits / 8);
  return entry;
}

Status parse_metadata(const Json& value, const std::string& path, File& file) {
  if (!value.object()) return fail(Errc::corrupt, "{}: __metadata__ is not an object", path);
  for (const auto& [key, item] : *value.object()) {
    if (!item.string()) return fail(Errc::corrupt, "{}: __metadata__.{}: expected a string", path, shown(key));
    file.metadata[key] = *item.string();
  }
  return {};
}

Status parse_header(const Json& header, std::span<const std::byte> data, const std::string& path, File& file) {
  if (header.object()->size() > kMaxTensors) {
    return fail(Errc::corrupt, "{}: {} tensors, the limit is {}", path, header.object()->size(), kMaxTensors);
  }
  std::vector<Extent> extents;
  for (const auto& [name, value] : *header.object()) {
    if (name == "__metadata__") {
      R1_TRY(parse_metadata(value, path, file));
      continue;
    }
    const std::string where = fmt::format("{}: tensor {}", path, shown(name));
    if (name.size() > kMaxName) {
      return fail(Errc::corrupt, "{}: a name of {} bytes, the limit is {}", where, name.size(), kMaxName);
    }
    const JsonFields fields = R1_TRY(JsonFields::of(value, where));
    const std::string type = R1_TRY(fields.string("dtype"));
    const auto known =
        std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& t) { return type == t.name; });
    if (known == std::end(kTypes)) {
      return fail(Errc::unsupported, "{}: dtype {} is unknown; a newer r1 may know it", where, shown(type));
    }
    extents.push_back(R1_TRY(parse_extent(fields, name, static_cast<i64>(data.size()), where)));
    StoredTensor entry = R1_TRY(parse_entry(fields, *known, extents.back(), data, where));
    if (known->dtype) {
      file.tensors.emplace(name, std::move(entry));
    } else {
      file.unsupported.emplace(name, type);
    }
  }
  return check_extents(std::move(extents), static_cast<i64>(data.size()), path);
}

}  // namespace

const char* type_name(DType t) {
  for (const ElementType& type : kTypes)
    if (type.dtype == t) return type.name;
  return nullptr;
}

Result<File> parse(const std::filesystem::path& path) {
  const FileMap map = R1_TRY(map_file(path));
  const std::string name = path.string();
  if (map.bytes.size() < 8) {
    return fail(Errc::corrupt, "{}: {} bytes, too short for a safetensors file", name, map.bytes.size());
  }
  u64 header_bytes;
  std::memcpy(&header_bytes, map.bytes.data(), 8);
  const u64 rest = map.bytes.size() - 8;
  if (header_bytes > kMaxHeader || header_bytes > rest) {
    return fail(Errc::corrupt, "{}: header claims {} bytes, {} follow (limit {})", name, header_bytes, rest,
                kMaxHeader);
  }
  const std::string_view header(reinterpret_cast<const char*>(map.bytes.data()) + 8, header_bytes);
  if (!header.starts_with('{')) return fail(Errc::corrupt, "{}: header does not start with {{", name);
  File file;
  file.keep = map.keep;
  R1_TRY(parse_header(R1_TRY(parse_json(header, name + ": header")), map.bytes.subspan(8 + header_bytes), name, file));
  for (auto& [key, tensor] : file.tensors) tensor.mapping = map.bytes;
  return file;
}

// ---- FP8

Status join_scales(File& file, const std::string& where) {
  std::vector<std::string> joined;
  for (auto& [name, tensor] : file.tensors) {
    if (tensor.dtype != DType::f8_e4m3) continue;
    const std::string scales = name + kScaleSuffix, what = fmt::format("{}: tensor {}", where, shown(scales));
    if (tensor.shape.size() != 2) {
      return fail(Errc::unsupported, "{}: tensor {}: F8_E4M3 of shape {}, expected 2 dimensions", where, shown(name),
                  shape_text(tensor.shape));
    }
    const auto blocks = [](i64 n) { return n / kScaleBlock + (n % kScaleBlock != 0); };
    const std::vector<i64> expected{blocks(tensor.shape[0]), blocks(tensor.shape[1])};
    const auto found = file.tensors.find(scales);
    if (found == file.tensors.end()) {
      const auto other = file.unsupported.find(scales);
      return fail(Errc::corrupt, "{}: {}, expected F32 {}: the scales of F8_E4M3 {} {}", what,
                  other == file.unsupported.end() ? "missing" : other->second, shape_text(expected), shown(name),
                  shape_text(tensor.shape));
    }
    if (found->second.dtype != DType::f32 || found->second.shape != expected) {
      return fail(Errc::corrupt, "{}: {} {}, expected F32 {}: the scales of F8_E4M3 {} {}", what,
                  type_name(found->second.dtype), shape_text(found->second.shape), shape_text(expected), shown(name),
                  shape_text(tensor.shape));
    }
    tensor.scales = found->second.bytes;
    joined.push_back(scales);
  }
  for (const std::string& scales : joined) file.tensors.erase(scales);
  return {};
}

}  // namespace r1::safetensors
