#include <algorithm>

#include "kernels/cpu/kernels.hpp"
#include "ops/mla_keys.hpp"
#include "ops/rows.hpp"

namespace r1 {
namespace {

void check_shapes(const Pass& p, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                  const Tensor& k_r, const Weight& w_uk, const Weight& w_uv) {
  const i64 rows = p.batch.rows();
  const auto is = [&](const Tensor& x, i64 cols) { return x.rows() == rows && x.cols() == cols; };
  R1_CHECK(is(q_c, d.heads * d.nope) && is(q_r, d.heads * d.rope) && is(c, d.kv_rank) && is(k_r, d.rope),
           "mla_attend: q_c {} q_r {} c {} k_r {} against {} rows, {} heads of {} + {}, rank {}", q_c.shape(),
           q_r.shape(), c.shape(), k_r.shape(), rows, d.heads, d.nope, d.rope, d.kv_rank);
  R1_CHECK(w_uk.rows() == d.heads * d.nope && w_uk.cols() == d.kv_rank && w_uv.rows() == d.heads * d.v &&
               w_uv.cols() == d.kv_rank,
           "mla_attend: w_uk {} w_uv {} against {} heads of {}, {}, rank {}", w_uk.shape(), w_uv.shape(), d.heads,
           d.nope, d.v, d.kv_rank);
  R1_CHECK(!p.tape || (!p.kv && p.numerics.mla == MlaForm::expanded), "mla_attend: only the expanded form trains");
  for (i64 s = 0; s < p.batch.sequences(); ++s) {
    const auto first = static_cast<size_t>(p.batch.seq_begin[static_cast<size_t>(s)]);
    R1_CHECK(p.kv || first == p.batch.positions.size() || p.batch.positions[first] == 0 ||
                 p.batch.seq_begin[static_cast<size_t>(s) + 1] == p.batch.seq_begin[static_cast<size_t>(s)],
             "mla_attend: sequence {} starts at position {} and there is no cache", s, p.batch.positions[first]);
  }
}

// What backward needs, for every (sequence, head): one task each, so that the order of all sums is fixed.
struct ExpandedBackward {
  Pass p;
  MlaDims d;
  std::vector<RowRun> runs;
  MlaKeys keys;
  Tensor q_c, q_r, k_c, k_r, v, o, stats;

  void operator()(Grads& g) const {
    const Tensor d_o = g[o], dq_c = g[q_c], dq_r = g[q_r], dk_c = g[k_c], dk_r = g[k_r], dv = g[v];
    const Tensor dk_r_heads = p.arena.zeros(k_r.rows(), d.heads * d.rope);
    const WorkerScratch scratch(p, cpu::attend_backward_scratch_floats(keys.of(0, 0)));
    p.pool.run(static_cast<i64>(runs.size()) * d.heads, [&](i64 task, int worker) {
      const RowRun& run = runs[static_cast<size_t>(task / d.heads)];
      const i64 h = task % d.heads, t = run.begin;
      const cpu::Queries q{run.rows(), 0, 1, q_c.row(t) + h * d.nope, q_r.row(t) + h * d.rope, q_c.cols(), q_r.cols(),
                           d.scale};
      const cpu::Attended out{o.row(t) + h * d.v, o.cols(), stats.row(t) + h, stats.row(t) + d.heads + h, stats.cols()};
      const cpu::AttendGradients to{d_o.row(t) + h * d.v,   dq_c.row(t) + h * d.nope,
                                    dq_r.row(t) + h * d.rope, dk_c.row(t) + h * d.nope,
                                    dk_r_heads.row(t) + h * d.rope, dv.row(t) + h * d.v,
                                    dk_c.cols(),            dk_r_heads.cols(),
                                    dv.cols()};
      p.kernels.attention.attend_backward(q, keys.of(run.seq, h), out, to, scratch.of(worker));
    });
    for_rows(p, k_r.rows(), d.heads * d.rope, [&](i64 begin, i64 end) {
      for (i64 t = begin; t < end; ++t)
        for (i64 h = 0; h < d.heads; ++h)
          p.kernels.elementwise.accumulate(dk_r.row(t), dk_r_heads.row(t) + h * d.rope, d.rope);
    });
  }
};

Tensor expanded(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                const Tensor& k_r, const Weight& w_uk, const Weight& w_uv) {
  const Tensor k_c = linear(p, c, w_uk), v = linear(p, c, w_uv);
  std::vector<RowRun> runs;
  std::vector<MlaKeys::Source> sources;
  std::vector<i32> lengths;
  for (i64 s = 0; s < p.batch.sequences(); ++s) {
    const i64 begin = p.batch.seq_begin[static_cast<size_t>(s)], end = p.batch.seq_begin[static_cast<size_t>(s) + 1];
    lengths.push_back(static_cast<i32>(end - begin));
    if (begin == end) continue;
    runs.push_back({s, begin, end});
    sources.push_back({runs.back(), p.batch.positions[static_cast<size_t>(begin)]});
  }
  const MlaKeys keys = p.kv ? MlaKeys::cached(p, layer, d)
                            : MlaKeys::scratch(p, MlaForm::expanded, p.numerics.kv, d, lengths);
  keys.store(p, sources, k_c, k_r, v);
  const Tensor o = p.alloc(q_c.rows(), d.heads * d.v), stats = p.alloc(q_c.rows(), 2 * d.heads);
  attend_expanded(p, d, keys, runs, q_c, q_r, o, stats);
  if (p.tape)
    p.tape->record({o}, ExpandedBackward{p, d, runs, keys, q_c, q_r, k_c, k_r, v, o, stats});
  return o;
}

}  // namespace

void attend_expanded(const Pass& p, const MlaDims& d, const MlaKeys& keys, const std::vector<RowRun>& runs,
                     const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Tensor& stats) {
  constexpr i64 kChunk = 8 * cpu::kQueryTile;  // rows of a task: enough to reuse the keys, few enough to share the load
  std::vector<RowRun> chunks;
  double work = 0;
  i64 blocks = 0;
  bool single = true;
  for (const RowRun& run : runs)
    for (i64 begin = run.begin; begin < run.end; begin += kChunk) {
      chunks.push_back({run.seq, begin, std::min(begin + kChunk, run.end)});
      const i64 keys_seen = p.batch.positions[static_cast<size_t>(chunks.back().end - 1)] + 1;
      work += static_cast<double>(chunks.back().rows() * keys_seen * d.heads * (d.nope + d.rope + d.v));
      blocks = std::max(blocks, (keys_seen + kPageTokens - 1) / kPageTokens);
      single = single && chunks.back().rows() == 1;
    }
  attend_units(
      p, static_cast<i64>(chunks.size()) * d.heads,
      [&](i64 i) {
        const RowRun& run = chunks[static_cast<size_t>(i / d.heads)];
        const i64 h = i % d.heads, t = run.begin, position = p.batch.positions[static_cast<size_t>(t)];
        return AttendUnit{{run.rows(), position, 1, q_c.row(t) + h * d.nope, q_r.row(t) + h * d.rope, q_c.cols(),
                           q_r.cols(), d.scale},
                          keys.of(run.seq, h),
                          {o.row(t) + h * d.v, o.cols(), stats.row(t) + h, stats.row(t) + d.heads + h, stats.cols()}};
      },
      work, 1, blocks, single);
}

Tensor mla_attend(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                  const Tensor& k_r, const Weight& w_uk, const Weight& w_uv) {
  check_shapes(p, d, q_c, q_r, c, k_r, w_uk, w_uv);
  return p.numerics.mla == MlaForm::expanded ? expanded(p, layer, d, q_c, q_r, c, k_r, w_uk, w_uv)
                                             : mla_attend_mixed(p, layer, d, q_c, q_r, c, k_r, w_uk, w_uv);
}

}  // namespace r1
