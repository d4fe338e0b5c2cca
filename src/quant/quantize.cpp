#include "quant/quantize.hpp"

#include <cmath>

#include "quant/quantize_blocks.hpp"

namespace r1 {
namespace {

encode::Encoder encoder_of(DType dtype) {
  switch (dtype) {
    case DType::q4_0: return encode::q4_0;
    case DType::q4_1: return encode::q4_1;
    case DType::q5_0: return encode::q5_0;
    case DType::q5_1: return encode::q5_1;
    case DType::q8_0: return encode::q8_0;
    case DType::q2_k: return encode::q2_k;
    case DType::q3_k: return encode::q3_k;
    case DType::q4_k: return encode::q4_k;
    case DType::q5_k: return encode::q5_k;
    case DType::q6_k: return encode::q6_k;
    case DType::iq4_nl: return encode::iq4_nl;
    case DType::iq4_xs: return encode::iq4_xs;
    case DType::tq1_0: return encode::tq1_0;
    case DType::tq2_0: return encode::tq2_0;
    case DType::mxfp4: return encode::mxfp4;
    default: return nullptr;
  }
}

// Blocks store their scales as f16, so they hold no more than f16 does. Sums of squares cannot overflow then either.
float largest_storable(DType dtype) { return dtype == DType::f32 || dtype == DType::bf16 ? 3.402823466e38f : 65504.0f; }

Status check_numbers(DType dtype, const float* x, i64 rows, i64 cols) {
  const float most = largest_storable(dtype);
  for (i64 r = 0; r < rows; ++r, x += cols) {
    bool good = true;
    for (i64 c = 0; c < cols; ++c) good &= std::fabs(x[c]) <= most;  // false for NaN
    for (i64 c = 0; c < cols && !good; ++c)
      if (!(std::fabs(x[c]) <= most))
        return fail(Errc::corrupt, "row {}, column {} is {}: {} holds numbers up to {}", r, c, x[c], name_of(dtype),
                    most);
  }
  return {};
}

Status check_importance(i64 cols, std::span<const float> importance) {
  if (importance.empty()) return {};
  if (static_cast<i64>(importance.size()) != cols)
    return fail(Errc::invalid_argument, "{} importance weights for {} columns", importance.size(), cols);
  for (i64 c = 0; c < cols; ++c)
    if (const float v = importance[c]; !(v >= 0 && v <= 1e30f))
      return fail(Errc::corrupt, "importance of column {} is {}", c, v);
  return {};
}

void put_plain_row(DType dtype, std::byte* dst, const float* x, i64 n) {
  if (dtype == DType::f32) {
    std::memcpy(dst, x, n * sizeof(float));
    return;
  }
  for (i64 i = 0; i < n; ++i) {
    const u16 half = dtype == DType::f16 ? f16_from_f32(x[i]) : bf16_from_f32(x[i]);
    std::memcpy(dst + 2 * i, &half, 2);
  }
}

}  // namespace

bool can_quantize(DType dtype) { return is_plain(dtype) || encoder_of(dtype); }

Status quantize_rows(DType dtype, std::byte* dst, const float* src, i64 rows, i64 cols,
                     std::span<const float> importance) {
  const encode::Encoder encoder = encoder_of(dtype);
  if (!encoder && !is_plain(dtype)) return fail(Errc::unsupported, "cannot quantise to {}", name_of(dtype));
  const BlockShape block = block_of(dtype);
  if (cols % block.elements != 0)
    return fail(Errc::invalid_argument, "rows of {} are no multiple of the {} elements of a {} block", cols,
                block.elements, block.name);
  R1_TRY(check_importance(cols, importance));
  R1_TRY(check_numbers(dtype, src, rows, cols));
  for (i64 r = 0; r < rows; ++r, src += cols, dst += row_bytes(dtype, cols)) {
    if (!encoder) {
      put_plain_row(dtype, dst, src, cols);
      continue;
    }
    auto* to = reinterpret_cast<u8*>(dst);
    for (i64 c = 0; c < cols; c += block.elements, to += block.bytes)
      encoder(to, src + c, importance.empty() ? nullptr : importance.data() + c);
  }
  return {};
}

}  // namespace r1
