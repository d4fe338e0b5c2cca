// What the tests of mla_attend share: sequences of seeded queries and keys, and runs of the op over any division of the
// sequences into passes.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/half.hpp"
#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/attention_case.hpp"
#include "ops/ops.hpp"

namespace r1 {

struct MlaSequence {
  i64 length = 0, prompt = 0;  // positions below `prompt` have Role::prompt
  std::vector<float> q_c, q_r, c, k_r;
};

struct MlaCase {
  MlaDims d;
  std::vector<MlaSequence> sequences;
  Weight w_uk, w_uv;

  // The scores spread over about 2, so that the softmax is neither flat nor dominated by one key.
  MlaCase(const MlaDims& dims, const std::vector<i64>& lengths) : d(dims) {
    d.scale = 1.5f / std::sqrt(static_cast<float>(d.nope + d.rope));
    const double w_scale = 1 / std::sqrt(static_cast<double>(d.kv_rank));
    w_uk = test_weight("w_uk", d.heads * d.nope, d.kv_rank, 1, w_scale);
    w_uv = test_weight("w_uv", d.heads * d.v, d.kv_rank, 2, w_scale);
    for (size_t s = 0; s < lengths.size(); ++s) {
      Random random(5, Purpose::test, s);
      const auto fill = [&](i64 cols) { return normal_floats(random, lengths[s] * cols); };
      MlaSequence q{lengths[s], lengths[s], {}, {}, {}, {}};
      q.q_c = fill(d.heads * d.nope), q.q_r = fill(d.heads * d.rope), q.c = fill(d.kv_rank), q.k_r = fill(d.rope);
      sequences.push_back(std::move(q));
    }
  }
};

struct MlaRun {
  const cpu::Kernels& kernels;
  Numerics numerics{};
  bool cached = false;
  int threads = 1;
  bool taped = false;
};

// The result of the op for every sequence, [length, heads·v] each. Rows that are in no pass stay zero.
inline std::vector<std::vector<float>> run_mla(const MlaCase& x, const MlaRun& how, const Passes& passes) {
  const MlaDims& d = x.d;
  std::vector<std::vector<float>> out;
  for (const MlaSequence& s : x.sequences) out.emplace_back(s.length * d.heads * d.v);
  OpTest test(how.kernels, how.threads);
  AttentionCache cache(x, {how.numerics.mla, how.numerics.kv, 2, d.heads, d.nope, d.rope, d.v, d.kv_rank});
  for (const std::vector<Chunk>& chunks : passes) {
    test.batch = Batch();
    cache.view.tables.clear();
    for (const Chunk& k : chunks) {
      test.batch.add_sequence(std::vector<i32>(k.end - k.begin), k.begin);
      const MlaSequence& s = x.sequences[k.seq];
      for (i64 t = k.begin; t < k.end; ++t)
        test.batch.roles[test.batch.roles.size() - (k.end - t)] = t < s.prompt ? Role::prompt : Role::generated;
      cache.view.tables.push_back(cache.tables[k.seq]);
    }
    Tape tape(test.arena);
    Pass p = test.pass(how.taped ? &tape : nullptr);
    p.numerics = how.numerics;
    if (how.cached) p.kv = &cache.view;
    const i64 rows = test.batch.rows();
    const Tensor q_c = p.alloc(rows, d.heads * d.nope), q_r = p.alloc(rows, d.heads * d.rope);
    const Tensor c = p.alloc(rows, d.kv_rank), k_r = p.alloc(rows, d.rope);
    gather(x, chunks, &MlaSequence::q_c, q_c.cols(), q_c), gather(x, chunks, &MlaSequence::q_r, q_r.cols(), q_r);
    gather(x, chunks, &MlaSequence::c, c.cols(), c), gather(x, chunks, &MlaSequence::k_r, k_r.cols(), k_r);
    const Tensor o = mla_attend(p, 1, d, q_c, q_r, c, k_r, x.w_uk, x.w_uv);
    scatter(o, chunks, out);
  }
  return out;
}

}  // namespace r1
