// Products with weights that are read in their stored form, a few panels at a time: blocks and FP8, mostly in a mapped
// file. Nothing of the size of a weight is ever allocated. A task dequantises some panels of a part of k into the
// scratch memory of its thread, packs them and multiplies all rows with them. The values, the panels and the order of
// the sums are those of the same weight stored as f32, so the bits are the same too.
//
// With integer_blocks, forward products with types that have an integer kernel (kernels/cpu/block_dot.hpp) use it.
#pragma once
#include <span>

#include "ops/cpu/product.hpp"

namespace r1 {

// Whether products read `w` in its stored form. Products with plain weights go through packs that stay in memory,
// except those of a mixture that is streamed as a whole.
inline bool streams(const Weight& w) { return !is_plain(w.dtype()); }

// `rows` rows of C [rows, n] = or += A · Wᵀ; backward: A · W. A is f32 with layout rows; an index may select its rows.
struct WeightProduct {
  const Weight* w = nullptr;
  Direction direction = Direction::forward;
  cpu::MatrixView a;
  i64 rows = 0;
  float* c = nullptr;
  i64 ldc = 0;
  Into into = Into::overwrite;
  bool may_pack = true;  // false for weights with a budget of memory, which must stay as they are stored

  i64 k() const { return direction == Direction::forward ? w->cols() : w->rows(); }
  i64 n() const { return direction == Direction::forward ? w->rows() : w->cols(); }
};

// Computes all products in one fork. No product may read the result of another.
void multiply_streamed(const Pass& p, const ProductNumerics& numerics, std::span<const WeightProduct> products);

}  // namespace r1
