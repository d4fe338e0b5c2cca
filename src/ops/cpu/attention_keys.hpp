// Internal to the attention ops: where keys and values are stored, and how the calls of the kernels are spread over the
// threads of a pass.
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "core/pass.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/ops.hpp"

namespace r1 {

static_assert(cpu::kBlockKeys == kPageTokens, "an attention block is a page");

// The sizes of attention with keys and values per head: grouped queries, and the expanded form of latent attention.
// Every heads / kv_heads query heads share one key and value head. All heads share k_r, if there is one.
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

// Rows whose keys are stored: the rows of a run get the positions from `first` on.
struct KeyRun {
  RowRun run;
  i64 first;
};

// The new rows of a batch: one run for each sequence that has new rows, and the number of new rows of each sequence.
struct NewRows {
  std::vector<KeyRun> runs;
  std::vector<i32> lengths;
  explicit NewRows(const Batch& b);
};

// The key blocks of every sequence of the batch: pages of the cache, or pages of the same layout in memory of the pass.
class AttentionKeys {
 public:
  // The pages of `layer` in the cache if the pass has one, else pages in memory for positions 0..lengths[s]-1 of every
  // sequence s. The cache must have `layout`.
  static AttentionKeys of_pass(const Pass& p, i64 layer, const KvLayout& layout, const std::vector<i32>& lengths);
  // Pages in memory, whether or not the pass has a cache.
  static AttentionKeys in_memory(const Pass& p, const KvLayout& layout, const std::vector<i32>& lengths);

  // The keys and values of a sequence for one head of keys, as the kernels read them. Latent pages have no heads, so
  // `head` has no effect on them.
  cpu::KeyPages of(i64 seq, i64 head) const;

  // Stores the rows of k_c, k_r and v of every run. For latent pages k_c is c, and v is empty.
  void store(const Pass& p, const std::vector<KeyRun>& runs, const Tensor& k_c, const Tensor& k_r,
             const Tensor& v) const;
  // The same for rows of one run that all go to the same page. Runs on the caller's thread.
  void store_in_page(const Pass& p, const KeyRun& rows, const Tensor& k_c, const Tensor& k_r, const Tensor& v) const;

  // For latent pages: copies the latents at positions 0..n-1 of a sequence, with the rounding of the pages, to rows of
  // c and k_r.
  void read_latents(const Pass& p, i64 seq, i64 n, float* c, float* k_r) const;

 private:
  static AttentionKeys cached(const Pass& p, i64 layer, const KvLayout& expected);
  std::byte* page(i64 seq, i64 block) const;

  cpu::KeyPages head0_;
  std::byte* base_ = nullptr;
  i64 heads_ = 0;
  const KvView* kv_ = nullptr;
  std::vector<i32> first_page_;  // of every sequence; pages in memory only
  Tensor memory_;
};

// Scratch memory, a block for each thread. The blocks share no cache line.
class WorkerScratch {
 public:
  WorkerScratch(const Pass& p, i64 floats);
  float* of(int worker) const { return memory_.row(worker); }

 private:
  Tensor memory_;
};

// Calls f(i, worker) for i in [0, n) and splits the calls over the threads. If all of them together have too few
// multiply-adds (`work`) for a fork, the caller's thread runs them.
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

// The arguments of one call of the attend kernel.
struct AttendCall {
  cpu::Queries queries;
  cpu::KeyPages keys;
  cpu::AttentionOutput out;
};

// What the calls of one attention have in common.
struct AttendCalls {
  i64 count = 0;
  double work = 0;            // multiply-adds of all calls together
  i64 rows = 0, blocks = 0;   // the largest number of query rows and of key blocks in a call
  bool one_position = false;  // in every call, all query rows have the same position
};

// Runs call(0..count-1). If there are too few calls for the threads and every call has one position, the threads split
// the key blocks of a call and merge the partials in ascending order, which gives the same bits.
void run_attend(const Pass& p, const AttendCalls& calls, const std::function<AttendCall(i64)>& call);

// Checks that, without a cache, every sequence of the batch starts at position 0.
void check_positions(const Pass& p, const char* op);

// o[t,h] = Σ_j softmax_j(scale · (q_c[t,h]·k_c[j,g] + q_r[t,h]·k_r[j])) v[j,g], g = h / group; with its backward.
// Writes the keys of the batch into the pages of the cache, or into memory of the pass. q_r and k_r are empty if
// d.rope is 0.
Tensor attend_heads(Pass& p, i64 layer, const HeadDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& k_c,
                    const Tensor& k_r, const Tensor& v);

// The same for the rows of `runs`, over keys that are already stored. Writes o [T, heads·v] and stats [T, 2·heads], the
// max and then the sum of every softmax.
void attend_stored(const Pass& p, const HeadDims& d, const AttentionKeys& keys, const std::vector<RowRun>& runs,
                   const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Tensor& stats);

// mla_attend in the mixed form.
Tensor mla_attend_mixed(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                        const Tensor& k_r, const Weight& w_uk, const Weight& w_uv);

}  // namespace r1
