#include "formats/safetensors.hpp"

#include <cstring>

#include "core/half.hpp"
#include "core/integer.hpp"
#include "formats/model_folder.hpp"
#include "formats/safetensors_parse.hpp"

namespace r1 {
namespace {

Result<safetensors::File> parse_path(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return safetensors::parse(path);
  const std::filesystem::path single = path / kWeightsFile, index = path / kWeightsIndexFile;
  if (std::filesystem::exists(single, ignored)) return safetensors::parse(single);
  if (std::filesystem::exists(index, ignored)) return safetensors::parse_shards(index);
  return fail(Errc::io, "{}: no model here: looked for {} and {}", path.string(), kWeightsFile, kWeightsIndexFile);
}

// The "fn" kind: no infinities; 0x7f and 0xff are NaN.
float f32_from_e4m3(u8 b) {
  const u32 sign = static_cast<u32>(b & 0x80u) << 24, magnitude = b & 0x7fu;
  if (magnitude == 0x7f) return f32_from_bits(sign | 0x7fc00000u);
  if (magnitude >= 8) return f32_from_bits(sign | ((magnitude << 20) + (120u << 23)));
  const float small = static_cast<float>(magnitude) * 0x1p-9f;
  return sign ? -small : small;
}

void f8_to_f32(const StoredTensor& entry, float* dst) {
  const i64 rows = entry.shape[0], cols = entry.shape[1], across = ceil_div(cols, kScaleBlock);
  for (i64 r = 0; r < rows; ++r) {
    for (i64 c = 0; c < cols; ++c) {
      float scale;
      std::memcpy(&scale, entry.scales.data() + 4 * (r / kScaleBlock * across + c / kScaleBlock), 4);
      dst[r * cols + c] = f32_from_e4m3(static_cast<u8>(entry.bytes[r * cols + c])) * scale;
    }
  }
}

}  // namespace

Result<Safetensors> Safetensors::open(const std::filesystem::path& path) {
  safetensors::File parsed = R1_TRY(parse_path(path));
  R1_TRY(safetensors::join_scales(parsed, path.string()));
  Safetensors file;
  file.tensors_ = std::move(parsed.tensors);
  file.unsupported_ = std::move(parsed.unsupported);
  file.metadata_ = std::move(parsed.metadata);
  file.keep_ = std::move(parsed.keep);
  return file;
}

std::string unsupported_type(std::string_view type) { return fmt::format("element type {} is not supported", type); }

void to_f32(const StoredTensor& entry, float* dst) {
  if (entry.bytes.empty()) return;
  if (entry.dtype == DType::f8_e4m3) return f8_to_f32(entry, dst);
  R1_CHECK(is_plain(entry.dtype), "to_f32: {} is {}", entry.name, name_of(entry.dtype));
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

}  // namespace r1
