#include "ops/cpu/product.hpp"

#include <algorithm>

#include "core/integer.hpp"
#include "ops/cpu/streamed_product.hpp"

namespace r1 {
namespace {

// How many rows and panels a task takes. Rows are split first: a row split packs no part of A twice. More than
// block_rows rows a task gain nothing, and a few tasks per thread even out what other programs take of the cores.
struct Split {
  i64 rows, panels;
};
Split split(const Pass& p, const cpu::Gemm& g, i64 rows) {
  const cpu::GemmKernels& k = p.kernels.gemm;
  const i64 threads = p.pool.threads(), all_panels = cpu::panels(k, g.n);
  const i64 worth = rows * g.n * g.k / kTaskMultiplyAdds;
  if (threads == 1 || worth < 2) return {rows, all_panels};
  i64 wanted = std::min(std::max(round_up(ceil_div(rows, k.block_rows), threads), 2 * threads), worth);
  if (wanted > threads) wanted -= wanted % threads;  // the same number for every thread
  const i64 row_tasks = std::min(wanted, ceil_div(rows, k.row_step));
  const i64 task_rows = ceil_div(rows, row_tasks);  // even tasks: a short last tile costs less than a long last task
  const i64 panel_tasks = std::min(ceil_div(wanted, ceil_div(rows, task_rows)), all_panels);
  return {task_rows, ceil_div(all_panels, panel_tasks)};
}

}  // namespace

Packed Packs::get(const Weight& w, Direction direction) {
  R1_CHECK(!streams(w), "{}: a pack of {} asked for", w.name(), name_of(w.dtype()));
  const cpu::GemmKernels& kernels = p_.kernels.gemm;
  const bool forward = direction == Direction::forward;
  const i64 k = forward ? w.cols() : w.rows(), n = forward ? w.rows() : w.cols();
  // bf16 masters multiplied as f32 stay bf16: the same values in half the memory.
  const cpu::Format format =
      format_of(p_) == cpu::Format::f32 && w.dtype() == DType::bf16 ? cpu::Format::f32_bf16 : format_of(p_);
  const i64 all = cpu::panels(kernels, n), panel_bytes = kernels.panel_bytes(format, k);
  const PackKey key{static_cast<u8>(p_.kernels.level), static_cast<u8>(format), !forward};
  std::byte* stale = nullptr;
  const std::byte* pack = w.pack(key, all * panel_bytes, [&stale](std::byte* to) { stale = to; });
  if (!stale) return {format, pack};
  cpu::MatrixView b{w.bytes(), w.cols(), forward ? cpu::Layout::columns : cpu::Layout::rows, w.dtype()};
  const i64 step = std::max<i64>(1, kTaskPackedElements / (k * kernels.panel));
  for (i64 begin = 0; begin < all; begin += step)
    jobs_.push_back({format, b, stale, k, n, begin, std::min(all, begin + step)});
  return {format, pack};
}

void Packs::fill() {
  p_.pool.run(static_cast<i64>(jobs_.size()), [&](i64 task, int) {
    const Job& j = jobs_[task];
    p_.kernels.gemm.pack_b(j.format, j.to, j.b, j.k, j.n, j.begin, j.end);
  });
  jobs_.clear();
}

void multiply(const Pass& p, const cpu::Gemm& g, i64 rows) {
  if (rows == 0) return;
  const Split s = split(p, g, rows);
  const i64 all_panels = cpu::panels(p.kernels.gemm, g.n);
  const i64 row_tasks = ceil_div(rows, s.rows), panel_tasks = ceil_div(all_panels, s.panels);
  const GemmScratch scratch(p, row_tasks * panel_tasks > 1 ? p.pool.threads() : 1);
  p.pool.run(row_tasks * panel_tasks, [&](i64 task, int worker) {
    const i64 m = task / panel_tasks * s.rows, panel = task % panel_tasks * s.panels;
    p.kernels.gemm.gemm(g, m, std::min(rows, m + s.rows), panel, std::min(all_panels, panel + s.panels),
                        scratch.of(worker));
  });
}

void multiply(const Pass& p, Tensor y, const Tensor& x, const Weight& w, Direction direction, bool accumulate) {
  if (streams(w)) {
    const WeightProduct product{&w, direction, view(x), x.rows(), y.data(), y.cols(), accumulate};
    return multiply_streamed(p, {&product, 1});
  }
  Packs packs(p);
  const Packed b = packs.get(w, direction);
  packs.fill();
  multiply(p, {b.format, view(x), b.panels, y.data(), y.cols(), y.cols(), x.cols(), accumulate}, x.rows());
}

Tensor pack(const Pass& p, const cpu::MatrixView& b, i64 k, i64 n) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  const i64 all = cpu::panels(kernels, n), panel_bytes = kernels.panel_bytes(format_of(p), k);
  const Tensor packed = p.alloc(all, panel_bytes / 4);
  std::byte* const to = reinterpret_cast<std::byte*>(packed.data());
  const i64 grain = std::max<i64>(1, kTaskPackedElements / (k * kernels.panel + 1));
  p.pool.ranges(all, grain, [&](i64 begin, i64 end, int) { kernels.pack_b(format_of(p), to, b, k, n, begin, end); });
  return packed;
}

void accumulate_weight_gradient(const Pass& p, const Weight& w, const Tensor& dy, const Tensor& x) {
  if (x.rows() == 0) return;
  const Tensor packed = pack(p, view(x), x.rows(), x.cols());
  multiply(p,
           {format_of(p), view_transposed(dy), reinterpret_cast<const std::byte*>(packed.data()), w.grad(), w.cols(),
            w.cols(), x.rows(), true},
           w.rows());
}

}  // namespace r1
