// Encodes rows of f32 as f16, bf16 or ggml's blocks. For each block a search finds scales with a small sum of squared
// errors, in which every error is weighted by the importance of its column. The same input gives the same bytes on
// every machine. docs/quantisation.md describes the searches.
#pragma once
#include <span>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// Whether a type can be written: plain types and blocks can. Exceptions are q8_k (which ggml uses for activations),
// nvfp4 and the grid types iq1_*, iq2_*, iq3_*, which can only be read.
bool can_quantize(DType dtype);

// Encodes src [rows, cols] into dst, which takes row_bytes(dtype, cols) for each row. `importance` is empty or has a
// weight >= 0 for each column, as an importance matrix gives it: the mean square of the activations that multiply the
// column. Plain types ignore it. Runs on one thread; rows do not depend on each other.
// Errors: a type that cannot be written; cols that are no multiple of the block; a number that is not finite or that
// the type cannot hold (with its row and column); an importance that is negative, not finite or of another length.
Status quantize_rows(DType dtype, std::byte* dst, const float* src, i64 rows, i64 cols,
                     std::span<const float> importance);

}  // namespace r1
