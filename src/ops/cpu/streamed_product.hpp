// Products with weights that are read in their stored form, a few panels at a time: blocks, FP8, and large matrices in
// bf16 and f16, mostly in a mapped file. A task dequantises some panels of a part of k into the scratch memory of its
// thread, packs them and multiplies all rows with them. The values, the panels and the order of the sums are those of
// the same weight stored as f32, so the bits are the same too. Forward products read a matrix in bf16 or f16 in this
// way only until its pack is due (Weight::pack_is_due), and then use the pack.
//
// With integer_blocks, products for which in_integers() of integer_product.hpp is true use the integer kernels.
#pragma once
#include <span>

#include "ops/cpu/product.hpp"

namespace r1 {

// Weights in bf16 and f16 of at least so many elements are read where they lie until their packs are due, so that the
// first token does not wait for the packs of a whole model.
inline constexpr i64 kReadInPlace = i64{1} << 18;

// Whether products can read `w` in its stored form. Products with other plain weights go through packs from the first
// on, except those of a mixture that is streamed as a whole.
inline bool streams(const Weight& w) {
  return !is_plain(w.dtype()) || (w.dtype() != DType::f32 && w.size() >= kReadInPlace);
}

// One product: C [rows, n] = A · Wᵀ, or C += A · Wᵀ, as `into` says. Backward, A · W takes the place of A · Wᵀ. A is
// f32 in Layout::rows, and its view may select rows by an index.
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
