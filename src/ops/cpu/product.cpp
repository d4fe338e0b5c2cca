#include "ops/cpu/product.hpp"

#include <algorithm>
#include <iterator>

#include "core/file.hpp"
#include "core/integer.hpp"
#include "ops/cpu/streamed_product.hpp"

namespace r1 {
namespace {

// How many rows and panels a task takes. Rows are split first, because a split by rows packs no part of A twice. Tasks
// of more than block_rows rows would gain nothing, and a few tasks per thread balance the load when other programs take
// a part of the cores.
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
  const i64 task_rows = ceil_div(rows, row_tasks);  // a short last tile costs less than a task longer than the others
  const i64 panel_tasks = std::min(ceil_div(wanted, ceil_div(rows, task_rows)), all_panels);
  return {task_rows, ceil_div(all_panels, panel_tasks)};
}

struct GemmTask {
  const cpu::Gemm* product;
  i64 m_begin, m_end, p_begin, p_end;
};

// The matrix `b`, B [k, n], packed into memory of the pass.
Tensor pack(const Pass& p, cpu::Format format, const cpu::MatrixView& b, i64 k, i64 n) {
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  const i64 all = cpu::panels(kernels, n), panel_bytes = kernels.panel_bytes(format, k);
  const Tensor packed = p.alloc(all, panel_bytes / 4);
  std::byte* const to = reinterpret_cast<std::byte*>(packed.data());
  const i64 grain = std::max<i64>(1, kTaskPackedElements / (k * kernels.panel + 1));
  p.pool.ranges(all, grain, [&](i64 begin, i64 end, int) { kernels.pack_b(format, to, b, k, n, begin, end); });
  return packed;
}

}  // namespace

Packed Packs::get(const Weight& w, Direction direction) {
  R1_CHECK(is_plain(w.dtype()), "{}: a pack of {} asked for", w.name(), name_of(w.dtype()));
  const cpu::GemmKernels& kernels = p_.kernels.gemm;
  const bool forward = direction == Direction::forward;
  const i64 k = forward ? w.cols() : w.rows(), n = forward ? w.rows() : w.cols();
  const cpu::Format format = panel_format(numerics_, w);
  const i64 all = cpu::panels(kernels, n), panel_bytes = kernels.panel_bytes(format, k);
  const PackKey key{static_cast<u8>(p_.kernels.level), static_cast<u8>(format), !forward};
  std::byte* stale = nullptr;
  const std::byte* pack = w.pack(key, all * panel_bytes, [&stale](std::byte* to) { stale = to; });
  if (!stale) return {format, pack};
  const cpu::MatrixView b{w.bytes(), w.cols(), forward ? cpu::Layout::columns : cpu::Layout::rows, w.dtype()};
  const i64 step = std::max<i64>(1, kTaskPackedElements / (k * kernels.panel));
  for (i64 begin = 0; begin < all; begin += step)
    stale_.push_back({format, b, stale, k, n, begin, std::min(all, begin + step)});
  packed_.push_back(w);
  return {format, pack};
}

void Packs::fill() {
  p_.pool.run(std::ssize(stale_), [&](i64 task, int) {
    const StalePanels& x = stale_[task];
    p_.kernels.gemm.pack_b(x.format, x.to, x.b, x.k, x.n, x.begin, x.end);
  });
  stale_.clear();
  for (const Weight& w : packed_) release_file_pages(w);
  packed_.clear();
}

void release_file_pages(const Weight& w) {
  if (!w.mapping().empty()) release_pages({w.bytes(), static_cast<size_t>(w.rows() * row_bytes(w.dtype(), w.cols()))});
}

void multiply(const Pass& p, std::span<const cpu::Gemm> products, i64 rows) {
  if (rows == 0) return;
  std::vector<GemmTask> tasks;
  i64 work = 0;
  for (const cpu::Gemm& g : products) {
    const Split s = split(p, g, rows);
    const i64 all_panels = cpu::panels(p.kernels.gemm, g.n);
    for (i64 m = 0; m < rows; m += s.rows)
      for (i64 panel = 0; panel < all_panels; panel += s.panels)
        tasks.push_back({&g, m, std::min(rows, m + s.rows), panel, std::min(all_panels, panel + s.panels)});
    work += rows * g.n * g.k;
  }
  const bool alone = tasks.size() == 1 || work < 2 * kTaskMultiplyAdds;
  const GemmScratch scratch(p, alone ? 1 : p.pool.threads());
  const auto run = [&](i64 task, int worker) {
    const GemmTask& t = tasks[task];
    p.kernels.gemm.gemm(*t.product, t.m_begin, t.m_end, t.p_begin, t.p_end, scratch.of(worker));
  };
  if (!alone) return p.pool.run(std::ssize(tasks), run);
  for (i64 i = 0; i < std::ssize(tasks); ++i) run(i, 0);
}

void multiply(const Pass& p, const ProductNumerics& numerics, Tensor y, const Tensor& x, const Weight& w,
              Direction direction, Into into) {
  if (streams(w)) {
    const WeightProduct product{&w, direction, view(x), x.rows(), y.data(), y.cols(), into};
    return multiply_streamed(p, numerics, {&product, 1});
  }
  Packs packs(p, numerics);
  const Packed b = packs.get(w, direction);
  packs.fill();
  const cpu::Gemm g{b.format, view(x), b.panels, y.data(), y.cols(), y.cols(), x.cols(), into};
  multiply(p, {&g, 1}, x.rows());
}

void multiply_pair(const Pass& p, const ProductNumerics& numerics, const std::array<Tensor, 2>& y, const Tensor& x,
                   const std::array<Weight, 2>& w) {
  if (streams(w[0]) != streams(w[1])) {
    for (int i = 0; i < 2; ++i) multiply(p, numerics, y[i], x, w[i], Direction::forward, Into::overwrite);
    return;
  }
  if (streams(w[0])) {
    const auto product = [&](int i) {
      return WeightProduct{&w[i], Direction::forward, view(x), x.rows(), y[i].data(), y[i].cols(), Into::overwrite};
    };
    const std::array<WeightProduct, 2> products{product(0), product(1)};
    return multiply_streamed(p, numerics, products);
  }
  Packs packs(p, numerics);
  const std::array<Packed, 2> b{packs.get(w[0], Direction::forward), packs.get(w[1], Direction::forward)};
  packs.fill();
  const auto product = [&](int i) {
    return cpu::Gemm{b[i].format, view(x), b[i].panels, y[i].data(), y[i].cols(), y[i].cols(), x.cols()};
  };
  const std::array<cpu::Gemm, 2> products{product(0), product(1)};
  multiply(p, products, x.rows());
}

void accumulate_weight_gradient(const Pass& p, cpu::Format format, const Weight& w, float* dy, const float* x,
                                i64 rows) {
  if (rows == 0) return;
  const cpu::GemmKernels& kernels = p.kernels.gemm;
  if (adds_in_place(p, format)) {
    if (format == cpu::Format::bf16)
      p.pool.ranges(rows * w.rows(), kTaskPackedElements,
                    [&](i64 begin, i64 end, int) { kernels.round(dy + begin, end - begin); });
    const cpu::GradientProduct g{.format = format,
                                 .a = dy,
                                 .lda = w.rows(),
                                 .b = x,
                                 .ldb = w.cols(),
                                 .c = w.grad(),
                                 .ldc = w.cols(),
                                 .n = w.cols(),
                                 .k = rows};
    const i64 panels = cpu::panels(kernels, g.n), worth = std::max<i64>(1, w.size() * rows / kTaskMultiplyAdds);
    p.pool.ranges(panels, std::max<i64>(1, panels / worth),
                  [&](i64 begin, i64 end, int) { kernels.add_gradient(g, 0, w.rows(), begin, end); });
    return;
  }
  const Tensor packed = pack(p, format, {x, w.cols()}, rows, w.cols());
  const cpu::Gemm g{.format = format,
                    .a = {dy, w.rows(), cpu::Layout::columns},
                    .b = reinterpret_cast<const std::byte*>(packed.data()),
                    .c = w.grad(),
                    .ldc = w.cols(),
                    .n = w.cols(),
                    .k = rows,
                    .into = Into::add};
  multiply(p, {&g, 1}, w.rows());
}

}  // namespace r1
