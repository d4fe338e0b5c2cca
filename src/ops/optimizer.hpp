// What an optimizer does to weights, over the threads of a pool. Results do not depend on the thread count: partitions
// are fixed, sums are added in order.
#pragma once
#include <span>

#include "core/thread_pool.hpp"
#include "core/weight.hpp"

namespace r1 {

namespace cpu {
struct Kernels;
}

struct AdamW {
  float lr = 0, beta1 = 0, beta2 = 0, eps = 0, weight_decay = 0;
  float grad_scale = 1;  // the clip: gradients are multiplied by it first
  i64 step = 1;          // 1-based, for the bias correction
};

struct AdamWTarget {
  Weight weight;
  float *m = nullptr, *v = nullptr;  // [weight.size()]
  bool decay = true;
};

// w −= lr·(m̂ / (√v̂ + eps) + weight_decay·w) for every target; raises versions and clears gradients.
void adamw_step(ThreadPool& pool, const cpu::Kernels& kernels, std::span<const AdamWTarget> targets, const AdamW& h);

// Σ of squares of all gradients of the trainable weights, in double.
double grad_sum_squares(ThreadPool& pool, const cpu::Kernels& kernels, std::span<const Weight> weights);

}  // namespace r1
