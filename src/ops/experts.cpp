// The routed experts of a mixture. Rows are sorted by expert (Routing::slot); a task is a run of one expert's rows, and
// takes them through gate, up, swiglu and down while they are in cache. When there are fewer such runs than threads
// (decode), the columns of each product are split as well. Sums over a token's experts and over an expert's rows run
// in a fixed order, so neither the batch nor the thread count changes bits.
// Experts of blocks or FP8 are read once per product, for all their rows, by multiply_streamed: the same sums, other
// tasks.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/integer.hpp"
#include "ops/cpu/expert_cache.hpp"
#include "ops/cpu/streamed_product.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

// Rows [begin, end) of the sorted slots, all of expert e.
struct Run {
  i32 e, begin, end;
};

enum Matrix { kGate, kUp, kDown, kMatrices };

struct Mixture {
  Pass p;
  Tensor x;
  Routing r;
  std::span<const Expert> experts;
  std::vector<Expert> kept{};  // with a tape: what `experts` shows
  bool streamed = false;       // some of them are blocks or FP8, or in a cache
  ExpertCache* cache = nullptr;
  const Expert* layer = nullptr;         // by which the cache knows them
  Tensor gate{}, up{}, hidden{}, out{};  // [slots, f] ×3, [slots, d]
  std::vector<i32> token{};              // [slots] row of x
  std::vector<i32> place{};              // [T·k] slot of a route
  std::vector<Run> runs{};

  i64 slots() const { return static_cast<i64>(r.slot.size()); }
  i64 d() const { return x.cols(); }
  i64 f() const { return experts[0].gate.rows(); }
  const cpu::GemmKernels& kernels() const { return p.kernels.gemm; }

  void sort_rows();
  void forward();
  void forward_streamed();
  void products_streamed(std::span<const Run> some) const;
  void combine(const Tensor& y) const;
  void backward(const Tensor& dy, const Tensor& dx, const Tensor& dgates) const;
  void scaled_gradient(const Run& j, const Tensor& dy, const Tensor& dout, const Tensor& dgates) const;
  void swiglu_gradient(const Run& j, const Tensor& dhidden, const Tensor& dgate, const Tensor& dup) const;
  void products_backward(const Tensor& dout, const Tensor& dhidden, const Tensor& dgate, const Tensor& dup,
                         const Tensor& dx_rows, const Tensor& dy, const Tensor& dgates) const;
  void streamed_backward(const Tensor& dout, const Tensor& dhidden, const Tensor& dgate, const Tensor& dup,
                         const Tensor& dx_rows, const Tensor& dy, const Tensor& dgates) const;
  void weight_gradients(const Tensor& dgate, const Tensor& dup, const Tensor& dout) const;

  // All rows of an expert times one of its matrices.
  WeightProduct product(const Run& all, const Weight& w, Direction direction, const Tensor& a, const Tensor& c,
                        bool accumulate = false) const {
    return {&w, direction, {a.row(all.begin), a.cols()}, all.end - all.begin, c.row(all.begin), c.cols(), accumulate};
  }
  // One run for every expert that was chosen.
  std::vector<Run> whole_runs() const {
    std::vector<Run> all;
    for (i32 e = 0; e < r.experts; ++e) {
      const i32 begin = r.begin[e], end = r.begin[e + 1];
      if (begin < end) all.push_back({e, begin, end});
    }
    return all;
  }
  const Expert& expert(const Run& j) const { return experts[j.e]; }

  // Rows of run j times one expert's packed matrix. by_token: rows of `a` are rows of x, else sorted slots.
  void multiply_run(const Run& j, const Tensor& a, bool by_token, const Packed& b, const Tensor& c, i64 begin_panel,
                    i64 end_panel, bool accumulate, std::byte* scratch) const {
    cpu::Gemm g{b.format, view(a), b.panels, c.row(j.begin), c.cols(), c.cols(), a.cols(), accumulate};
    if (by_token) g.a.index = token.data() + j.begin;
    else g.a.data = a.row(j.begin);
    kernels().gemm(g, 0, j.end - j.begin, begin_panel, end_panel, scratch);
  }
};

void Mixture::sort_rows() {
  token.resize(r.slot.size());
  place.resize(r.slot.size());
  for (size_t s = 0; s < r.slot.size(); ++s) {
    token[s] = r.slot[s] / static_cast<i32>(r.top_k);
    place[r.slot[s]] = static_cast<i32>(s);
  }
  // Even runs of at most a block of rows; shorter ones where that would leave threads idle.
  const i64 threads = p.pool.threads(), step = kernels().row_step;
  const i64 fair = round_up(slots() / (4 * threads), step);
  const i64 most = std::clamp<i64>(fair, step, kernels().block_rows);
  for (i32 e = 0; e < r.experts; ++e) {
    const i32 begin = r.begin[e], end = r.begin[e + 1];
    for (i32 at = begin; at < end; at += static_cast<i32>(most))
      runs.push_back({e, at, std::min(end, at + static_cast<i32>(most))});
  }
}

// Experts that follow one another: so do their slots.
void Mixture::products_streamed(std::span<const Run> some) const {
  std::vector<WeightProduct> inner, outer;
  for (const Run& all : some) {
    for (const auto& [w, c] : {std::pair{&expert(all).gate, gate}, {&expert(all).up, up}}) {
      inner.push_back(product(all, *w, Direction::forward, hidden, c));
      inner.back().a = view(x);
      inner.back().a.index = token.data() + all.begin;
    }
    outer.push_back(product(all, expert(all).down, Direction::forward, hidden, out));
  }
  multiply_streamed(p, inner);
  const i64 first = some.front().begin, count = some.back().end - first;
  p.pool.ranges(count, kTaskPackedElements / f() + 1, [&](i64 begin, i64 end, int) {
    p.kernels.elementwise.swiglu(hidden.row(first + begin), gate.row(first + begin), up.row(first + begin),
                                 (end - begin) * f());
  });
  multiply_streamed(p, outer);
}

void Mixture::forward_streamed() {
  gate = p.alloc(slots(), f()), up = p.alloc(slots(), f()), hidden = p.alloc(slots(), f()), out = p.alloc(slots(), d());
  const std::vector<Run> all = whole_runs();
  if (all.empty()) return;
  if (!cache) return products_streamed(all);
  std::vector<i32> chosen;
  for (const Run& j : all) chosen.push_back(j.e);
  const auto groups = cache->groups(layer, chosen);
  cache->fetch(layer, groups[0], {});
  const Run* at = all.data();
  for (size_t g = 0; g < groups.size(); ++g) {
    if (g + 1 < groups.size()) cache->fetch(layer, groups[g + 1], groups[g]);  // read while these are multiplied
    products_streamed({at, groups[g].size()});
    at += groups[g].size();
  }
  cache->settle(layer);
}

void Mixture::forward() {
  if (streamed) return forward_streamed();
  Packs packs(p);
  std::vector<std::array<Packed, kMatrices>> packed(experts.size());
  for (const Run& j : runs) {
    const auto e = static_cast<size_t>(j.e);
    if (packed[e][kGate].panels) continue;
    packed[e] = {packs.get(experts[e].gate, Direction::forward), packs.get(experts[e].up, Direction::forward),
                 packs.get(experts[e].down, Direction::forward)};
  }
  packs.fill();
  gate = p.alloc(slots(), f()), up = p.alloc(slots(), f()), hidden = p.alloc(slots(), f()), out = p.alloc(slots(), d());

  const i64 threads = p.pool.threads(), count = static_cast<i64>(runs.size());
  const i64 inner = cpu::panels(kernels(), f()), outer = cpu::panels(kernels(), d());
  const bool small = slots() * f() * d() * 3 < 2 * kTaskMultiplyAdds;
  const auto into_hidden = [&](i64 task, i64 begin, i64 end, std::byte* scratch) {
    const Run& j = runs[task];
    const auto& b = packed[j.e];
    multiply_run(j, x, true, b[kGate], gate, begin, end, false, scratch);
    multiply_run(j, x, true, b[kUp], up, begin, end, false, scratch);
    const i64 column = begin * kernels().panel, width = std::min(end * kernels().panel, f()) - column;
    if (width == f())
      return p.kernels.elementwise.swiglu(hidden.row(j.begin), gate.row(j.begin), up.row(j.begin),
                                          (j.end - j.begin) * width);
    for (i64 s = j.begin; s < j.end; ++s)
      p.kernels.elementwise.swiglu(hidden.row(s) + column, gate.row(s) + column, up.row(s) + column, width);
  };
  const auto into_out = [&](i64 task, i64 begin, i64 end, std::byte* scratch) {
    const Run& j = runs[task];
    multiply_run(j, hidden, false, packed[j.e][kDown], out, begin, end, false, scratch);
  };

  const GemmScratch scratch(p, threads);
  if (small) {
    for (i64 i = 0; i < count; ++i) into_hidden(i, 0, inner, scratch.of(0)), into_out(i, 0, outer, scratch.of(0));
  } else if (count >= threads) {
    p.pool.run(count, [&](i64 i, int worker) {
      into_hidden(i, 0, inner, scratch.of(worker));
      into_out(i, 0, outer, scratch.of(worker));
    });
  } else {
    const auto in_parts = [&](i64 panels, auto&& work) {
      const i64 parts = std::min(panels, ceil_div(2 * threads, count)), step = ceil_div(panels, parts);
      p.pool.run(count * parts, [&](i64 task, int worker) {
        const i64 begin = task % parts * step;
        if (begin < panels) work(task / parts, begin, std::min(panels, begin + step), scratch.of(worker));
      });
    };
    in_parts(inner, into_hidden);
    in_parts(outer, into_out);
  }
}

// Rows of T worth a task when each costs about `cost` multiply-adds.
i64 row_grain(i64 cost) { return std::max<i64>(1, kTaskMultiplyAdds / std::max<i64>(1, cost)); }

void Mixture::combine(const Tensor& y) const {
  const i64 k = r.top_k;
  p.pool.ranges(x.rows(), row_grain(4 * k * d()), [&](i64 begin, i64 end, int) {
    for (i64 t = begin; t < end; ++t)
      kernels().weighted_rows(y.row(t), out.data(), place.data() + t * k, r.gates.row(t), k, d(), false);
  });
}

// dout = gate of the route · dy of its token; dgates += dy · out.
void Mixture::scaled_gradient(const Run& j, const Tensor& dy, const Tensor& dout, const Tensor& dgates) const {
  for (i64 s = j.begin; s < j.end; ++s) {
    const i64 route = r.slot[s], t = token[s];
    p.kernels.elementwise.scale(dout.row(s), dy.row(t), r.gates.data()[route], d());
    dgates.data()[route] += kernels().dot(dy.row(t), out.row(s), d());
  }
}

void Mixture::swiglu_gradient(const Run& j, const Tensor& dhidden, const Tensor& dgate, const Tensor& dup) const {
  const auto bytes = static_cast<size_t>((j.end - j.begin) * f()) * 4;
  std::memset(dgate.row(j.begin), 0, bytes);  // swiglu_backward adds
  std::memset(dup.row(j.begin), 0, bytes);
  p.kernels.elementwise.swiglu_backward(dgate.row(j.begin), dup.row(j.begin), dhidden.row(j.begin), gate.row(j.begin),
                                        up.row(j.begin), (j.end - j.begin) * f());
}

void Mixture::products_backward(const Tensor& dout, const Tensor& dhidden, const Tensor& dgate, const Tensor& dup,
                                const Tensor& dx_rows, const Tensor& dy, const Tensor& dgates) const {
  Packs packs(p);
  std::vector<std::array<Packed, kMatrices>> packed(experts.size());
  for (const Run& j : runs) {
    const auto e = static_cast<size_t>(j.e);
    if (packed[e][kGate].panels) continue;
    packed[e] = {packs.get(experts[e].gate, Direction::backward), packs.get(experts[e].up, Direction::backward),
                 packs.get(experts[e].down, Direction::backward)};
  }
  packs.fill();
  const i64 inner = cpu::panels(kernels(), f()), outer = cpu::panels(kernels(), d());
  const GemmScratch scratch(p, p.pool.threads());
  p.pool.run(static_cast<i64>(runs.size()), [&](i64 task, int worker) {
    const Run& j = runs[task];
    const auto& b = packed[j.e];
    scaled_gradient(j, dy, dout, dgates);
    multiply_run(j, dout, false, b[kDown], dhidden, 0, inner, false, scratch.of(worker));
    swiglu_gradient(j, dhidden, dgate, dup);
    multiply_run(j, dgate, false, b[kGate], dx_rows, 0, outer, false, scratch.of(worker));
    multiply_run(j, dup, false, b[kUp], dx_rows, 0, outer, true, scratch.of(worker));
  });
}

void Mixture::streamed_backward(const Tensor& dout, const Tensor& dhidden, const Tensor& dgate, const Tensor& dup,
                                const Tensor& dx_rows, const Tensor& dy, const Tensor& dgates) const {
  std::vector<WeightProduct> down, through_gate, through_up;
  for (const Run& all : whole_runs()) {
    down.push_back(product(all, expert(all).down, Direction::backward, dout, dhidden));
    through_gate.push_back(product(all, expert(all).gate, Direction::backward, dgate, dx_rows));
    through_up.push_back(product(all, expert(all).up, Direction::backward, dup, dx_rows, true));
  }
  const auto each_run = [&](auto&& work) {
    p.pool.run(static_cast<i64>(runs.size()), [&](i64 task, int) { work(runs[task]); });
  };
  each_run([&](const Run& j) { scaled_gradient(j, dy, dout, dgates); });
  multiply_streamed(p, down);
  each_run([&](const Run& j) { swiglu_gradient(j, dhidden, dgate, dup); });
  multiply_streamed(p, through_gate);
  multiply_streamed(p, through_up);
}

void Mixture::backward(const Tensor& dy, const Tensor& dx, const Tensor& dgates) const {
  const Tensor dout = p.alloc(slots(), d()), dhidden = p.alloc(slots(), f()), dx_rows = p.alloc(slots(), d());
  const Tensor dgate = p.alloc(slots(), f()), dup = p.alloc(slots(), f());
  if (streamed) streamed_backward(dout, dhidden, dgate, dup, dx_rows, dy, dgates);
  else products_backward(dout, dhidden, dgate, dup, dx_rows, dy, dgates);
  const i64 k = r.top_k;
  p.pool.ranges(x.rows(), row_grain(4 * k * d()), [&](i64 begin, i64 end, int) {
    for (i64 t = begin; t < end; ++t)
      kernels().weighted_rows(dx.row(t), dx_rows.data(), place.data() + t * k, nullptr, k, d(), true);
  });
  const auto trains = [](const Expert& e) { return e.gate.trainable() || e.up.trainable() || e.down.trainable(); };
  if (std::any_of(experts.begin(), experts.end(), trains)) weight_gradients(dgate, dup, dout);
}

// dW_gate += dgateᵀ x   dW_up += dupᵀ x   dW_down += doutᵀ hidden, over each expert's rows.
void Mixture::weight_gradients(const Tensor& dgate, const Tensor& dup, const Tensor& dout) const {
  struct Job {
    i64 e, rows;
    std::byte *x, *hidden;  // packed
  };
  std::vector<Job> jobs;
  const i64 inner = cpu::panels(kernels(), f()), outer = cpu::panels(kernels(), d());
  i64 bytes = 0;
  for (i64 e = 0; e < r.experts; ++e) {
    const i64 rows = r.begin[e + 1] - r.begin[e];
    if (rows == 0) continue;
    jobs.push_back({e, rows, nullptr, nullptr});
    bytes += (inner + outer) * kernels().panel_bytes(format_of(p), rows);
  }
  const Tensor memory = p.alloc(1, bytes / 4);
  std::byte* at = reinterpret_cast<std::byte*>(memory.data());
  for (Job& j : jobs) {
    const i64 panel = kernels().panel_bytes(format_of(p), j.rows);
    j.x = at, j.hidden = at + outer * panel;
    at += (inner + outer) * panel;
  }
  const auto first_slot = [&](const Job& j) { return r.begin[j.e]; };
  p.pool.run(2 * static_cast<i64>(jobs.size()), [&](i64 task, int) {
    const Job& j = jobs[task / 2];
    cpu::MatrixView b = view(task % 2 ? hidden : x);
    if (task % 2) b.data = hidden.row(first_slot(j));
    else b.index = token.data() + first_slot(j);
    kernels().pack_b(format_of(p), task % 2 ? j.hidden : j.x, b, j.rows, task % 2 ? f() : d(), 0,
                     task % 2 ? inner : outer);
  });
  // Tasks of a third of an expert when there are many experts for the threads, else split by rows of the result too.
  const i64 parts = std::max<i64>(1, 2 * p.pool.threads() / std::max<i64>(1, static_cast<i64>(jobs.size())));
  const GemmScratch scratch(p, p.pool.threads());
  p.pool.run(kMatrices * parts * static_cast<i64>(jobs.size()), [&](i64 task, int worker) {
    const Job& j = jobs[task / (kMatrices * parts)];
    const i64 which = task / parts % kMatrices, part = task % parts;
    const Expert& expert = experts[j.e];
    const Weight& w = which == kGate ? expert.gate : which == kUp ? expert.up : expert.down;
    if (!w.trainable()) return;
    const Tensor& dz = which == kGate ? dgate : which == kUp ? dup : dout;
    cpu::Gemm g{
        format_of(p), view_transposed(dz), which == kDown ? j.hidden : j.x, w.grad(), w.cols(), w.cols(), j.rows, true};
    g.a.data = dz.row(first_slot(j));
    const i64 row_step = kernels().row_step, fair = ceil_div(w.rows(), parts);
    const i64 step = round_up(fair, row_step);
    const i64 begin = part * step;
    if (begin < w.rows())
      kernels().gemm(g, begin, std::min(w.rows(), begin + step), 0, which == kDown ? inner : outer, scratch.of(worker));
  });
}

}  // namespace

Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts) {
  return r1::experts(p, x, r, experts, nullptr);
}

Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts, ExpertCache* cache) {
  R1_CHECK(r.experts == static_cast<i64>(experts.size()), "experts: {} routed over, {} given", r.experts,
           experts.size());
  R1_CHECK(
      r.gates.rows() == x.rows() && r.gates.cols() == r.top_k && static_cast<i64>(r.slot.size()) == x.rows() * r.top_k,
      "experts: x {}, gates {}, {} routes", x.shape(), r.gates.shape(), r.slot.size());
  for (const Expert& e : experts)
    R1_CHECK(e.gate.cols() == x.cols() && e.up.cols() == x.cols() && e.down.rows() == x.cols() &&
                 e.gate.rows() == e.up.rows() && e.down.cols() == e.up.rows() &&
                 e.gate.rows() == experts[0].gate.rows(),
             "experts: x {}, {} {} {}", x.shape(), e.gate.shape(), e.up.shape(), e.down.shape());
  auto m = std::make_shared<Mixture>(Mixture{.p = p, .x = x, .r = r, .experts = experts});
  m->cache = cache;
  m->layer = experts.data();
  if (p.tape) {
    m->kept.assign(experts.begin(), experts.end());
    m->experts = m->kept;
  }
  m->streamed = cache || std::any_of(experts.begin(), experts.end(), [](const Expert& e) {
                  return streams(e.gate) || streams(e.up) || streams(e.down);
                });
  m->sort_rows();
  m->forward();
  Tensor y = p.alloc(x.rows(), x.cols());
  m->combine(y);
  if (p.tape) p.tape->record({y}, [m, y](Grads& d) { m->backward(d[y], d[m->x], d[m->r.gates]); });
  return y;
}

}  // namespace r1
