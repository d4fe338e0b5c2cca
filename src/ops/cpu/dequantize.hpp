// Stored weights as f32, on one thread, by the kernels that the caller names. The bits are the same at every level.
#pragma once
#include "core/weight.hpp"

namespace r1 {

namespace cpu {
struct Kernels;
}

// Rows [begin, end) of a weight of any dtype; FP8 values include their scales. dst is [end - begin, cols].
void dequantize(const cpu::Kernels& kernels, const Weight& w, i64 begin, i64 end, float* dst);

// Elements [begin, begin + count) of row r. Both `begin` and `count` are multiples of the type's block, and for FP8
// `begin` is a multiple of kScaleBlock.
void dequantize_columns(const cpu::Kernels& kernels, const Weight& w, i64 r, i64 begin, i64 count, float* dst);

// n elements of any type but f8_e4m3; n is a multiple of the type's block.
void dequantize(const cpu::Kernels& kernels, DType dtype, const std::byte* src, float* dst, i64 n);

}  // namespace r1
