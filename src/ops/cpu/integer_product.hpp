// Products of blocks with activations rounded to 8 bits: kernels/cpu/block_dot.hpp over a pass's threads.
#pragma once
#include "ops/cpu/streamed_product.hpp"

namespace r1 {

// Does the pass want this product so, and is there a kernel for its type?
bool in_integers(const Pass& p, const WeightProduct& x);

// All of them, of which in_integers() is true: activations quantised in one fork, products in another.
void multiply_integers(const Pass& p, std::span<const WeightProduct> products);

}  // namespace r1
