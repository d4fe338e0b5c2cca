// Products of weights in blocks with activations rounded to 8 bits: kernels/cpu/block_dot.hpp over the threads of a
// pass.
#pragma once
#include "ops/cpu/streamed_product.hpp"

namespace r1 {

// Whether the product runs in integers: the numerics ask for that, the weight's type has an integer kernel, and the
// product is a forward one that overwrites its result.
bool in_integers(const ProductNumerics& numerics, const WeightProduct& x);

// The blocks of a weight as the integer kernels read them: the rows one after another, or a pack of them.
struct DotBlocks {
  const std::byte* bytes = nullptr;
  bool packed = false;
};
// The pack of `w` for the kernels of the pass. The first call makes it, and it stays with the weight. If the level of
// the kernels has no packs, the result is the weight's own rows.
DotBlocks packed_blocks(const Pass& p, const Weight& w);

// One product: C [rows, n] = A · Wᵀ with W [n, k] in blocks of `type`. A is f32 in Layout::rows, and its view may
// select rows by an index.
struct IntegerProduct {
  DType type = DType::q8_0;  // one with an integer kernel
  DotBlocks w{};
  i64 n = 0, k = 0;
  cpu::MatrixView a{};
  i64 rows = 0;
  float* c = nullptr;
  i64 ldc = 0;
};

// Computes all products: one fork quantises the activations, a second one multiplies. No product may read the result of
// another.
void multiply_integers(const Pass& p, std::span<const IntegerProduct> products);

// Computes products for which in_integers() is true.
void multiply_integers(const Pass& p, std::span<const WeightProduct> products);

}  // namespace r1
