#include <algorithm>
#include <bit>
#include <limits>
#include <set>

#include "core/integer.hpp"
#include "formats/gguf_layout.hpp"
#include "formats/json.hpp"
#include "formats/tensor_file.hpp"

namespace r1 {

i64 GgufArray::size() const {
  if (type == GgufType::string) return static_cast<i64>(texts.size());
  return static_cast<i64>(gguf::is_float(type) ? numbers.size() : integers.size());
}

namespace {

GgufValue of_type(GgufType type) {
  GgufValue v;
  v.type = type;
  return v;
}

GgufValue array_of(GgufType element) {
  GgufValue v = of_type(GgufType::array);
  v.array.type = element;
  return v;
}

}  // namespace

GgufValue GgufValue::of_u32(i64 v) {
  GgufValue value = of_type(GgufType::uint32);
  value.integer = v;
  return value;
}
GgufValue GgufValue::of_f32(double v) {
  GgufValue value = of_type(GgufType::f32);
  value.number = v;
  return value;
}
GgufValue GgufValue::of_bool(bool v) {
  GgufValue value = of_type(GgufType::boolean);
  value.integer = v;
  return value;
}
GgufValue GgufValue::of_text(std::string v) {
  GgufValue value = of_type(GgufType::string);
  value.text = std::move(v);
  return value;
}
GgufValue GgufValue::of_texts(std::vector<std::string> v) {
  GgufValue value = array_of(GgufType::string);
  value.array.texts = std::move(v);
  return value;
}
GgufValue GgufValue::of_integers(GgufType element, std::vector<i64> v) {
  R1_CHECK(gguf::is_integer(element), "{} is no integer type", gguf::name_of(element));
  GgufValue value = array_of(element);
  value.array.integers = std::move(v);
  return value;
}
GgufValue GgufValue::of_numbers(std::vector<double> v) {
  GgufValue value = array_of(GgufType::f32);
  value.array.numbers = std::move(v);
  return value;
}

namespace {

// ---- header bytes

template <class T>
void put(std::string& out, T v) {
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}
void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<u64>(text.size()));
  out += text;
}

// Smallest and largest of a type; u64 is held in i64.
std::pair<i64, i64> range_of(GgufType type) {
  switch (type) {
    case GgufType::boolean: return {0, 1};
    case GgufType::uint8: return {0, 0xff};
    case GgufType::int8: return {-0x80, 0x7f};
    case GgufType::uint16: return {0, 0xffff};
    case GgufType::int16: return {-0x8000, 0x7fff};
    case GgufType::uint32: return {0, 0xffffffff};
    case GgufType::int32: return {std::numeric_limits<i32>::min(), std::numeric_limits<i32>::max()};
    case GgufType::uint64: return {0, std::numeric_limits<i64>::max()};
    default: return {std::numeric_limits<i64>::min(), std::numeric_limits<i64>::max()};
  }
}

Status put_integer(std::string& out, GgufType type, i64 v, const std::string& where) {
  const auto [low, high] = range_of(type);
  if (v < low || v > high) return fail(Errc::invalid_argument, "{}: {} does not fit {}", where, v, gguf::name_of(type));
  out.append(reinterpret_cast<const char*>(&v), gguf::scalar_bytes(type));  // little-endian
  return {};
}

void put_number(std::string& out, GgufType type, double v) {
  if (type == GgufType::f32) put(out, static_cast<float>(v));
  else put(out, v);
}

Status put_value(std::string& out, const GgufValue& v, const std::string& where) {
  put(out, static_cast<u32>(v.type));
  if (v.type == GgufType::string) {
    put_text(out, v.text);
  } else if (v.type != GgufType::array) {
    if (!gguf::is_float(v.type)) return put_integer(out, v.type, v.integer, where);
    put_number(out, v.type, v.number);
  } else {
    const GgufType element = v.array.type;
    if (element == GgufType::array) return fail(Errc::invalid_argument, "{}: an array of arrays", where);
    put(out, static_cast<u32>(element));
    put(out, static_cast<u64>(v.array.size()));
    if (element == GgufType::string) {
      for (const std::string& text : v.array.texts) put_text(out, text);
    } else if (gguf::is_float(element)) {
      for (const double d : v.array.numbers) put_number(out, element, d);
    } else {
      for (const i64 i : v.array.integers) R1_TRY(put_integer(out, element, i, where));
    }
  }
  return {};
}

Result<i64> alignment_of(std::span<const std::pair<std::string, GgufValue>> metadata) {
  for (const auto& [key, value] : metadata) {
    if (key != gguf::kAlignmentKey) continue;
    const i64 n = value.integer;
    if (value.type != GgufType::uint32 || n < gguf::kMinAlignment || n > gguf::kMaxAlignment ||
        !std::has_single_bit(static_cast<u64>(n))) {
      return fail(Errc::invalid_argument, "{}: expected a u32 power of two from {} to {}, found {} {}", key,
                  gguf::kMinAlignment, gguf::kMaxAlignment, gguf::name_of(value.type), n);
    }
    return n;
  }
  return gguf::kDefaultAlignment;
}

Status put_pairs(std::string& out, std::span<const std::pair<std::string, GgufValue>> metadata) {
  std::set<std::string_view> seen;
  for (const auto& [key, value] : metadata) {
    if (key.empty() || key.size() > gguf::kMaxKey || !seen.insert(key).second) {
      return fail(Errc::invalid_argument, "metadata key {} is empty, too long or given twice", shown(key));
    }
    put_text(out, key);
    R1_TRY(put_value(out, value, shown(key)));
  }
  return {};
}

// Appends the item's info and returns its bytes.
Result<i64> put_info(std::string& out, const TensorItem& item, i64 offset) {
  const std::string where = "tensor " + shown(item.name);
  const auto type = gguf::tensor_type_id(item.dtype);
  if (!type) return fail(Errc::unsupported, "{}: GGUF has no type {}", where, name_of(item.dtype));
  if (item.name.empty() || item.name.size() > gguf::kMaxTensorName) {
    return fail(Errc::invalid_argument, "{}: a name of {} bytes, expected 1 to {}", where, item.name.size(),
                gguf::kMaxTensorName);
  }
  if (item.shape.empty() || item.shape.size() > gguf::kMaxDims || std::count(item.shape.begin(), item.shape.end(), 0)) {
    return fail(Errc::invalid_argument, "{}: shape {}, expected 1 to {} sizes above 0", where, shape_text(item.shape),
                gguf::kMaxDims);
  }
  const i64 bytes = R1_TRY(bytes_of_shape(item.dtype, item.shape, where));
  put_text(out, item.name);
  put(out, static_cast<u32>(item.shape.size()));
  for (auto n = item.shape.rbegin(); n != item.shape.rend(); ++n) put(out, *n);
  put(out, *type);
  put(out, offset);
  return bytes;
}

}  // namespace

Status write_gguf(const std::filesystem::path& path, std::span<const std::pair<std::string, GgufValue>> metadata,
                  std::span<const TensorItem> items) {
  const i64 align = R1_TRY(alignment_of(metadata));
  std::string header(gguf::kMagic);
  put(header, gguf::kVersion);
  put(header, static_cast<i64>(items.size()));
  put(header, static_cast<i64>(metadata.size()));
  R1_TRY(put_pairs(header, metadata));
  std::vector<i64> sizes;
  std::set<std::string_view> names;
  i64 offset = 0;
  for (const TensorItem& item : items) {
    if (!names.insert(item.name).second) {
      return fail(Errc::invalid_argument, "tensor {} is given twice", shown(item.name));
    }
    sizes.push_back(R1_TRY(put_info(header, item, offset)));
    offset += round_up(sizes.back(), align);
  }
  TensorFile out = R1_TRY(TensorFile::create(path));
  R1_TRY(out.write(header.data(), static_cast<i64>(header.size())));
  for (size_t i = 0; i < items.size(); ++i) {
    R1_TRY(out.pad_to(align));
    R1_TRY(out.write_item(items[i], sizes[i]));
  }
  if (!items.empty()) R1_TRY(out.pad_to(align));
  return out.commit();
}

}  // namespace r1
