#include "ops/cpu/attention_keys.hpp"

#include <iterator>

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
    k.v_scale_at = kPageTokens * (l.heads * scale_blocks(l.nope) + scale_blocks(l.rope));
  }
  k.scales_at = l.page_elements();
  k.k_r_scale_at = kPageTokens * (k.latent ? scale_blocks(l.kv_rank) : l.heads * scale_blocks(l.nope));
  return k;
}

}  // namespace

NewRows::NewRows(const Batch& b) {
  for (i64 s = 0; s < b.sequences(); ++s) {
    const i64 begin = b.seq_begin[s], end = b.seq_begin[s + 1];
    lengths.push_back(static_cast<i32>(end - begin));
    if (begin < end) runs.push_back({{s, begin, end}, b.positions[begin]});
  }
}

AttentionKeys AttentionKeys::of_pass(const Pass& p, i64 layer, const KvLayout& layout,
                                     const std::vector<i32>& lengths) {
  return p.kv ? cached(p, layer, layout) : in_memory(p, layout, lengths);
}

AttentionKeys AttentionKeys::cached(const Pass& p, i64 layer, const KvLayout& expected) {
  const KvLayout& l = p.kv->layout;
  R1_CHECK(l.form == expected.form && l.dtype == expected.dtype, "attention: pages of {} in form {}, wanted {}, {}",
           name_of(l.dtype), static_cast<int>(l.form), name_of(expected.dtype), static_cast<int>(expected.form));
  R1_CHECK(l.heads == expected.heads && l.nope == expected.nope && l.rope == expected.rope && l.v == expected.v &&
               (l.form == MlaForm::expanded || l.kv_rank == expected.kv_rank),
           "attention: pages are laid out for other dimensions");
  R1_CHECK(std::ssize(p.kv->tables) == p.batch.sequences(), "attention: {} page tables for {} sequences",
           p.kv->tables.size(), p.batch.sequences());
  AttentionKeys k;
  k.head0_ = head0_of(l);
  k.base_ = p.kv->layer_base[layer];
  k.heads_ = l.heads;
  k.kv_ = p.kv;
  return k;
}

AttentionKeys AttentionKeys::in_memory(const Pass& p, const KvLayout& layout, const std::vector<i32>& lengths) {
  AttentionKeys k;
  k.head0_ = head0_of(layout);
  k.heads_ = layout.heads;
  i64 pages = 0;
  for (const i32 n : lengths) {
    k.first_page_.push_back(static_cast<i32>(pages));
    pages += ceil_div(i64{n}, kPageTokens);
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
  if (k.latent) return k;
  k.k_c_at += head * k.depth * kPageTokens, k.v_at += head * k.v * kPageTokens;
  k.k_c_scale_at += head * scale_blocks(k.depth) * kPageTokens, k.v_scale_at += head * scale_blocks(k.v) * kPageTokens;
  return k;
}

void AttentionKeys::store(const Pass& p, const std::vector<KeyRun>& runs, const Tensor& k_c, const Tensor& k_r,
                          const Tensor& v) const {
  // In multiply-adds. Copying an element takes about as long as four of them, because it waits for memory. The keys of
  // an expanded page are columns, so each feature of one to sixteen keys waits for a cache line of its own.
  constexpr i64 kCopyWork = 4, kLineWork = 64, kLineElements = 16;
  std::vector<KeyRun> pages;  // rows of one sequence that go to one page
  i64 work = 0;
  for (const auto& [run, first] : runs) {
    for (i64 row = run.begin, position = first; row < run.end;) {
      const i64 n = std::min(run.end - row, kPageTokens - position % kPageTokens);
      pages.push_back({{run.seq, row, row + n}, position});
      work += kCopyWork * n * (k_c.cols() + k_r.cols() + v.cols());
      if (!head0_.latent) work += kLineWork * ceil_div(n, kLineElements) * (k_c.cols() + k_r.cols());
      row += n, position += n;
    }
  }
  spread(p.pool, std::ssize(pages), static_cast<double>(work),
         [&](i64 i, int) { store_in_page(p, pages[i], k_c, k_r, v); });
}

void AttentionKeys::store_in_page(const Pass& p, const KeyRun& rows, const Tensor& k_c, const Tensor& k_r,
                                  const Tensor& v) const {
  const i64 row = rows.run.begin;
  const cpu::KeyRows from{rows.run.rows(), k_c.row(row), k_r.row(row), v ? v.row(row) : nullptr,
                          k_c.cols(),      k_r.cols(),   v.cols()};
  p.kernels.attention.store_keys(page(rows.run.seq, rows.first / kPageTokens), head0_, heads_, rows.first % kPageTokens,
                                 from);
}

void AttentionKeys::read_latents(const Pass& p, i64 seq, i64 n, float* c, float* k_r) const {
  for (i64 first = 0; first < n; first += kPageTokens)
    p.kernels.attention.load_latents(page(seq, first / kPageTokens), head0_, std::min(kPageTokens, n - first),
                                     c + first * head0_.depth, k_r + first * head0_.rope);
}

void check_positions(const Pass& p, const char* op) {
  if (p.kv) return;
  for (const auto& [run, first] : NewRows(p.batch).runs)
    R1_CHECK(first == 0, "{}: sequence {} starts at position {} and there is no cache", op, run.seq, first);
}

WorkerScratch::WorkerScratch(const Pass& p, i64 floats) : memory_(p.alloc(p.pool.threads(), (floats + 31) / 16 * 16)) {}

void run_attend(const Pass& p, const AttendCalls& calls, const std::function<AttendCall(i64)>& call) {
  const i64 n = calls.count, blocks = calls.blocks, threads = p.pool.threads();
  if (n == 0) return;
  const cpu::AttentionKernels& kernels = p.kernels.attention;
  const cpu::KeyPages shape = call(0).keys;
  const WorkerScratch scratch(p, cpu::attend_scratch_floats(shape));
  constexpr double kSplitWork = 1e6;  // with less work, the second fork costs more than it saves
  if (threads == 1 || !calls.one_position || n >= 2 * threads || blocks < 2 || calls.work < kSplitWork) {
    spread(p.pool, n, calls.work, [&](i64 i, int worker) {
      const AttendCall c = call(i);
      kernels.attend(c.queries, c.keys, c.out, scratch.of(worker));
    });
    return;
  }
  const i64 parts = std::min(blocks, ceil_div(4 * threads, n)), step = ceil_div(blocks, parts);
  const i64 block_floats = calls.rows * cpu::partial_floats(shape.v);
  const Tensor partials = p.alloc(n * blocks, block_floats);
  const auto blocks_of = [](const AttendCall& c) { return c.queries.position / kPageTokens + 1; };
  p.pool.run(n * parts, [&](i64 task, int worker) {
    const AttendCall c = call(task / parts);
    const i64 begin = task % parts * step, end = std::min(begin + step, blocks_of(c));
    if (begin >= end) return;
    float* to = partials.row(task / parts * blocks) + begin * c.queries.rows * cpu::partial_floats(shape.v);
    kernels.attend_partials(c.queries, c.keys, begin, end, to, scratch.of(worker));
  });
  spread(p.pool, n, 2.0 * static_cast<double>(n * blocks * block_floats), [&](i64 i, int) {
    const AttendCall c = call(i);
    kernels.merge(c.queries.rows, blocks_of(c), shape.v, partials.row(i * blocks), c.out);
  });
}

}  // namespace r1
