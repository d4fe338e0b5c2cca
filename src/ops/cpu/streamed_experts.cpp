#include "ops/cpu/mixture.hpp"
#include "ops/cpu/streamed_product.hpp"

namespace r1 {
namespace {

// All rows of every expert that was chosen, in the order of the experts.
std::vector<ExpertRun> whole_runs(const Mixture& m) {
  std::vector<ExpertRun> all;
  for (i32 e = 0; e < m.routing.experts; ++e) {
    const i32 begin = m.routing.begin[e], end = m.routing.begin[e + 1];
    if (begin < end) all.push_back({e, begin, end});
  }
  return all;
}

// The rows of `run` of c = or += A · W: A is `a` at the slots of the run.
WeightProduct product(const ExpertRun& run, const Weight& w, Direction direction, const Tensor& a, const Tensor& c,
                      Into into) {
  return {&w, direction, {a.row(run.begin), a.cols()}, run.rows(), c.row(run.begin), c.cols(), into};
}

// The same forward, with A as x at the tokens of the slots.
WeightProduct product_of_tokens(const Mixture& m, const ExpertRun& run, const Weight& w, const Tensor& c) {
  cpu::MatrixView a = view(m.x);
  a.index = m.token.data() + run.begin;
  return {&w, Direction::forward, a, run.rows(), c.row(run.begin), c.cols(), Into::overwrite};
}

// The runs follow one another: so do their slots.
void forward_runs(const Mixture& m, std::span<const ExpertRun> runs) {
  std::vector<WeightProduct> inner, outer;
  for (const ExpertRun& run : runs) {
    const Expert& e = m.experts[run.expert];
    inner.push_back(product_of_tokens(m, run, e.gate, m.gate));
    inner.push_back(product_of_tokens(m, run, e.up, m.up));
    outer.push_back(product(run, e.down, Direction::forward, m.hidden, m.out, Into::overwrite));
  }
  if (m.cache)
    for (auto* products : {&inner, &outer})
      for (WeightProduct& x : *products) x.may_pack = false;
  const Pass& p = m.p;
  multiply_streamed(p, product_numerics(p), inner);
  const i64 first = runs.front().begin, count = runs.back().end - first, f = m.f();
  p.pool.ranges(count, kTaskPackedElements / f + 1, [&](i64 begin, i64 end, int) {
    p.kernels.elementwise.swiglu(m.hidden.row(first + begin), m.gate.row(first + begin), m.up.row(first + begin),
                                 (end - begin) * f);
  });
  multiply_streamed(p, product_numerics(p), outer);
}

// While one group of experts is multiplied, the cache reads the next.
void forward_through_cache(const Mixture& m, std::span<const ExpertRun> all) {
  ExpertCache& cache = *m.cache;
  std::vector<i32> chosen;
  for (const ExpertRun& run : all) chosen.push_back(run.expert);
  const auto groups = cache.groups(m.layer, chosen);
  cache.fetch(m.layer, groups[0], {});
  size_t first = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (g + 1 < groups.size()) cache.fetch(m.layer, groups[g + 1], groups[g]);
    forward_runs(m, all.subspan(first, groups[g].size()));
    first += groups[g].size();
  }
  cache.settle(m.layer);
}

}  // namespace

void streamed_forward(Mixture& m) {
  const Pass& p = m.p;
  const i64 slots = m.slots(), d = m.d(), f = m.f();
  m.gate = p.alloc(slots, f), m.up = p.alloc(slots, f), m.hidden = p.alloc(slots, f), m.out = p.alloc(slots, d);
  const std::vector<ExpertRun> all = whole_runs(m);
  if (all.empty()) return;
  m.cache ? forward_through_cache(m, all) : forward_runs(m, all);
}

void streamed_backward(const Mixture& m, const MixtureGradients& g) {
  const Pass& p = m.p;
  std::vector<WeightProduct> down, gate, up;
  for (const ExpertRun& run : whole_runs(m)) {
    const Expert& e = m.experts[run.expert];
    down.push_back(product(run, e.down, Direction::backward, g.out, g.hidden, Into::overwrite));
    gate.push_back(product(run, e.gate, Direction::backward, g.gate, g.x, Into::overwrite));
    up.push_back(product(run, e.up, Direction::backward, g.up, g.x, Into::add));
  }
  const auto each_run = [&](auto&& gradients) {
    p.pool.run(std::ssize(m.runs), [&](i64 task, int) { gradients(m, m.runs[task], g); });
  };
  each_run(gate_gradients);
  multiply_streamed(p, product_numerics(p), down);
  each_run(swiglu_gradients);
  multiply_streamed(p, product_numerics(p), gate);
  multiply_streamed(p, product_numerics(p), up);
}

}  // namespace r1
