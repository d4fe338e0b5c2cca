#include "ops/cpu/attention_keys.hpp"

#include <cstring>

#include "core/half.hpp"
#include "core/integer.hpp"

namespace r1 {
namespace {

cpu::KeyPages head0_of(const KvLayout& l) {
  cpu::KeyPages k;
  k.page_bytes = l.page_bytes(), k.dtype = l.dtype, k.latent = l.form == MlaForm::mixed, k.rope = l.rope;
  if (k.latent) {
    k.depth = k.v = l.kv_rank;
    k.k_r_at = kPageTokens * l.kv_rank;
  } else {
    k.depth = l.nope, k.v = l.v;
    k.k_r_at = kPageTokens * l.heads * l.nope;
    k.v_at = k.k_r_at + kPageTokens * l.rope;
  }
  return k;
}

i64 blocks_for(i64 tokens) { return ceil_div(tokens, kPageTokens); }

}  // namespace

AttentionKeys AttentionKeys::cached(const Pass& p, i64 layer, const KvLayout& expected) {
  const KvLayout& l = p.kv->layout;
  R1_CHECK(l.form == expected.form && l.dtype == expected.dtype, "attention: pages of {} in form {}, wanted {}, {}",
           name_of(l.dtype), static_cast<int>(l.form), name_of(expected.dtype), static_cast<int>(expected.form));
  R1_CHECK(l.heads == expected.heads && l.nope == expected.nope && l.rope == expected.rope && l.v == expected.v &&
               (l.form == MlaForm::expanded || l.kv_rank == expected.kv_rank),
           "attention: pages are laid out for other dimensions");
  R1_CHECK(static_cast<i64>(p.kv->tables.size()) == p.batch.sequences(), "attention: {} page tables for {} sequences",
           p.kv->tables.size(), p.batch.sequences());
  AttentionKeys k;
  k.head0_ = head0_of(l);
  k.base_ = p.kv->layer_base[layer];
  k.heads_ = l.heads;
  k.kv_ = p.kv;
  return k;
}

AttentionKeys AttentionKeys::scratch(const Pass& p, const KvLayout& layout, const std::vector<i32>& lengths) {
  AttentionKeys k;
  k.head0_ = head0_of(layout);
  k.heads_ = layout.heads;
  i64 pages = 0;
  for (const i32 n : lengths) {
    k.first_page_.push_back(static_cast<i32>(pages));
    pages += blocks_for(n);
  }
  k.memory_ = p.alloc(pages, layout.page_bytes() / 4);
  k.base_ = reinterpret_cast<std::byte*>(k.memory_.data());
  return k;
}

std::byte* AttentionKeys::page(i64 seq, i64 block) const {
  const i64 id = kv_ ? kv_->tables[seq][block] : first_page_[seq] + block;
  return base_ + id * head0_.page_bytes;
}

cpu::KeyPages AttentionKeys::of(i64 seq, i64 head) const {
  cpu::KeyPages k = head0_;
  if (kv_) k.base = base_, k.table = kv_->tables[seq].data();
  else k.base = base_ + first_page_[seq] * k.page_bytes;
  if (!k.latent) k.k_c_at += head * k.depth * kPageTokens, k.v_at += head * k.v * kPageTokens;
  return k;
}

void AttentionKeys::store(const Pass& p, const std::vector<Source>& sources, const Tensor& k_c, const Tensor& k_r,
                          const Tensor& v) const {
  struct Piece {
    const Source* source;
    i64 row, position, rows;
  };
  std::vector<Piece> pieces;
  i64 rows = 0;
  for (const Source& s : sources) {
    rows += s.run.rows();
    for (i64 row = s.run.begin, position = s.first; row < s.run.end;) {
      const i64 n = std::min(s.run.end - row, kPageTokens - position % kPageTokens);
      pieces.push_back({&s, row, position, n});
      row += n, position += n;
    }
  }
  const double work = 4.0 * static_cast<double>(rows * (k_c.cols() + k_r.cols() + v.cols()));  // a copy stalls more
  spread(p.pool, static_cast<i64>(pieces.size()), work, [&](i64 i, int) {
    const Piece& x = pieces[i];
    const cpu::KeyRows from{x.rows,     k_c.row(x.row), k_r.row(x.row), v ? v.row(x.row) : nullptr,
                            k_c.cols(), k_r.cols(),     v.cols()};
    p.kernels.attention.store_keys(page(x.source->run.seq, x.position / kPageTokens), head0_, heads_,
                                   x.position % kPageTokens, from);
  });
}

void AttentionKeys::read_latents(i64 seq, i64 n, float* c, float* k_r) const {
  const auto widen = [&](float* to, const std::byte* from, i64 at, i64 count) {
    if (head0_.dtype == DType::f32) {
      std::memcpy(to, from + at * 4, count * 4);
    } else {
      const auto* bits = reinterpret_cast<const u16*>(from) + at;
      for (i64 i = 0; i < count; ++i) to[i] = f32_from_bf16(bits[i]);
    }
  };
  for (i64 b = 0; b * kPageTokens < n; ++b) {
    const i64 first = b * kPageTokens, rows = std::min(kPageTokens, n - first);
    widen(c + first * head0_.depth, page(seq, b), head0_.k_c_at, rows * head0_.depth);
    widen(k_r + first * head0_.rope, page(seq, b), head0_.k_r_at, rows * head0_.rope);
  }
}

void check_positions(const Pass& p, const char* op) {
  for (i64 s = 0; s < p.batch.sequences(); ++s) {
    const auto first = static_cast<size_t>(p.batch.seq_begin[s]);
    R1_CHECK(p.kv || first == p.batch.positions.size() || p.batch.positions[first] == 0 ||
                 p.batch.seq_begin[s + 1] == p.batch.seq_begin[s],
             "{}: sequence {} starts at position {} and there is no cache", op, s, p.batch.positions[first]);
  }
}

WorkerScratch::WorkerScratch(const Pass& p, i64 floats) : memory_(p.alloc(p.pool.threads(), (floats + 31) / 16 * 16)) {}

void attend_units(const Pass& p, i64 n, const std::function<AttendUnit(i64)>& unit, double work, i64 rows, i64 blocks,
                  bool one_position) {
  if (n == 0) return;
  const cpu::AttentionKernels& kernels = p.kernels.attention;
  const cpu::KeyPages shape = unit(0).keys;
  const WorkerScratch scratch(p, cpu::attend_scratch_floats(shape));
  const i64 threads = p.pool.threads();
  constexpr double kSplitWork = 1e6;  // below this a second fork costs more than it gives
  if (threads == 1 || !one_position || n >= 2 * threads || blocks < 2 || work < kSplitWork) {
    spread(p.pool, n, work, [&](i64 i, int worker) {
      const AttendUnit u = unit(i);
      kernels.attend(u.queries, u.keys, u.out, scratch.of(worker));
    });
    return;
  }
  const i64 pieces = std::min(blocks, ceil_div(4 * threads, n)), span = ceil_div(blocks, pieces);
  const i64 block_floats = rows * cpu::partial_floats(shape.v);
  const Tensor partials = p.alloc(n * blocks, block_floats);
  const auto blocks_of = [](const AttendUnit& u) { return u.queries.position / kPageTokens + 1; };
  p.pool.run(n * pieces, [&](i64 task, int worker) {
    const AttendUnit u = unit(task / pieces);
    const i64 begin = task % pieces * span, end = std::min(begin + span, blocks_of(u));
    if (begin >= end) return;
    float* to = partials.row(task / pieces * blocks) + begin * u.queries.rows * cpu::partial_floats(shape.v);
    kernels.attend_partials(u.queries, u.keys, begin, end, to, scratch.of(worker));
  });
  spread(p.pool, n, 2.0 * static_cast<double>(n * blocks * block_floats), [&](i64 i, int) {
    const AttendUnit u = unit(i);
    kernels.merge(u.queries.rows, blocks_of(u), shape.v, partials.row(i * blocks), u.out);
  });
}

}  // namespace r1
