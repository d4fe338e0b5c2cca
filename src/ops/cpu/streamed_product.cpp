#include "ops/cpu/streamed_product.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/integer.hpp"
#include "ops/cpu/integer_product.hpp"

namespace r1 {
namespace {

// Elements of k at a time. gemm itself cuts k into 256 words of one or two elements: cutting at a multiple of both
// leaves every chain of sums as it is. 128 columns of that, packed, fit the second-level cache.
constexpr i64 kDepth = 512, kColumns = 128;
// Backward, W's own columns are the panels: as many as the longest block has.
constexpr i64 kBackwardColumns = 256;

// Columns [begin, begin + count) of row r, whole blocks.
void read_row(const Pass& p, const Weight& w, i64 r, i64 begin, i64 count, float* to) {
  const cpu::DequantizeKernels& kernels = p.kernels.dequantize;
  const std::byte* const from = w.row(r) + row_bytes(w.dtype(), begin);
  if (w.dtype() != DType::f8_e4m3) return kernels.row(w.dtype(), to, from, count);
  const i64 across = ceil_div(w.cols(), kScaleBlock);
  for (i64 c = 0; c < count; c += kScaleBlock) {
    float scale = 0;
    std::memcpy(&scale, w.scales() + (r / kScaleBlock * across + (begin + c) / kScaleBlock) * 4, 4);
    kernels.f8(to + c, from + c, std::min(kScaleBlock, count - c), scale);
  }
}

// A piece of one product: panels [begin, end).
struct Task {
  const WeightProduct* product;
  i64 begin, end;
};

struct Scratch {
  float* wide;  // dequantised
  std::byte* packed;
  std::byte* gemm;
};

// A · Wᵀ: a panel of B is some rows of W.
void forward(const Pass& p, const Task& t, const Scratch& s) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  const WeightProduct& x = *t.product;
  const i64 first = t.begin * kernels.panel, n = std::min(x.n(), t.end * kernels.panel) - first;
  for (i64 k = 0; k < x.k(); k += kDepth) {
    const i64 depth = std::min(kDepth, x.k() - k), panel_bytes = kernels.panel_bytes(format_of(p), depth);
    for (i64 j = 0; j < n; j += kernels.panel) {
      const i64 columns = std::min(kernels.panel, n - j);
      for (i64 i = 0; i < columns; ++i) read_row(p, *x.w, first + j + i, k, depth, s.wide + i * kDepth);
      kernels.pack_b(format_of(p), s.packed + j / kernels.panel * panel_bytes, {s.wide, kDepth, cpu::Layout::columns},
                     depth, columns, 0, 1);
    }
    cpu::Gemm g{format_of(p), x.a, s.packed, x.c + first, x.ldc, n, depth, x.accumulate || k > 0};
    g.a.data = static_cast<const float*>(x.a.data) + k;
    kernels.gemm(g, 0, x.rows, 0, t.end - t.begin, s.gemm);
  }
}

// A · W: a row of B is a row of W.
void backward(const Pass& p, const Task& t, const Scratch& s) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  const WeightProduct& x = *t.product;
  const i64 first = t.begin * kernels.panel, n = std::min(x.n(), t.end * kernels.panel) - first;
  for (i64 k = 0; k < x.k(); k += kDepth) {
    const i64 depth = std::min(kDepth, x.k() - k);
    for (i64 i = 0; i < depth; ++i) read_row(p, *x.w, k + i, first, n, s.wide + i * kBackwardColumns);
    kernels.pack_b(format_of(p), s.packed, {s.wide, kBackwardColumns}, depth, n, 0, t.end - t.begin);
    cpu::Gemm g{format_of(p), x.a, s.packed, x.c + first, x.ldc, n, depth, x.accumulate || k > 0};
    g.a.data = static_cast<const float*>(x.a.data) + k;
    kernels.gemm(g, 0, x.rows, 0, t.end - t.begin, s.gemm);
  }
}

// Panels a task takes: enough to share the packing of A, fewer where threads would have nothing to do.
i64 panels_per_task(const Pass& p, std::span<const WeightProduct> products, Direction direction) {
  const i64 panel = p.kernels.gemm.panel;
  if (direction == Direction::backward) return kBackwardColumns / panel;  // whole blocks
  i64 all = 0;
  for (const WeightProduct& x : products) all += cpu::panels(p.kernels.gemm, x.n());
  return std::clamp<i64>(all / (4 * p.pool.threads()), 1, kColumns / panel);
}

void multiply_values(const Pass& p, std::span<const WeightProduct> products) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  std::vector<Task> tasks;
  i64 columns = 0, wide = 0;  // of the largest task
  for (const WeightProduct& x : products) {
    if (x.rows == 0) continue;
    const bool ahead = x.direction == Direction::forward;
    const i64 all = cpu::panels(kernels, x.n()), step = panels_per_task(p, products, x.direction);
    for (i64 begin = 0; begin < all; begin += step) tasks.push_back({&x, begin, std::min(all, begin + step)});
    columns = std::max(columns, step);
    wide = std::max(wide, kDepth * (ahead ? kernels.panel : kBackwardColumns));
  }
  if (tasks.empty()) return;
  const i64 threads = tasks.size() > 1 ? p.pool.threads() : 1;
  const GemmScratch gemm(p, threads);
  const Tensor floats = p.alloc(threads, wide),
               packed = p.alloc(threads, columns * kernels.panel_bytes(format_of(p), kDepth) / 4);
  p.pool.run(static_cast<i64>(tasks.size()), [&](i64 i, int worker) {
    const Task& t = tasks[i];
    const Scratch s{floats.row(worker), reinterpret_cast<std::byte*>(packed.row(worker)), gemm.of(worker)};
    t.product->direction == Direction::forward ? forward(p, t, s) : backward(p, t, s);
  });
}

}  // namespace

void multiply_streamed(const Pass& p, std::span<const WeightProduct> products) {
  std::vector<WeightProduct> integers, values;
  for (const WeightProduct& x : products) (in_integers(p, x) ? integers : values).push_back(x);
  if (!integers.empty()) multiply_integers(p, integers);
  if (!values.empty()) multiply_values(p, values);
}

}  // namespace r1
