#include "ops/cpu/dequantize.hpp"

#include <algorithm>
#include <cstring>

#include "core/integer.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

// Row r of an FP8 weight: each run of kScaleBlock columns has its own scale.
void dequantize_f8_row(const Weight& w, i64 r, float* dst) {
  const i64 cols = w.cols(), across = ceil_div(cols, kScaleBlock);
  const std::byte* scales = w.scales() + r / kScaleBlock * across * i64{sizeof(float)};
  for (i64 c = 0; c < cols; c += kScaleBlock, scales += sizeof(float)) {
    float scale = 0;
    std::memcpy(&scale, scales, sizeof scale);
    cpu::active().dequantize.f8(dst + c, w.row(r) + c, std::min(kScaleBlock, cols - c), scale);
  }
}

}  // namespace

void dequantize(const Weight& w, i64 begin_row, i64 end_row, float* dst) {
  R1_CHECK(0 <= begin_row && begin_row <= end_row && end_row <= w.rows(), "dequantize: rows [{},{}) of {} {}",
           begin_row, end_row, w.name(), w.shape());
  if (w.dtype() != DType::f8_e4m3)
    return dequantize(w.dtype(), w.row(begin_row), dst, (end_row - begin_row) * w.cols());
  for (i64 r = begin_row; r < end_row; ++r, dst += w.cols()) dequantize_f8_row(w, r, dst);
}

void dequantize(DType dtype, const std::byte* src, float* dst, i64 n) {
  R1_CHECK(dtype != DType::f8_e4m3, "dequantize: FP8 needs its scales");
  R1_CHECK(n >= 0 && n % block_of(dtype).elements == 0, "dequantize: {} elements of {}", n, name_of(dtype));
  cpu::active().dequantize.row(dtype, dst, src, n);
}

}  // namespace r1
