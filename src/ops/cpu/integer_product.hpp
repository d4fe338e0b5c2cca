// Products of weights in blocks with activations rounded to 8 bits: kernels/cpu/block_dot.hpp over the threads of a
// pass.
#pragma once
#include "ops/cpu/streamed_product.hpp"

namespace r1 {

// Whether the numerics ask for an integer product and the weight's type has a kernel for it.
bool in_integers(const ProductNumerics& numerics, const WeightProduct& x);

// `rows` rows of C [rows, n] = A · Wᵀ with W [n, k] in blocks of `type`, whose rows follow one another. A is f32 with
// layout rows; an index may select its rows.
struct IntegerProduct {
  DType type = DType::q8_0;  // one with an integer kernel
  const std::byte* w = nullptr;
  i64 n = 0, k = 0;
  cpu::MatrixView a{};
  i64 rows = 0;
  float* c = nullptr;
  i64 ldc = 0;
};

// One fork quantises the activations, another multiplies. No product may read the result of another.
void multiply_integers(const Pass& p, std::span<const IntegerProduct> products);

// Computes products for which in_integers() is true.
void multiply_integers(const Pass& p, std::span<const WeightProduct> products);

}  // namespace r1
