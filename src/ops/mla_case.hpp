// What the tests of mla_attend share: sequences of seeded queries and keys, a cache to put them into, and runs of the
// op over any division of them into passes.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/half.hpp"
#include "core/philox.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/op_test.hpp"
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

  // Scores of a spread of about 2, so that softmax is neither flat nor one key alone.
  MlaCase(const MlaDims& dims, const std::vector<i64>& lengths) : d(dims) {
    d.scale = 1.5f / std::sqrt(static_cast<float>(d.nope + d.rope));
    const double w_scale = 1 / std::sqrt(static_cast<double>(d.kv_rank));
    w_uk = test_weight("w_uk", d.heads * d.nope, d.kv_rank, 1, w_scale);
    w_uv = test_weight("w_uv", d.heads * d.v, d.kv_rank, 2, w_scale);
    for (size_t s = 0; s < lengths.size(); ++s) {
      Random random(5, Purpose::test, s);
      const auto fill = [&](i64 cols) {
        std::vector<float> x(static_cast<size_t>(lengths[s] * cols));
        for (float& f : x) f = static_cast<float>(random.normal());
        return x;
      };
      MlaSequence q{lengths[s], lengths[s], {}, {}, {}, {}};
      q.q_c = fill(d.heads * d.nope), q.q_r = fill(d.heads * d.rope), q.c = fill(d.kv_rank), q.k_r = fill(d.rope);
      sequences.push_back(std::move(q));
    }
  }
};

// Pages in an order of no meaning, filled with NaN: what is read before it was written shows.
struct MlaCache {
  KvView view;
  std::vector<float> memory;
  std::vector<std::vector<i32>> tables;  // of every sequence of the case

  MlaCache(const MlaCase& x, const Numerics& n) {
    const MlaDims& d = x.d;
    view.layout = {n.mla, n.kv, 2, d.heads, d.nope, d.rope, d.v, d.kv_rank};
    i64 pages = 0;
    for (const MlaSequence& s : x.sequences) pages += s.length / kPageTokens + 1;
    for (i64 next = 0, stride = pages + 1; const MlaSequence& s : x.sequences) {
      tables.emplace_back();
      for (i64 b = 0; b * kPageTokens < s.length; ++b, ++next)
        tables.back().push_back(static_cast<i32>(stride - 1 - next));
    }
    const i64 floats = (pages + 1) * view.layout.page_bytes() / 4;
    memory.assign(static_cast<size_t>(2 * floats), std::nanf(""));
    for (const i64 l : {0, 1}) view.layer_base.push_back(reinterpret_cast<std::byte*>(memory.data() + l * floats));
  }
};

struct MlaChunk {
  i64 seq, begin, end;
};
using MlaPasses = std::vector<std::vector<MlaChunk>>;

struct MlaRun {
  const cpu::Kernels& kernels;
  Numerics numerics{};
  bool cached = false;
  int threads = 1;
  bool taped = false;
};

inline void gather(const MlaCase& x, const std::vector<MlaChunk>& chunks, std::vector<float> MlaSequence::*field,
                   i64 cols, const Tensor& to) {
  for (i64 row = 0; const MlaChunk& k : chunks) {
    const std::vector<float>& from = x.sequences[static_cast<size_t>(k.seq)].*field;
    std::copy(from.begin() + k.begin * cols, from.begin() + k.end * cols, to.row(row));
    row += k.end - k.begin;
  }
}

// The op's output for every sequence, [length, heads·v] each; rows that no pass asked for stay zero.
inline std::vector<std::vector<float>> run_mla(const MlaCase& x, const MlaRun& how, const MlaPasses& passes) {
  const MlaDims& d = x.d;
  std::vector<std::vector<float>> out;
  for (const MlaSequence& s : x.sequences) out.emplace_back(static_cast<size_t>(s.length * d.heads * d.v));
  OpTest test(how.kernels, how.threads);
  MlaCache cache(x, how.numerics);
  for (const std::vector<MlaChunk>& chunks : passes) {
    test.batch = Batch();
    cache.view.tables.clear();
    for (const MlaChunk& k : chunks) {
      test.batch.add_sequence(std::vector<i32>(static_cast<size_t>(k.end - k.begin)), k.begin);
      const MlaSequence& s = x.sequences[static_cast<size_t>(k.seq)];
      for (i64 t = k.begin; t < k.end; ++t)
        test.batch.roles[test.batch.roles.size() - static_cast<size_t>(k.end - t)] =
            t < s.prompt ? Role::prompt : Role::generated;
      cache.view.tables.push_back(cache.tables[static_cast<size_t>(k.seq)]);
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
    for (i64 row = 0; const MlaChunk& k : chunks) {
      std::copy(o.row(row), o.row(row) + (k.end - k.begin) * o.cols(),
                out[static_cast<size_t>(k.seq)].begin() + k.begin * o.cols());
      row += k.end - k.begin;
    }
  }
  return out;
}

// All sequences whole, in one pass.
inline MlaPasses whole(const MlaCase& x) {
  MlaPasses passes(1);
  for (size_t s = 0; s < x.sequences.size(); ++s) passes[0].push_back({static_cast<i64>(s), 0, x.sequences[s].length});
  return passes;
}
// Every sequence in chunks of n, the sequences side by side.
inline MlaPasses in_chunks(const MlaCase& x, i64 n) {
  MlaPasses passes;
  for (i64 begin = 0;; begin += n) {
    std::vector<MlaChunk> chunks;
    for (size_t s = 0; s < x.sequences.size(); ++s)
      if (begin < x.sequences[s].length)
        chunks.push_back({static_cast<i64>(s), begin, std::min(begin + n, x.sequences[s].length)});
    if (chunks.empty()) return passes;
    passes.push_back(chunks);
  }
}

inline bool same_bits(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  if (a.size() != b.size()) return false;
  for (size_t s = 0; s < a.size(); ++s)
    if (a[s].size() != b[s].size() || !same_bits(a[s].data(), b[s].data(), static_cast<i64>(a[s].size()))) return false;
  return true;
}

}  // namespace r1
