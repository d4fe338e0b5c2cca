// Attention over keys and values per head: grouped queries, and the expanded form of latent attention.
#include <algorithm>

#include "core/integer.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/attention_keys.hpp"
#include "ops/cpu/rows.hpp"

namespace r1 {
namespace {

// The backward pass. A task takes one key head of one sequence and the query heads that share it, in ascending order,
// so the order of all sums is fixed.
struct HeadsBackward {
  Pass p;
  HeadDims d;
  std::vector<RowRun> runs;
  AttentionKeys keys;
  Tensor q_c, q_r, k_c, k_r, v, o, stats;

  void operator()(Grads& g) const {
    const Tensor d_o = g[o];
    const GradientRows dq_c(g, q_c), dk_c(g, k_c), dv(g, v);
    const GradientRows dq_r = d.rope ? GradientRows(g, q_r) : GradientRows();
    // Of every head, because the heads share k_r.
    const Tensor dk_r_heads = d.rope ? p.alloc(k_r.rows(), d.heads * d.rope) : Tensor();
    const GradientRows dk_r_rows = d.rope ? GradientRows(dk_r_heads) : GradientRows();
    const WorkerScratch scratch(p, cpu::attend_backward_scratch_floats(keys.of(0, 0)));
    p.pool.run(std::ssize(runs) * d.kv_heads, [&](i64 task, int worker) {
      const RowRun& run = runs[task / d.kv_heads];
      const i64 kv = task % d.kv_heads, t = run.begin;
      float* const dk_c_head = dk_c.ready(t, run.end, kv * d.nope, d.nope);
      float* const dv_head = dv.ready(t, run.end, kv * d.v, d.v);
      for (i64 h = kv * d.group(); h < (kv + 1) * d.group(); ++h) {
        const cpu::Queries q{.rows = run.rows(),
                             .q_c = q_c.row(t) + h * d.nope,
                             .q_r = q_r.row(t) + h * d.rope,
                             .q_c_stride = q_c.cols(),
                             .q_r_stride = q_r.cols(),
                             .scale = d.scale};
        const cpu::AttentionOutput out{o.row(t) + h * d.v, o.cols(), stats.row(t) + h, stats.row(t) + d.heads + h,
                                       stats.cols()};
        const cpu::AttentionGradients to{.d_o = d_o.row(t) + h * d.v,
                                         .dq_c = dq_c.ready(t, run.end, h * d.nope, d.nope),
                                         .dq_r = dq_r.ready(t, run.end, h * d.rope, d.rope),
                                         .dk_c = dk_c_head,
                                         .dk_r = dk_r_rows.ready(t, run.end, h * d.rope, d.rope),
                                         .dv = dv_head,
                                         .dk_c_stride = dk_c.stride(),
                                         .dk_r_stride = dk_r_rows.stride(),
                                         .dv_stride = dv.stride()};
        p.kernels.attention.attend_backward(q, keys.of(run.seq, kv), out, to, scratch.of(worker));
      }
    });
    if (!d.rope) return;
    const GradientRows dk_r(g, k_r);
    for_rows(p, k_r.rows(), d.heads * d.rope, [&](i64 begin, i64 end) {
      for (i64 t = begin; t < end; ++t) {
        float* const to = dk_r.ready(t, t + 1);
        for (i64 h = 0; h < d.heads; ++h) p.kernels.elementwise.accumulate(to, dk_r_heads.row(t) + h * d.rope, d.rope);
      }
    });
  }
};

// The query rows of one call of the kernel: several rows of one head, or one row of all heads that share their keys.
struct QueryTile {
  RowRun run;
  i64 head, heads;
};

AttendCall call_of(const Batch& batch, const HeadDims& d, const AttentionKeys& keys, const QueryTile& x,
                   const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Tensor& stats) {
  const i64 h = x.head, t = x.run.begin, position = batch.positions[t];
  const cpu::KeyPages pages = keys.of(x.run.seq, h / d.group());
  const float *qc = q_c.row(t) + h * d.nope, *qr = q_r.row(t) + h * d.rope;
  float *to = o.row(t) + h * d.v, *max = stats.row(t) + h, *sum = stats.row(t) + d.heads + h;
  if (x.heads > 1) return {{x.heads, position, 0, qc, qr, d.nope, d.rope, d.scale}, pages, {to, d.v, max, sum, 1}};
  return {{x.run.rows(), position, 1, qc, qr, q_c.cols(), q_r.cols(), d.scale},
          pages,
          {to, o.cols(), max, sum, stats.cols()}};
}

std::vector<RowRun> row_runs(const std::vector<KeyRun>& runs) {
  std::vector<RowRun> all;
  for (const KeyRun& r : runs) all.push_back(r.run);
  return all;
}

// Takes the decoded rows, the runs of a single row, out of `runs` if there are enough of them to give every thread its
// share in whole sequences.
std::vector<KeyRun> take_decoded(const Pass& p, std::vector<KeyRun>& runs) {
  std::vector<KeyRun> decoded, others;
  i64 keys = 0, longest = 0;
  for (const KeyRun& r : runs) {
    const bool one = r.run.rows() == 1;
    (one ? decoded : others).push_back(r);
    if (one) keys += r.first + 1, longest = std::max(longest, r.first + 1);
  }
  if (keys < 2 * p.pool.threads() * longest) return {};
  runs = std::move(others);
  return decoded;
}

}  // namespace

void attend_stored(const Pass& p, const HeadDims& d, const AttentionKeys& keys, const std::vector<RowRun>& runs,
                   const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Tensor& stats) {
  // Rows of a call: enough of them to use a key block several times, and few enough to share the load among the
  // threads.
  constexpr i64 kMostRows = 8 * cpu::kQueryTile;
  std::vector<QueryTile> tiles;
  AttendCalls calls{.one_position = true};
  for (const RowRun& run : runs)
    for (i64 begin = run.begin; begin < run.end; begin += kMostRows) {
      const RowRun rows{run.seq, begin, std::min(begin + kMostRows, run.end)};
      const i64 heads = rows.rows() == 1 ? d.group() : 1;
      for (i64 h = 0; h < d.heads; h += heads) tiles.push_back({rows, h, heads});
      const i64 keys_seen = p.batch.positions[rows.end - 1] + 1;  // by the last row: an upper bound for the others
      calls.work += static_cast<double>(rows.rows() * keys_seen * d.heads * (d.nope + d.rope + d.v));
      calls.blocks = std::max(calls.blocks, ceil_div(keys_seen, kPageTokens));
      calls.one_position = calls.one_position && rows.rows() == 1;
    }
  calls.count = std::ssize(tiles);
  calls.rows = calls.one_position ? d.group() : 1;
  run_attend(p, calls, [&](i64 i) { return call_of(p.batch, d, keys, tiles[i], q_c, q_r, o, stats); });
}

Tensor attend_heads(Pass& p, i64 layer, const HeadDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& k_c,
                    const Tensor& k_r, const Tensor& v) {
  const NewRows rows(p.batch);
  const AttentionKeys keys = AttentionKeys::of_pass(p, layer, d.layout(p.numerics.kv), rows.lengths);
  const Tensor o = p.alloc(q_c.rows(), d.heads * d.v), stats = p.alloc(q_c.rows(), 2 * d.heads);
  std::vector<KeyRun> others = rows.runs;
  if (const std::vector<KeyRun> decoded = take_decoded(p, others); !decoded.empty()) {
    // A row is stored by the thread that then attends with it, so the cache lines of its key, one for each feature, are
    // fetched only once.
    const WorkerScratch scratch(p, cpu::attend_scratch_floats(keys.of(0, 0)));
    p.pool.run(std::ssize(decoded), [&](i64 i, int worker) {
      keys.store_in_page(p, decoded[i], k_c, k_r, v);
      for (i64 h = 0; h < d.heads; h += d.group()) {
        const AttendCall c = call_of(p.batch, d, keys, {decoded[i].run, h, d.group()}, q_c, q_r, o, stats);
        p.kernels.attention.attend(c.queries, c.keys, c.out, scratch.of(worker));
      }
    });
  }
  keys.store(p, others, k_c, k_r, v);
  attend_stored(p, d, keys, row_runs(others), q_c, q_r, o, stats);
  if (p.tape) p.tape->record({o}, HeadsBackward{p, d, row_runs(rows.runs), keys, q_c, q_r, k_c, k_r, v, o, stats});
  return o;
}

Tensor attend(Pass& p, i64 layer, const AttendDims& d, const Tensor& q, const Tensor& k, const Tensor& v) {
  const i64 rows = p.batch.rows();
  const auto is = [&](const Tensor& x, i64 cols) { return x.rows() == rows && x.cols() == cols; };
  R1_CHECK(d.kv_heads > 0 && d.heads % d.kv_heads == 0, "attend: {} heads, {} of keys", d.heads, d.kv_heads);
  R1_CHECK(is(q, d.heads * d.head) && is(k, d.kv_heads * d.head) && is(v, d.kv_heads * d.head),
           "attend: q {} k {} v {} against {} rows, {} and {} heads of {}", q.shape(), k.shape(), v.shape(), rows,
           d.heads, d.kv_heads, d.head);
  R1_CHECK(!p.tape || !p.kv, "attend: a tape and a cache");
  check_positions(p, "attend");
  return attend_heads(p, layer, {d.heads, d.kv_heads, d.head, 0, d.head, d.scale}, q, {}, k, {}, v);
}

}  // namespace r1
