#include "formats/safetensors.hpp"

#include <cstring>

#include "core/half.hpp"
#include "formats/safetensors_parse.hpp"

namespace r1 {
namespace {

Result<safetensors::File> parse_path(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return safetensors::parse(path);
  const std::filesystem::path single = path / "model.safetensors", index = path / "model.safetensors.index.json";
  if (std::filesystem::exists(single, ignored)) return safetensors::parse(single);
  if (std::filesystem::exists(index, ignored)) return safetensors::parse_shards(index);
  return fail(Errc::io, "{}: no model here: looked for model.safetensors and model.safetensors.index.json",
              path.string());
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
