// The routed experts of a mixture. The rows are sorted by expert, the products run expert by expert (cpu/mixture.hpp),
// and each token's results are then summed over its experts.
#include <algorithm>
#include <cstring>
#include <memory>

#include "core/integer.hpp"
#include "ops/cpu/mixture.hpp"
#include "ops/cpu/streamed_product.hpp"

namespace r1 {
namespace {

void check_shapes(const Tensor& x, const Routing& r, std::span<const Expert> experts) {
  R1_CHECK(r.experts == std::ssize(experts), "experts: {} routed over, {} given", r.experts, experts.size());
  R1_CHECK(r.gates.rows() == x.rows() && r.gates.cols() == r.top_k && std::ssize(r.slot) == x.rows() * r.top_k,
           "experts: x {}, gates {}, {} routes", x.shape(), r.gates.shape(), r.slot.size());
  for (const Expert& e : experts)
    R1_CHECK(e.gate.cols() == x.cols() && e.up.cols() == x.cols() && e.down.rows() == x.cols() &&
                 e.gate.rows() == e.up.rows() && e.down.cols() == e.up.rows() &&
                 e.gate.rows() == experts[0].gate.rows(),
             "experts: x {}, {} {} {}", x.shape(), e.gate.shape(), e.up.shape(), e.down.shape());
}

bool streams(const Expert& e) { return streams(e.gate) || streams(e.up) || streams(e.down); }
bool trains(const Expert& e) { return e.gate.trainable() || e.up.trainable() || e.down.trainable(); }

// The products of a mixture are streamed if it has a cache or if any weight of its experts is streamed.
bool streams(const Mixture& m) {
  return m.cache || std::any_of(m.experts.begin(), m.experts.end(), [](const Expert& e) { return streams(e); });
}

void sort_rows(Mixture& m) {
  const Routing& r = m.routing;
  m.token.resize(r.slot.size());
  m.slot_of.resize(r.slot.size());
  for (size_t s = 0; s < r.slot.size(); ++s) {
    m.token[s] = r.slot[s] / static_cast<i32>(r.top_k);
    m.slot_of[r.slot[s]] = static_cast<i32>(s);
  }
  // Even runs of at most a block of rows, and shorter ones where those would leave threads idle.
  const i64 threads = m.p.pool.threads(), step = m.gemm().row_step;
  const i64 fair = round_up(m.slots() / (4 * threads), step);
  const i64 most = std::clamp<i64>(fair, step, m.gemm().block_rows);
  for (i32 e = 0; e < r.experts; ++e) {
    const i32 begin = r.begin[e], end = r.begin[e + 1];
    for (i32 at = begin; at < end; at += static_cast<i32>(most))
      m.runs.push_back({e, at, std::min(end, at + static_cast<i32>(most))});
  }
}

// Splits the rows of x over the threads, where each row sums the rows of its k slots.
template <class F>
void for_tokens(const Mixture& m, F&& f) {
  const i64 row_cost = 4 * m.routing.top_k * m.d();  // of a row, in multiply-adds
  const i64 grain = std::max<i64>(1, kTaskMultiplyAdds / std::max<i64>(1, row_cost));
  m.p.pool.ranges(m.x.rows(), grain, [&](i64 begin, i64 end, int) {
    for (i64 t = begin; t < end; ++t) f(t, m.slot_of.data() + t * m.routing.top_k);
  });
}

// y[t] = Σ_i gates[t,i] · out[slot of route i of t].
void combine(const Mixture& m, const Tensor& y) {
  for_tokens(m, [&](i64 t, const i32* slots) {
    m.gemm().weighted_rows(y.row(t), m.out.data(), slots, m.routing.gates.row(t), m.routing.top_k, m.d(),
                           Into::overwrite);
  });
}

void show_products(const Mixture& m) {
  for (i64 e = 0; e < m.routing.experts; ++e) {
    const i64 begin = m.routing.begin[e], rows = m.routing.begin[e + 1] - begin;
    if (rows == 0) continue;
    ProductObserver& to = *m.p.products;
    to.saw(m.experts[e].gate, m.x.data(), m.token.data() + begin, rows);
    to.saw(m.experts[e].up, m.x.data(), m.token.data() + begin, rows);
    to.saw(m.experts[e].down, m.hidden.row(begin), nullptr, rows);
  }
}

void backward(const Mixture& m, const Tensor& dy, const std::pair<Tensor, bool>& dx, const Tensor& dgates) {
  const Pass& p = m.p;
  const i64 slots = m.slots(), d = m.d(), f = m.f();
  const MixtureGradients g{.dy = dy,
                           .dgates = dgates,
                           .out = p.alloc(slots, d),
                           .hidden = p.alloc(slots, f),
                           .gate = p.alloc(slots, f),
                           .up = p.alloc(slots, f),
                           .x = p.alloc(slots, d)};
  streams(m) ? streamed_backward(m, g) : packed_backward(m, g);
  const auto& [to, has_values] = dx;
  const Into into = has_values ? Into::add : Into::overwrite;
  for_tokens(m, [&, &to = to](i64 t, const i32* at) {
    m.gemm().weighted_rows(to.row(t), g.x.data(), at, nullptr, m.routing.top_k, d, into);
  });
  if (std::any_of(m.experts.begin(), m.experts.end(), trains)) accumulate_expert_gradients(m, g);
}

}  // namespace

void gate_gradients(const Mixture& m, const ExpertRun& run, const MixtureGradients& g) {
  const i64 d = m.d();
  for (i64 s = run.begin; s < run.end; ++s) {
    const i64 route = m.routing.slot[s], t = m.token[s];
    m.p.kernels.elementwise.scale(g.out.row(s), g.dy.row(t), m.routing.gates.data()[route], d);
    g.dgates.data()[route] += m.gemm().dot(g.dy.row(t), m.out.row(s), d);
  }
}

void swiglu_gradients(const Mixture& m, const ExpertRun& run, const MixtureGradients& g) {
  const i64 n = run.rows() * m.f();
  // The kernel adds, so its outputs start as zeros. Only pointers go in the list: tasks must not copy tensors.
  for (float* to : {g.gate.row(run.begin), g.up.row(run.begin)}) std::memset(to, 0, n * sizeof(float));
  m.p.kernels.elementwise.swiglu_backward(g.gate.row(run.begin), g.up.row(run.begin), g.hidden.row(run.begin),
                                          m.gate.row(run.begin), m.up.row(run.begin), n);
}

Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts) {
  return r1::experts(p, x, r, experts, nullptr);
}

Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts, ExpertCache* cache) {
  check_shapes(x, r, experts);
  auto m = std::make_shared<Mixture>(
      Mixture{.p = p, .x = x, .routing = r, .experts = experts, .cache = cache, .layer = experts.data()});
  if (p.tape) {
    m->kept.assign(experts.begin(), experts.end());
    m->experts = m->kept;
  }
  sort_rows(*m);
  streams(*m) ? streamed_forward(*m) : packed_forward(*m);
  if (p.products) show_products(*m);
  Tensor y = p.alloc(x.rows(), x.cols());
  combine(*m, y);
  if (p.tape) p.tape->record({y}, [m, y](Grads& d) { backward(*m, d[y], d.target(m->x), d[m->routing.gates]); });
  return y;
}

}  // namespace r1
