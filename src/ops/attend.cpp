// Attention over keys and values per head: grouped queries, and the expanded form of latent attention.
#include <algorithm>

#include "core/integer.hpp"
#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/attention_keys.hpp"
#include "ops/cpu/rows.hpp"

namespace r1 {
namespace {

// What backward needs. One task for every sequence and key head, which takes the query heads that share it in
// ascending order: the order of all sums is fixed.
struct HeadsBackward {
  Pass p;
  HeadDims d;
  std::vector<RowRun> runs;
  AttentionKeys keys;
  Tensor q_c, q_r, k_c, k_r, v, o, stats;

  void operator()(Grads& g) const {
    const Tensor d_o = g[o], dq_c = g[q_c], dk_c = g[k_c], dv = g[v];
    const Tensor dq_r = d.rope ? g[q_r] : Tensor();
    const Tensor dk_r_heads = d.rope ? p.arena.zeros(k_r.rows(), d.heads * d.rope) : Tensor();
    const WorkerScratch scratch(p, cpu::attend_backward_scratch_floats(keys.of(0, 0)));
    p.pool.run(static_cast<i64>(runs.size()) * d.kv_heads, [&](i64 task, int worker) {
      const RowRun& run = runs[task / d.kv_heads];
      const i64 kv = task % d.kv_heads, t = run.begin;
      for (i64 h = kv * d.group(); h < (kv + 1) * d.group(); ++h) {
        const cpu::Queries q{run.rows(), 0,          1,      q_c.row(t) + h * d.nope, q_r.row(t) + h * d.rope,
                             q_c.cols(), q_r.cols(), d.scale};
        const cpu::AttentionOutput out{o.row(t) + h * d.v, o.cols(), stats.row(t) + h, stats.row(t) + d.heads + h,
                                       stats.cols()};
        const cpu::AttentionGradients to{d_o.row(t) + h * d.v,
                                         dq_c.row(t) + h * d.nope,
                                         dq_r.row(t) + h * d.rope,
                                         dk_c.row(t) + kv * d.nope,
                                         dk_r_heads.row(t) + h * d.rope,
                                         dv.row(t) + kv * d.v,
                                         dk_c.cols(),
                                         dk_r_heads.cols(),
                                         dv.cols()};
        p.kernels.attention.attend_backward(q, keys.of(run.seq, kv), out, to, scratch.of(worker));
      }
    });
    if (!d.rope) return;
    const Tensor dk_r = g[k_r];
    for_rows(p, k_r.rows(), d.heads * d.rope, [&](i64 begin, i64 end) {
      for (i64 t = begin; t < end; ++t)
        for (i64 h = 0; h < d.heads; ++h)
          p.kernels.elementwise.accumulate(dk_r.row(t), dk_r_heads.row(t) + h * d.rope, d.rope);
    });
  }
};

// What one call of the kernel takes: a run of rows of one head, or all the heads of one row that share their keys.
struct Piece {
  RowRun run;
  i64 head, heads;
};

}  // namespace

void attend_stored(const Pass& p, const HeadDims& d, const AttentionKeys& keys, const std::vector<RowRun>& runs,
                   const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Tensor& stats) {
  constexpr i64 kChunk = 8 * cpu::kQueryTile;  // rows of a task: enough to reuse the keys, few enough to share the load
  std::vector<Piece> pieces;
  double work = 0;
  i64 blocks = 0;
  bool single = true;
  for (const RowRun& run : runs)
    for (i64 begin = run.begin; begin < run.end; begin += kChunk) {
      const RowRun rows{run.seq, begin, std::min(begin + kChunk, run.end)};
      const i64 heads = rows.rows() == 1 ? d.group() : 1;
      for (i64 h = 0; h < d.heads; h += heads) pieces.push_back({rows, h, heads});
      const i64 keys_seen = p.batch.positions[rows.end - 1] + 1;
      work += static_cast<double>(rows.rows() * keys_seen * d.heads * (d.nope + d.rope + d.v));
      blocks = std::max(blocks, ceil_div(keys_seen, kPageTokens));
      single = single && rows.rows() == 1;
    }
  attend_units(
      p, static_cast<i64>(pieces.size()),
      [&](i64 i) {
        const Piece& x = pieces[i];
        const i64 h = x.head, t = x.run.begin, position = p.batch.positions[t];
        const cpu::KeyPages pages = keys.of(x.run.seq, h / d.group());
        const float *qc = q_c.row(t) + h * d.nope, *qr = q_r.row(t) + h * d.rope;
        float *to = o.row(t) + h * d.v, *max = stats.row(t) + h, *sum = stats.row(t) + d.heads + h;
        if (x.heads > 1)
          return AttendUnit{{x.heads, position, 0, qc, qr, d.nope, d.rope, d.scale}, pages, {to, d.v, max, sum, 1}};
        return AttendUnit{{x.run.rows(), position, 1, qc, qr, q_c.cols(), q_r.cols(), d.scale},
                          pages,
                          {to, o.cols(), max, sum, stats.cols()}};
      },
      work, single ? d.group() : 1, blocks, single);
}

Tensor attend_heads(Pass& p, i64 layer, const HeadDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& k_c,
                    const Tensor& k_r, const Tensor& v) {
  std::vector<RowRun> runs;
  std::vector<AttentionKeys::Source> sources;
  std::vector<i32> lengths;
  for (i64 s = 0; s < p.batch.sequences(); ++s) {
    const i64 begin = p.batch.seq_begin[s], end = p.batch.seq_begin[s + 1];
    lengths.push_back(static_cast<i32>(end - begin));
    if (begin == end) continue;
    runs.push_back({s, begin, end});
    sources.push_back({runs.back(), p.batch.positions[begin]});
  }
  const KvLayout layout = d.layout(p.numerics.kv);
  const AttentionKeys keys =
      p.kv ? AttentionKeys::cached(p, layer, layout) : AttentionKeys::scratch(p, layout, lengths);
  keys.store(p, sources, k_c, k_r, v);
  const Tensor o = p.alloc(q_c.rows(), d.heads * d.v), stats = p.alloc(q_c.rows(), 2 * d.heads);
  attend_stored(p, d, keys, runs, q_c, q_r, o, stats);
  if (p.tape) p.tape->record({o}, HeadsBackward{p, d, runs, keys, q_c, q_r, k_c, k_r, v, o, stats});
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
