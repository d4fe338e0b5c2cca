#include "ops/cpu/dequantize.hpp"

#include <algorithm>
#include <cstring>

#include "core/integer.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {

void dequantize(const cpu::Kernels& kernels, const Weight& w, i64 begin, i64 end, float* dst) {
  R1_CHECK(0 <= begin && begin <= end && end <= w.rows(), "dequantize: rows [{},{}) of {} {}", begin, end, w.name(),
           w.shape());
  if (w.dtype() != DType::f8_e4m3) return dequantize(kernels, w.dtype(), w.row(begin), dst, (end - begin) * w.cols());
  for (i64 r = begin; r < end; ++r, dst += w.cols()) dequantize_columns(kernels, w, r, 0, w.cols(), dst);
}

void dequantize_columns(const cpu::Kernels& kernels, const Weight& w, i64 r, i64 begin, i64 count, float* dst) {
  const std::byte* const src = w.row(r) + row_bytes(w.dtype(), begin);
  if (w.dtype() != DType::f8_e4m3) return kernels.dequantize.row(w.dtype(), dst, src, count);
  const std::byte* const scales = w.scales() + r / kScaleBlock * ceil_div(w.cols(), kScaleBlock) * i64{sizeof(float)};
  for (i64 c = 0; c < count; c += kScaleBlock) {
    float scale = 0;
    std::memcpy(&scale, scales + (begin + c) / kScaleBlock * i64{sizeof(float)}, sizeof scale);
    kernels.dequantize.f8(dst + c, src + c, std::min(kScaleBlock, count - c), scale);
  }
}

void dequantize(const cpu::Kernels& kernels, DType dtype, const std::byte* src, float* dst, i64 n) {
  R1_CHECK(dtype != DType::f8_e4m3, "dequantize: FP8 needs its scales");
  R1_CHECK(n >= 0 && n % block_of(dtype).elements == 0, "dequantize: {} elements of {}", n, name_of(dtype));
  kernels.dequantize.row(dtype, dst, src, n);
}

}  // namespace r1
