// The update of weights by an optimizer, over the threads of a pool. Results do not depend on the number of threads:
// the gradients are cut into fixed pieces, and sums run in the order of the pieces.
#pragma once
#include <span>

#include "core/threads/thread_pool.hpp"
#include "core/weight.hpp"

namespace r1 {

namespace cpu {
struct Kernels;
}

struct AdamW {
  float lr = 0, beta1 = 0, beta2 = 0, eps = 0, weight_decay = 0;
  float grad_scale = 1;  // from clipping; gradients are first multiplied by it
  i64 step = 1;          // counts from 1, for the bias correction
};

struct AdamWTarget {
  Weight weight;
  float *m = nullptr, *v = nullptr;  // [weight.size()]
  bool decay = true;
};

// w −= lr·(m̂ / (√v̂ + eps) + weight_decay·w) for every target. Sets the gradients to zero and bumps the versions.
void adamw_step(ThreadPool& pool, const cpu::Kernels& kernels, std::span<const AdamWTarget> targets, const AdamW& h);

// The sum of the squares of all gradients of the trainable weights, in double.
double grad_sum_squares(ThreadPool& pool, const cpu::Kernels& kernels, std::span<const Weight> weights);

}  // namespace r1
