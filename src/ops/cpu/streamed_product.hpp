// Products with weights that are read as they lie, a few panels at a time: blocks and FP8 in a mapped file. Nothing of
// a weight's size is ever allocated: a task dequantises some panels by some of k into its thread's scratch, packs them
// and multiplies all rows. Values, panels and order of sums are those of the same weight kept as f32, so the bits are
// too. With numerics.integer_blocks, types that have an integer product (kernels/cpu/block_dot.hpp) take that going
// forward.
#pragma once
#include <span>

#include "ops/cpu/product.hpp"

namespace r1 {

// Is `w` multiplied so, rather than through a pack that stays? Whatever is not plain; plain weights may be.
inline bool streams(const Weight& w) { return !is_plain(w.dtype()); }

// `rows` rows of C [rows, n] (+)= A · Wᵀ or, backward, A · W. A is f32 with layout rows; an index picks its rows.
struct WeightProduct {
  const Weight* w = nullptr;
  Direction direction = Direction::forward;
  cpu::MatrixView a;
  i64 rows = 0;
  float* c = nullptr;
  i64 ldc = 0;
  bool accumulate = false;

  i64 k() const { return direction == Direction::forward ? w->cols() : w->rows(); }
  i64 n() const { return direction == Direction::forward ? w->rows() : w->cols(); }
};

// All of them, in one fork. No product may read what another writes.
void multiply_streamed(const Pass& p, std::span<const WeightProduct> products);

}  // namespace r1
