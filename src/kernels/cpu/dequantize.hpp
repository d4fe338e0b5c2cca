// Conversion of stored elements to f32, from f16, bf16, FP8 and every block type of ggml. Once the scale of a block is
// known, an element takes one multiplication, and one addition if the type has a minimum, in ggml's order. The bits are
// therefore ggml's, and the same at every level. Pointers need no alignment. The layouts are those of ggml's
// ggml-common.h and ggml-quants.c.
#pragma once
#include "core/dtype.hpp"

namespace r1::cpu {

struct DequantizeKernels {
  // Converts n elements, a multiple of the type's block, of any type except f8_e4m3, whose scales are stored elsewhere.
  void (*row)(DType dtype, float* dst, const std::byte* src, i64 n);
  // Converts E4M3 bytes and multiplies them by `scale`. E4M3 has a sign bit, 4 bits of exponent (bias 7) and 3 bits of
  // mantissa. It has no infinities; 0x7f and 0xff are NaN.
  void (*f8)(float* dst, const std::byte* src, i64 n, float scale);
};

}  // namespace r1::cpu
