#include <algorithm>

#include "core/integer.hpp"
#include "ops/cpu/mixture.hpp"
#include "ops/cpu/product.hpp"

namespace r1 {
namespace {

struct PackedExpert {
  Packed gate, up, down;
};

// The packs of every expert that has rows, by its index.
std::vector<PackedExpert> packed_experts(const Mixture& m, Direction direction) {
  Packs packs(m.p, product_numerics(m.p));
  std::vector<PackedExpert> packed(m.experts.size());
  for (const ExpertRun& run : m.runs) {
    PackedExpert& to = packed[run.expert];
    if (to.gate.panels) continue;  // an earlier run of the same expert
    const Expert& e = m.experts[run.expert];
    to = {packs.get(e.gate, direction), packs.get(e.up, direction), packs.get(e.down, direction)};
  }
  packs.fill();
  return packed;
}

// Panels of a product.
struct PanelRange {
  i64 begin, end;
};

// The rows of `run` of c = or += A · b. A is `a` at the slots of the run, or at the tokens of these slots.
enum class RowsOf : u8 { slots, tokens };
void multiply_run(const Mixture& m, const ExpertRun& run, const Tensor& a, RowsOf rows, const Packed& b,
                  const Tensor& c, PanelRange panels, Into into, std::byte* scratch) {
  cpu::Gemm g{b.format, view(a), b.panels, c.row(run.begin), c.cols(), c.cols(), a.cols(), into};
  if (rows == RowsOf::tokens) g.a.index = m.token.data() + run.begin;
  else g.a.data = a.row(run.begin);
  m.gemm().gemm(g, 0, run.rows(), panels.begin, panels.end, scratch);
}

// Panels of `hidden` of a run: gate, up and swiglu.
void compute_hidden(const Mixture& m, const ExpertRun& run, const PackedExpert& e, PanelRange panels,
                    std::byte* scratch) {
  multiply_run(m, run, m.x, RowsOf::tokens, e.gate, m.gate, panels, Into::overwrite, scratch);
  multiply_run(m, run, m.x, RowsOf::tokens, e.up, m.up, panels, Into::overwrite, scratch);
  const i64 column = panels.begin * m.gemm().panel, width = std::min(m.f(), panels.end * m.gemm().panel) - column;
  const cpu::ElementwiseKernels& kernels = m.p.kernels.elementwise;
  if (width == m.f())
    return kernels.swiglu(m.hidden.row(run.begin), m.gate.row(run.begin), m.up.row(run.begin), run.rows() * width);
  for (i64 s = run.begin; s < run.end; ++s)
    kernels.swiglu(m.hidden.row(s) + column, m.gate.row(s) + column, m.up.row(s) + column, width);
}

void compute_out(const Mixture& m, const ExpertRun& run, const PackedExpert& e, PanelRange panels, std::byte* scratch) {
  multiply_run(m, run, m.hidden, RowsOf::slots, e.down, m.out, panels, Into::overwrite, scratch);
}

}  // namespace

void packed_forward(Mixture& m) {
  const Pass& p = m.p;
  const i64 slots = m.slots(), d = m.d(), f = m.f(), threads = p.pool.threads(), count = std::ssize(m.runs);
  m.gate = p.alloc(slots, f), m.up = p.alloc(slots, f), m.hidden = p.alloc(slots, f), m.out = p.alloc(slots, d);
  const std::vector<PackedExpert> packed = packed_experts(m, Direction::forward);
  const PanelRange inner{0, cpu::panels(m.gemm(), f)}, outer{0, cpu::panels(m.gemm(), d)};
  const GemmScratch scratch(p, threads);
  const auto whole_run = [&](i64 i, int worker) {
    const ExpertRun& run = m.runs[i];
    compute_hidden(m, run, packed[run.expert], inner, scratch.of(worker));
    compute_out(m, run, packed[run.expert], outer, scratch.of(worker));
  };
  if (slots * 3 * d * f < 2 * kTaskMultiplyAdds) {
    for (i64 i = 0; i < count; ++i) whole_run(i, 0);
  } else if (count >= threads) {
    p.pool.run(count, whole_run);
  } else {
    const auto in_parts = [&](i64 panels, auto&& compute) {
      const i64 parts = std::min(panels, ceil_div(2 * threads, count)), step = ceil_div(panels, parts);
      p.pool.run(count * parts, [&](i64 task, int worker) {
        const ExpertRun& run = m.runs[task / parts];
        const i64 begin = task % parts * step;
        if (begin < panels)
          compute(m, run, packed[run.expert], PanelRange{begin, std::min(panels, begin + step)}, scratch.of(worker));
      });
    };
    in_parts(inner.end, compute_hidden);
    in_parts(outer.end, compute_out);
  }
}

void packed_backward(const Mixture& m, const MixtureGradients& g) {
  const std::vector<PackedExpert> packed = packed_experts(m, Direction::backward);
  const PanelRange inner{0, cpu::panels(m.gemm(), m.f())}, outer{0, cpu::panels(m.gemm(), m.d())};
  const GemmScratch scratch(m.p, m.p.pool.threads());
  m.p.pool.run(std::ssize(m.runs), [&](i64 task, int worker) {
    const ExpertRun& run = m.runs[task];
    const PackedExpert& e = packed[run.expert];
    std::byte* const memory = scratch.of(worker);
    gate_gradients(m, run, g);
    multiply_run(m, run, g.out, RowsOf::slots, e.down, g.hidden, inner, Into::overwrite, memory);
    swiglu_gradients(m, run, g);
    multiply_run(m, run, g.gate, RowsOf::slots, e.gate, g.x, outer, Into::overwrite, memory);
    multiply_run(m, run, g.up, RowsOf::slots, e.up, g.x, outer, Into::add, memory);
  });
}

namespace {

// One of an expert's three weights, and the rows that give its gradient: dW += dzᵀ b over the expert's slots. b is
// `hidden` at these slots, or x at their tokens.
struct ExpertGradient {
  const Weight& w;
  const Tensor& dz;
  bool of_hidden;
};
ExpertGradient expert_gradient(const Mixture& m, const MixtureGradients& g, i64 expert, i64 matrix) {
  const Expert& e = m.experts[expert];
  if (matrix == 2) return {e.down, g.out, true};
  return matrix == 1 ? ExpertGradient{e.up, g.up, false} : ExpertGradient{e.gate, g.gate, false};
}

struct ExpertRows {
  i64 expert, first_slot, rows;
};

// The rows are read where they lie. A task takes some panels of one gradient.
void add_gradients_in_place(const Mixture& m, const MixtureGradients& g, const std::vector<ExpertRows>& all) {
  const cpu::GemmKernels& kernels = m.gemm();
  const cpu::Format format = product_numerics(m.p).format;
  if (format == cpu::Format::bf16)
    m.p.pool.run(std::ssize(m.runs), [&](i64 task, int) {
      const ExpertRun& run = m.runs[task];
      kernels.round(g.out.row(run.begin), run.rows() * m.d());
      kernels.round(g.gate.row(run.begin), run.rows() * m.f());
      kernels.round(g.up.row(run.begin), run.rows() * m.f());
    });
  const i64 parts = std::max<i64>(1, 2 * m.p.pool.threads() / std::max<i64>(1, std::ssize(all)));
  m.p.pool.run(3 * parts * std::ssize(all), [&](i64 task, int) {
    const ExpertRows& r = all[task / (3 * parts)];
    const auto [w, dz, of_hidden] = expert_gradient(m, g, r.expert, task / parts % 3);
    if (!w.trainable()) return;
    const cpu::GradientProduct product{.format = format,
                                       .a = dz.row(r.first_slot),
                                       .lda = dz.cols(),
                                       .b = of_hidden ? m.hidden.row(r.first_slot) : m.x.data(),
                                       .ldb = w.cols(),
                                       .b_index = of_hidden ? nullptr : m.token.data() + r.first_slot,
                                       .c = w.grad(),
                                       .ldc = w.cols(),
                                       .n = w.cols(),
                                       .k = r.rows};
    const i64 panels = cpu::panels(kernels, w.cols()), step = ceil_div(panels, parts), begin = task % parts * step;
    if (begin < panels) kernels.add_gradient(product, 0, w.rows(), begin, std::min(panels, begin + step));
  });
}

// One expert's rows of x and of hidden, packed as the second operand of the products that give dW.
struct PackedRows {
  ExpertRows of;
  std::byte *x, *hidden;
};

// The rows are rounded while they are packed, for levels that multiply pairs.
void add_gradients_packed(const Mixture& m, const MixtureGradients& g, const std::vector<ExpertRows>& all) {
  const Pass& p = m.p;
  const cpu::GemmKernels& kernels = m.gemm();
  const cpu::Format format = product_numerics(p).format;
  const i64 inner = cpu::panels(kernels, m.f()), outer = cpu::panels(kernels, m.d());
  i64 bytes = 0;
  for (const ExpertRows& r : all) bytes += (inner + outer) * kernels.panel_bytes(format, r.rows);
  const Tensor memory = p.alloc(1, bytes / 4);
  std::vector<PackedRows> packed;
  std::byte* at = reinterpret_cast<std::byte*>(memory.data());
  for (const ExpertRows& r : all) {
    const i64 panel = kernels.panel_bytes(format, r.rows);
    packed.push_back({r, at, at + outer * panel});
    at += (inner + outer) * panel;
  }
  p.pool.run(2 * std::ssize(all), [&](i64 task, int) {
    const PackedRows& r = packed[task / 2];
    if (task % 2) {
      const cpu::MatrixView b{m.hidden.row(r.of.first_slot), m.f()};
      kernels.pack_b(format, r.hidden, b, r.of.rows, m.f(), 0, inner);
    } else {
      cpu::MatrixView b = view(m.x);
      b.index = m.token.data() + r.of.first_slot;
      kernels.pack_b(format, r.x, b, r.of.rows, m.d(), 0, outer);
    }
  });
  // A task computes one of an expert's three gradients, or a part of its rows when there are few experts for the
  // threads.
  const i64 parts = std::max<i64>(1, 2 * p.pool.threads() / std::max<i64>(1, std::ssize(all)));
  const GemmScratch scratch(p, p.pool.threads());
  p.pool.run(3 * parts * std::ssize(all), [&](i64 task, int worker) {
    const PackedRows& r = packed[task / (3 * parts)];
    const auto [w, dz, of_hidden] = expert_gradient(m, g, r.of.expert, task / parts % 3);
    if (!w.trainable()) return;
    const cpu::Gemm gemm{.format = format,
                         .a = {dz.row(r.of.first_slot), dz.cols(), cpu::Layout::columns},
                         .b = of_hidden ? r.hidden : r.x,
                         .c = w.grad(),
                         .ldc = w.cols(),
                         .n = w.cols(),
                         .k = r.of.rows,
                         .into = Into::add};
    const i64 step = round_up(ceil_div(w.rows(), parts), kernels.row_step), begin = task % parts * step;
    if (begin < w.rows())
      kernels.gemm(gemm, begin, std::min(w.rows(), begin + step), 0, of_hidden ? inner : outer, scratch.of(worker));
  });
}

}  // namespace

void accumulate_expert_gradients(const Mixture& m, const MixtureGradients& g) {
  std::vector<ExpertRows> all;
  for (i64 e = 0; e < m.routing.experts; ++e) {
    const i64 begin = m.routing.begin[e], rows = m.routing.begin[e + 1] - begin;
    if (rows > 0) all.push_back({e, begin, rows});
  }
  adds_in_place(m.p, product_numerics(m.p).format) ? add_gradients_in_place(m, g, all)
                                                   : add_gradients_packed(m, g, all);
}

}  // namespace r1
