// Everything one forward pass needs, handed down explicitly. tape set: training. kv set: inference with a cache.
// Neither: scoring. Both: a bug.
#pragma once
#include <vector>

#include "core/batch.hpp"
#include "core/kv_view.hpp"
#include "core/tape.hpp"
#include "core/tensor.hpp"
#include "core/thread_pool.hpp"

namespace r1 {

namespace cpu {
struct Kernels;  // kernels/cpu/kernels.hpp
}

// What is rounded where. Within one level (Kernels) and one Numerics, a row's bits depend on that row alone.
struct Numerics {
  DType matmul = DType::f32;  // inputs of matrix products: f32, or rounded to bf16; accumulation is always f32
  DType kv = DType::f32;      // k, v (or the latent) are rounded to this wherever they would be cached, cache or not
  MlaForm mla = MlaForm::expanded;
  // Weights of Q8_0, Q4_0, Q4_K, Q5_K and Q6_K meet activations rounded to 8 bits, in exact integers a block at a time:
  // for serving. Else, and for all other types, their values are multiplied as `matmul` says.
  bool integer_blocks = false;
};

// What routing leaves behind in training. Loads are counted over the whole optimizer batch (several passes may share
// one observer); the bias update reads them.
struct RouteObserver {
  float balance_weight = 0;            // alpha / sequences in the optimizer batch; 0: no balance loss
  double balance_loss = 0;             // summed over layers and sequences, balance_weight included
  std::vector<std::vector<i64>> load;  // [layer][expert] tokens routed
};

struct Pass {
  const Batch& batch;
  Arena& arena;
  ThreadPool& pool;
  const cpu::Kernels& kernels;
  Numerics numerics{};
  Tape* tape = nullptr;
  KvView* kv = nullptr;
  RouteObserver* routes = nullptr;
  bool recompute = false;  // with a tape: keep each layer's input only and run the layer again in backward

  Tensor alloc(i64 rows, i64 cols) const { return arena.alloc(rows, cols); }
};

}  // namespace r1
