// The logits that tests compare models by.
#pragma once
#include <vector>

#include "core/threads/thread_pool.hpp"
#include "kernels/cpu/kernels.hpp"
#include "model/model.hpp"

namespace r1 {

// The logits of all tokens of three sequences.
inline std::vector<float> logits_of(const Model& model, const Numerics& numerics = {}) {
  Batch batch;
  for (const i64 n : {1, 5, 23}) {
    std::vector<i32> ids;
    for (i64 i = 0; i < n; ++i) ids.push_back(static_cast<i32>((i * i * 7 + n) % model.info().vocab));
    batch.add_sequence(ids);
  }
  batch.want_all();
  Arena arena;
  ThreadPool pool(2);
  Pass pass{batch, arena, pool, cpu::active(), numerics};
  const Output out = model.forward(pass);
  return {out.logits.data(), out.logits.data() + out.logits.size()};
}

}  // namespace r1
