// Internal to the attention ops: where keys lie, and how queries are spread over the threads.
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "core/pass.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/ops.hpp"

namespace r1 {

static_assert(cpu::kBlockKeys == kPageTokens, "an attention block is a page");

// Attention over keys and values per head, as latent attention (expanded) and grouped queries have it: every
// heads / kv_heads query heads share one key and value head; k_r, if there is one, is shared by all.
struct HeadDims {
  i64 heads = 0, kv_heads = 0, nope = 0, rope = 0, v = 0;
  float scale = 0;
  i64 group() const { return heads / kv_heads; }
  KvLayout layout(DType dtype) const { return {MlaForm::expanded, dtype, 1, kv_heads, nope, rope, v, 0}; }
};

// Consecutive rows of the batch that belong to one sequence.
struct RowRun {
  i64 seq, begin, end;
  i64 rows() const { return end - begin; }
};

// The key blocks of every sequence of the batch: the cache's pages, or pages of the same layout in scratch.
class AttentionKeys {
 public:
  // The pages of `layer`, which must be laid out as `expected`.
  static AttentionKeys cached(const Pass& p, i64 layer, const KvLayout& expected);
  // Scratch pages for positions 0..lengths[s]-1 of every sequence.
  static AttentionKeys scratch(const Pass& p, const KvLayout& layout, const std::vector<i32>& lengths);

  cpu::KeyPages of(i64 seq, i64 head) const;

  // Row i of k_c, k_r, v becomes position first + i of sequence run.seq, where i counts from run.begin.
  // Latent pages: k_c is c, v is empty.
  struct Source {
    RowRun run;
    i64 first;
  };
  void store(const Pass& p, const std::vector<Source>& sources, const Tensor& k_c, const Tensor& k_r,
             const Tensor& v) const;

  // The latents at positions 0..n-1 of a sequence as they are stored (rounded), to rows of c and k_r. Latent pages
  // only.
  void read_latents(i64 seq, i64 n, float* c, float* k_r) const;

 private:
  std::byte* page(i64 seq, i64 block) const;

  cpu::KeyPages head0_;
  std::byte* base_ = nullptr;
  i64 heads_ = 0;
  const KvView* kv_ = nullptr;
  std::vector<i32> first_page_;  // scratch: of every sequence
  Tensor memory_;
};

// Scratch of one thread each, cache lines apart.
class WorkerScratch {
 public:
  WorkerScratch(const Pass& p, i64 floats);
  float* of(int worker) const { return memory_.row(worker); }

 private:
  Tensor memory_;
};

// Splits [0, n) over the threads, f(i, worker); runs on the caller alone when `work` multiply-adds are not worth a
// fork.
template <class F>
void spread(ThreadPool& pool, i64 n, double work, F&& f) {
  constexpr double kForkWork = 200e3;  // some ten microseconds of one core
  if (n == 0) return;
  if (work < kForkWork) {
    for (i64 i = 0; i < n; ++i) f(i, 0);
    return;
  }
  const i64 grain = std::max<i64>(1, static_cast<i64>(static_cast<double>(n) * kForkWork / 4 / work));
  pool.ranges(n, grain, [&](i64 begin, i64 end, int worker) {
    for (i64 i = begin; i < end; ++i) f(i, worker);
  });
}

// One call of the attend kernel.
struct AttendUnit {
  cpu::Queries queries;
  cpu::KeyPages keys;
  cpu::AttentionOutput out;
};

// Runs the units unit(0..n-1). `work`: multiply-adds of all. `rows`, `blocks`: the most that one unit has. When every
// unit's rows stand at one position and the units are too few for the threads, the threads split the blocks and the
// partials are merged in order: the same bits.
void attend_units(const Pass& p, i64 n, const std::function<AttendUnit(i64)>& unit, double work, i64 rows, i64 blocks,
                  bool one_position);

// Without a cache every sequence of the batch starts at position 0.
void check_positions(const Pass& p, const char* op);

// o[t,h] = Σ_j softmax_j(scale · (q_c[t,h]·k_c[j,g] + q_r[t,h]·k_r[j])) v[j,g], g = h / group; with its backward.
// Writes the batch's keys into the cache's pages, or into scratch. q_r and k_r are empty where rope is 0.
Tensor attend_heads(Pass& p, i64 layer, const HeadDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& k_c,
                    const Tensor& k_r, const Tensor& v);

// The same for the rows of `runs` over keys that are stored already: o [T, heads·v], stats [T, 2·heads]: max | sum.
void attend_stored(const Pass& p, const HeadDims& d, const AttentionKeys& keys, const std::vector<RowRun>& runs,
                   const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Tensor& stats);

Tensor mla_attend_mixed(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                        const Tensor& k_r, const Weight& w_uk, const Weight& w_uv);

}  // namespace r1
