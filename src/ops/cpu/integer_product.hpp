// Products of weights in blocks with activations rounded to 8 bits: kernels/cpu/block_dot.hpp over the threads of a
// pass.
#pragma once
#include "ops/cpu/streamed_product.hpp"

namespace r1 {

// Whether the numerics ask for an integer product and the weight's type has a kernel for it.
bool in_integers(const ProductNumerics& numerics, const WeightProduct& x);

// Computes products for which in_integers() is true: one fork quantises the activations, another multiplies.
void multiply_integers(const Pass& p, std::span<const WeightProduct> products);

}  // namespace r1
