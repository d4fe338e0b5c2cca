// Stored weights as f32, by the level of this processor: for those who see no kernels. One thread.
#pragma once
#include "core/weight.hpp"

namespace r1 {

// Rows [begin_row, end_row) of a weight of any dtype, FP8 with its scales included: dst [end_row - begin_row, cols].
void dequantize(const Weight& w, i64 begin_row, i64 end_row, float* dst);

// n elements of any type but f8_e4m3; n is a multiple of the type's block.
void dequantize(DType dtype, const std::byte* src, float* dst, i64 n);

}  // namespace r1
