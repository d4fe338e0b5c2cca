// f32 rows to stored elements: f16, bf16 and ggml's blocks. Scales are searched so that the sum of squared errors,
// weighted by how much each column matters, is small; the same input gives the same bytes on every machine.
// docs/quantisation.md.
#pragma once
#include <span>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// Types that can be written: plain ones and blocks, but for q8_k and nvfp4 (activations, other tools' files) and the
// grid types iq1_*, iq2_*, iq3_*.
bool can_quantize(DType dtype);

// src [rows, cols] into dst, row_bytes(dtype, cols) a row. `importance`: empty, or a weight >= 0 for each column (the
// importance matrix: mean squares of the activations that meet it); plain types ignore it.
// Err: a type that cannot be written, cols that no blocks make up, numbers that are not finite (with row and column).
// One thread; rows do not depend on each other.
Status quantize_rows(DType dtype, std::byte* dst, const float* src, i64 rows, i64 cols,
                     std::span<const float> importance);

}  // namespace r1
