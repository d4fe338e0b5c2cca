#include "ops/cpu/streamed_product.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "ops/cpu/dequantize.hpp"
#include "ops/cpu/integer_product.hpp"

namespace r1 {
namespace {

// A task takes k in steps of kDepth elements. The gemm kernel itself cuts k into pieces of 256 words of one or two
// elements; kDepth is a multiple of both, so the steps leave every chain of sums as it is. kColumns columns of that
// depth, packed, fit the second-level cache.
constexpr i64 kDepth = 512, kColumns = 128;
// Backward, the panels are columns of W. A task takes as many columns as the longest block has elements.
constexpr i64 kBackwardColumns = 256;

// Panels [begin, end) of one product.
struct PanelTask {
  const WeightProduct* product;
  i64 begin, end;
  Packed pack{};  // of the weight, if it has one
};

// The memory of one thread.
struct TaskScratch {
  float* values;      // dequantised elements
  std::byte* packed;  // panels
  std::byte* gemm;
};

// Multiplies all rows of the task's product with panels that cover [k, k + depth) of the sum.
void multiply_panels(const Pass& p, const Packed& panels, const PanelTask& t, i64 k, i64 depth, std::byte* scratch) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  const WeightProduct& x = *t.product;
  const i64 first = t.begin * kernels.panel, n = std::min(x.n(), t.end * kernels.panel) - first;
  const Into into = k > 0 ? Into::add : x.into;
  cpu::Gemm g{panels.format, x.a, panels.panels, x.c + first, x.ldc, n, depth, into};
  g.a.data = static_cast<const float*>(x.a.data) + k;
  kernels.gemm(g, 0, x.rows, 0, t.end - t.begin, scratch);
}

// Elements [k, k + depth) of rows [first, first + n) of W, as columns of a panel. Blocks become floats first.
cpu::MatrixView columns_of(const cpu::Kernels& kernels, const Weight& w, i64 first, i64 n, i64 k, i64 depth,
                           float* values) {
  if (is_plain(w.dtype())) return {w.row(first) + row_bytes(w.dtype(), k), w.cols(), cpu::Layout::columns, w.dtype()};
  for (i64 i = 0; i < n; ++i) dequantize_columns(kernels, w, first + i, k, depth, values + i * kDepth);
  return {values, kDepth, cpu::Layout::columns};
}

// A · Wᵀ: the columns of a panel of B are rows of W.
void forward(const Pass& p, cpu::Format format, const PanelTask& t, const TaskScratch& s) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  const WeightProduct& x = *t.product;
  if (t.pack.panels) {
    const std::byte* const panels = t.pack.panels + t.begin * kernels.panel_bytes(format, x.k());
    return multiply_panels(p, {format, panels}, t, 0, x.k(), s.gemm);
  }
  const i64 first = t.begin * kernels.panel, n = std::min(x.n(), t.end * kernels.panel) - first;
  for (i64 k = 0; k < x.k(); k += kDepth) {
    const i64 depth = std::min(kDepth, x.k() - k), panel_bytes = kernels.panel_bytes(format, depth);
    for (i64 j = 0; j < n; j += kernels.panel) {
      const i64 columns = std::min(kernels.panel, n - j);
      const cpu::MatrixView b = columns_of(p.kernels, *x.w, first + j, columns, k, depth, s.values);
      kernels.pack_b(format, s.packed + j / kernels.panel * panel_bytes, b, depth, columns, 0, 1);
    }
    multiply_panels(p, {format, s.packed}, t, k, depth, s.gemm);
  }
}

// A · W: a row of B is a row of W.
void backward(const Pass& p, cpu::Format format, const PanelTask& t, const TaskScratch& s) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  const WeightProduct& x = *t.product;
  const i64 first = t.begin * kernels.panel, n = std::min(x.n(), t.end * kernels.panel) - first;
  for (i64 k = 0; k < x.k(); k += kDepth) {
    const i64 depth = std::min(kDepth, x.k() - k);
    for (i64 i = 0; i < depth; ++i)
      dequantize_columns(p.kernels, *x.w, k + i, first, n, s.values + i * kBackwardColumns);
    kernels.pack_b(format, s.packed, {s.values, kBackwardColumns}, depth, n, 0, t.end - t.begin);
    multiply_panels(p, {format, s.packed}, t, k, depth, s.gemm);
  }
}

// How many panels a task takes: enough that the packing of A is shared, fewer where threads would be idle.
i64 panels_per_task(const Pass& p, std::span<const WeightProduct> products, Direction direction) {
  const i64 panel = p.kernels.gemm.panel;
  if (direction == Direction::backward) return kBackwardColumns / panel;  // whole blocks
  i64 all = 0;
  for (const WeightProduct& x : products) all += cpu::panels(p.kernels.gemm, x.n());
  return std::clamp<i64>(all / (4 * p.pool.threads()), 1, kColumns / panel);
}

bool may_be_packed(const WeightProduct& x) {
  return x.may_pack && is_plain(x.w->dtype()) && x.direction == Direction::forward;
}

void multiply_values(const Pass& p, const ProductNumerics& numerics, std::span<const WeightProduct> products) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  Packs packs(p, numerics);
  std::vector<PanelTask> tasks;
  i64 task_panels = 0, task_values = 0;  // of the largest task
  for (const WeightProduct& x : products) {
    if (x.rows == 0) continue;
    const i64 all = cpu::panels(kernels, x.n()), step = panels_per_task(p, products, x.direction);
    const Packed pack = may_be_packed(x) && x.w->pack_is_due() ? packs.get(*x.w, x.direction) : Packed{};
    for (i64 begin = 0; begin < all; begin += step) tasks.push_back({&x, begin, std::min(all, begin + step), pack});
    task_panels = std::max(task_panels, step);
    task_values =
        std::max(task_values, kDepth * (x.direction == Direction::forward ? kernels.panel : kBackwardColumns));
  }
  if (tasks.empty()) return;
  packs.fill();
  const i64 threads = tasks.size() > 1 ? p.pool.threads() : 1;
  const GemmScratch gemm(p, threads);
  const Tensor values = p.alloc(threads, task_values);
  const Tensor packed = p.alloc(threads, task_panels * kernels.panel_bytes(numerics.format, kDepth) / 4);
  p.pool.run(std::ssize(tasks), [&](i64 i, int worker) {
    const TaskScratch s{values.row(worker), reinterpret_cast<std::byte*>(packed.row(worker)), gemm.of(worker)};
    const WeightProduct& x = *tasks[i].product;
    const auto run = x.direction == Direction::forward ? forward : backward;
    run(p, panel_format(numerics, *x.w), tasks[i], s);
  });
}

}  // namespace

void multiply_streamed(const Pass& p, const ProductNumerics& numerics, std::span<const WeightProduct> products) {
  std::vector<WeightProduct> integers, values;
  for (const WeightProduct& x : products) (in_integers(numerics, x) ? integers : values).push_back(x);
  if (!integers.empty()) multiply_integers(p, integers);
  if (!values.empty()) multiply_values(p, numerics, values);
}

}  // namespace r1
