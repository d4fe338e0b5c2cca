// Stored elements to f32: f16, bf16, FP8 and every block type of ggml. One multiplication (and for types with a minimum
// one addition) per element after the block's scale is known, in ggml's order, so the bits are ggml's and the same at
// every level. Pointers need no alignment. Source of the layouts: ggml's ggml-common.h and ggml-quants.c.
#pragma once
#include "core/dtype.hpp"

namespace r1::cpu {

struct DequantizeKernels {
  // n elements, a multiple of the type's block. Any type but f8_e4m3, whose scales lie elsewhere.
  void (*row)(DType dtype, float* dst, const std::byte* src, i64 n);
  // E4M3 bytes times scale: sign, 4 bits of exponent (bias 7), 3 of mantissa; no infinities, 0x7f and 0xff are NaN.
  void (*f8)(float* dst, const std::byte* src, i64 n, float scale);
};

}  // namespace r1::cpu
