#include "formats/gguf_layout.hpp"

#include <cstring>
#include <limits>

namespace r1::gguf {
namespace {

struct MetadataType {
  const char* name;
  i64 bytes;
};
constexpr MetadataType kMetadataTypes[kTypes] = {{"u8", 1},  {"i8", 1},  {"u16", 2},  {"i16", 2},    {"u32", 4},
                                                 {"i32", 4}, {"f32", 4}, {"bool", 1}, {"string", 0}, {"array", 0},
                                                 {"u64", 8}, {"i64", 8}, {"f64", 8}};

constexpr TensorType block_type(i32 id, const char* name, DType t) {
  return {id, name, t, block_of(t).elements, block_of(t).bytes};
}

constexpr TensorType kTensorTypes[] = {
    block_type(0, "F32", DType::f32),
    block_type(1, "F16", DType::f16),
    block_type(2, "Q4_0", DType::q4_0),
    block_type(3, "Q4_1", DType::q4_1),
    {4, "Q4_2", {}, 0, 0},
    {5, "Q4_3", {}, 0, 0},
    block_type(6, "Q5_0", DType::q5_0),
    block_type(7, "Q5_1", DType::q5_1),
    block_type(8, "Q8_0", DType::q8_0),
    {9, "Q8_1", {}, 32, 36},
    block_type(10, "Q2_K", DType::q2_k),
    block_type(11, "Q3_K", DType::q3_k),
    block_type(12, "Q4_K", DType::q4_k),
    block_type(13, "Q5_K", DType::q5_k),
    block_type(14, "Q6_K", DType::q6_k),
    block_type(15, "Q8_K", DType::q8_k),
    block_type(16, "IQ2_XXS", DType::iq2_xxs),
    block_type(17, "IQ2_XS", DType::iq2_xs),
    block_type(18, "IQ3_XXS", DType::iq3_xxs),
    block_type(19, "IQ1_S", DType::iq1_s),
    block_type(20, "IQ4_NL", DType::iq4_nl),
    block_type(21, "IQ3_S", DType::iq3_s),
    block_type(22, "IQ2_S", DType::iq2_s),
    block_type(23, "IQ4_XS", DType::iq4_xs),
    {24, "I8", {}, 1, 1},
    {25, "I16", {}, 1, 2},
    {26, "I32", {}, 1, 4},
    {27, "I64", {}, 1, 8},
    {28, "F64", {}, 1, 8},
    block_type(29, "IQ1_M", DType::iq1_m),
    block_type(30, "BF16", DType::bf16),
    {31, "Q4_0_4_4", {}, 0, 0},
    {32, "Q4_0_4_8", {}, 0, 0},
    {33, "Q4_0_8_8", {}, 0, 0},
    block_type(34, "TQ1_0", DType::tq1_0),
    block_type(35, "TQ2_0", DType::tq2_0),
    {36, "IQ4_NL_4_4", {}, 0, 0},
    {37, "IQ4_NL_4_8", {}, 0, 0},
    {38, "IQ4_NL_8_8", {}, 0, 0},
    block_type(39, "MXFP4", DType::mxfp4),
    block_type(40, "NVFP4", DType::nvfp4),
    {41, "Q1_0", {}, 128, 18},
    {42, "Q2_0", {}, 64, 18},
};

template <class T>
T load(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

}  // namespace

i64 scalar_bytes(GgufType type) { return kMetadataTypes[static_cast<int>(type)].bytes; }
const char* name_of(GgufType type) { return kMetadataTypes[static_cast<int>(type)].name; }

bool is_float(GgufType type) { return type == GgufType::f32 || type == GgufType::f64; }
bool is_integer(GgufType type) { return !is_float(type) && type != GgufType::string && type != GgufType::array; }

std::optional<i64> integer_at(GgufType type, const std::byte* p) {
  switch (type) {
    case GgufType::uint8: return load<u8>(p);
    case GgufType::boolean: return load<u8>(p) != 0;  // any other byte is true, as in the reference
    case GgufType::int8: return load<i8>(p);
    case GgufType::uint16: return load<u16>(p);
    case GgufType::int16: return load<std::int16_t>(p);
    case GgufType::uint32: return load<u32>(p);
    case GgufType::int32: return load<i32>(p);
    case GgufType::int64: return load<i64>(p);
    case GgufType::uint64: {
      const u64 v = load<u64>(p);
      if (v > static_cast<u64>(std::numeric_limits<i64>::max())) return {};
      return static_cast<i64>(v);
    }
    default: R1_CHECK(false, "{} is no integer type", name_of(type)); return {};
  }
}

double number_at(GgufType type, const std::byte* p) {
  if (type == GgufType::f32) return static_cast<double>(load<float>(p));
  if (type == GgufType::f64) return load<double>(p);
  if (type == GgufType::uint64) return static_cast<double>(load<u64>(p));
  return static_cast<double>(*integer_at(type, p));
}

const TensorType* tensor_type(i32 id) {
  constexpr i32 kCount = sizeof kTensorTypes / sizeof *kTensorTypes;
  static_assert(kTensorTypes[kCount - 1].id == kCount - 1, "ids are indices");
  return id >= 0 && id < kCount ? &kTensorTypes[id] : nullptr;
}

std::optional<i32> tensor_type_id(DType t) {
  for (const TensorType& type : kTensorTypes)
    if (type.dtype == t) return type.id;
  return {};
}

}  // namespace r1::gguf
