// Products of weights in blocks with activations rounded to 8 bits: kernels/cpu/block_dot.hpp over the threads of a
// pass.
#pragma once
#include "ops/cpu/streamed_product.hpp"

namespace r1 {

// Whether the numerics ask for an integer product and the weight's type has a kernel for it.
bool in_integers(const ProductNumerics& numerics, const WeightProduct& x);

// Blocks as the integer kernels read them: the rows of a weight one after another, or their pack.
struct DotBlocks {
  const std::byte* bytes = nullptr;
  bool packed = false;
};
// The pack of the level's kernels, which is made once and stays with the weight, or the weight's own rows if the level
// has no packs.
DotBlocks packed_blocks(const Pass& p, const Weight& w);

// `rows` rows of C [rows, n] = A · Wᵀ with W [n, k] in blocks of `type`. A is f32 with layout rows; an index may select
// its rows.
struct IntegerProduct {
  DType type = DType::q8_0;  // one with an integer kernel
  DotBlocks w{};
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
