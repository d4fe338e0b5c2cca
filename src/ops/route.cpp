// Top-k routing of a mixture of experts. DeepSeek-V2, arXiv:2405.04434 §2.1.2; DeepSeek-V3, arXiv:2412.19437 §2.1.2.
#include <algorithm>
#include <limits>

#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

// Writes the indices of the k largest values, in ascending order; of equal values the lowest index wins. `taken` is
// scratch memory of values.size() elements.
void top_k(std::span<const float> values, i64 k, std::span<u8> taken, i32* out) {
  std::fill(taken.begin(), taken.end(), u8{0});
  for (i64 i = 0; i < k; ++i) {
    i64 best = -1;
    for (i64 e = 0; e < std::ssize(values); ++e)
      if (!taken[e] && (best < 0 || values[e] > values[best])) best = e;
    taken[best] = 1;
  }
  for (size_t e = 0; e < taken.size(); ++e)
    if (taken[e]) *out++ = static_cast<i32>(e);
}

float group_score(std::span<const float> biased, TopK method) {
  float first = -std::numeric_limits<float>::infinity(), second = first;
  for (const float b : biased) {
    if (b > first) second = std::exchange(first, b);
    else if (b > second) second = b;
  }
  return method == TopK::noaux_tc && biased.size() > 1 ? first + second : first;
}

// Chooses the experts of one row after another. The members are scratch memory.
struct Chooser {
  explicit Chooser(const RoutingConfig& config)
      : c(config), biased(c.experts), group(c.groups), kept(c.top_groups), taken(c.experts) {}

  // Writes the experts of a row with these scores, in ascending order. `bias` may be null.
  void choose(const float* scores, const float* bias, i32* out) {
    for (i64 e = 0; e < c.experts; ++e) biased[e] = scores[e] + (bias ? bias[e] : 0.0f);
    if (c.method != TopK::greedy && c.top_groups < c.groups) mask_groups();
    top_k(biased, c.top_k, taken, out);
  }

  void mask_groups() {
    const auto size = static_cast<size_t>(c.experts / c.groups);
    for (size_t g = 0; g < group.size(); ++g)
      group[g] = group_score(std::span(biased).subspan(g * size, size), c.method);
    top_k(group, c.top_groups, std::span(taken).first(group.size()), kept.data());
    const float masked = c.method == TopK::noaux_tc ? -std::numeric_limits<float>::infinity() : 0.0f;
    for (size_t g = 0, next = 0; g < group.size(); ++g) {
      if (next < kept.size() && static_cast<size_t>(kept[next]) == g) ++next;
      else std::fill_n(biased.begin() + static_cast<i64>(g * size), size, masked);
    }
  }

  const RoutingConfig& c;
  std::vector<float> biased, group;
  std::vector<i32> kept;
  std::vector<u8> taken;
};

// The table of the pass, if it has routes of this layer. Multi-token prediction has a layer of its own, without routes.
template <class Table>
Table* of_layer(Table* table, i64 layer, const Tensor& logits, const Pass& p, const RoutingConfig& c) {
  if (!table || layer >= table->layers) return nullptr;
  R1_CHECK(table->top_k == c.top_k, "route: routes of {} experts, {} are used", table->top_k, c.top_k);
  R1_CHECK(logits.rows() == p.batch.rows() && std::ssize(table->expert) == logits.rows() * table->per_row(),
           "route: {} rows of logits, {} in the batch, {} routes of {} per row", logits.rows(), p.batch.rows(),
           table->expert.size(), table->per_row());
  return table;
}

// Writes the recorded experts of a row to `chosen`. Returns false if none are recorded.
bool take_recorded(const u16* recorded, const RoutingConfig& c, i32* chosen) {
  if (recorded[0] == RecordedRoutes::kNone) return false;
  for (i64 i = 0; i < c.top_k; ++i) {
    chosen[i] = recorded[i];
    R1_CHECK(chosen[i] < c.experts && (i == 0 || chosen[i] > chosen[i - 1]),
             "route: expert {} of {} is recorded in place {}", chosen[i], c.experts, i);
  }
  return true;
}

constexpr float kTiny = 1e-20f;

// The factor between a chosen score and its gate: normalisation and scaling together.
float gate_factor(const float* scores, const i32* chosen, const RoutingConfig& c) {
  float factor = !c.normalize || c.scale_normalized ? c.scaling : 1.0f;
  if (c.normalize) {
    float sum = 0;
    for (i64 i = 0; i < c.top_k; ++i) sum += scores[chosen[i]];
    factor /= sum + kTiny;
  }
  return factor;
}

// Groups the routes by expert, ascending within each group: a counting sort.
void group_by_expert(Routing& r) {
  r.begin.assign(r.experts + 1, 0);
  r.slot.resize(r.expert.size());
  for (const i32 e : r.expert) ++r.begin[e + 1];
  for (size_t e = 1; e < r.begin.size(); ++e) r.begin[e] += r.begin[e - 1];
  std::vector<i32> at(r.begin.begin(), r.begin.end() - 1);
  for (size_t i = 0; i < r.expert.size(); ++i) r.slot[at[r.expert[i]]++] = static_cast<i32>(i);
}

void count_loads(RouteObserver& o, i64 layer, const Routing& r) {
  if (std::ssize(o.load) <= layer) o.load.resize(layer + 1);
  auto& load = o.load[layer];
  load.resize(r.experts);
  for (i64 e = 0; e < r.experts; ++e) load[e] += r.begin[e + 1] - r.begin[e];
}

// Adds the sequence balance loss of DeepSeek-V3 to the observer. Returns a tensor [S, E]: the gradient of the loss with
// respect to s'_te, which is the same for every row t of sequence s: balance_weight · f_e / T_s.
Tensor balance(const Pass& p, const Tensor& scores, const RoutingConfig& c) {
  const Batch& b = p.batch;
  R1_CHECK(b.rows() == scores.rows(), "route: {} rows of scores, {} in the batch", scores.rows(), b.rows());
  Tensor slope = p.arena.zeros(b.sequences(), c.experts);
  std::vector<double> loss(b.sequences());
  p.pool.run(b.sequences(), [&](i64 s, int) {
    const i64 begin = b.seq_begin[s], end = b.seq_begin[s + 1];
    if (begin == end) return;
    const auto experts = static_cast<size_t>(c.experts);
    std::vector<double> mean(experts), count(experts);
    std::vector<u8> taken(experts);
    std::vector<i32> chosen(c.top_k);
    for (i64 t = begin; t < end; ++t) {
      const std::span<const float> row(scores.row(t), experts);
      top_k(row, c.top_k, taken, chosen.data());
      for (const i32 e : chosen) ++count[e];
      double sum = 0;
      for (const float v : row) sum += static_cast<double>(v);
      for (size_t e = 0; e < experts; ++e) mean[e] += static_cast<double>(row[e]) / sum;
    }
    const auto tokens = static_cast<double>(end - begin);
    const double weight = static_cast<double>(p.routes->balance_weight);
    for (size_t e = 0; e < experts; ++e) {
      const double f = static_cast<double>(c.experts) / (static_cast<double>(c.top_k) * tokens) * count[e];
      loss[s] += weight * f * mean[e] / tokens;
      slope.row(s)[e] = static_cast<float>(weight * f / tokens);
    }
  });
  for (const double l : loss) p.routes->balance_loss += l;
  return slope;
}

// What the backward pass needs of the forward pass.
struct RouteRecord {
  Tensor logits, scores, gates, slope;  // slope is from balance(); empty without a balance loss
  std::vector<i32> expert, sequence;    // chosen experts [T·k]; the sequence of every row, if there is a slope
  RoutingConfig c;
};

// The gradient ds [E] of one row's scores, through the gates (factor · s of the chosen experts) and through the balance
// loss, which depends on s' = s / Σ s.
void score_gradients(const RouteRecord& r, i64 t, const float* dgates, float* ds) {
  const RoutingConfig& c = r.c;
  const float* s = r.scores.row(t);
  const i32* chosen = r.expert.data() + t * c.top_k;
  std::fill_n(ds, c.experts, 0.0f);
  const float factor = gate_factor(s, chosen, c);
  // If normalised, g_i = a s_i / (Σ s + tiny), so ds_i = factor · dg_i − factor · Σ_j dg_j s_j / (Σ s + tiny).
  float common = 0;
  if (c.normalize) {
    float sum = 0, dot = 0;
    for (i64 i = 0; i < c.top_k; ++i) sum += s[chosen[i]], dot += dgates[i] * s[chosen[i]];
    common = dot / (sum + kTiny);
  }
  for (i64 i = 0; i < c.top_k; ++i) ds[chosen[i]] = factor * (dgates[i] - common);
  if (!r.slope) return;
  const float* slope = r.slope.row(r.sequence[t]);
  float sum = 0, dot = 0;
  for (i64 e = 0; e < c.experts; ++e) sum += s[e], dot += slope[e] * s[e];
  for (i64 e = 0; e < c.experts; ++e) ds[e] += (slope[e] - dot / sum) / sum;
}

void backward(const Pass& p, const RouteRecord& r, Grads& d) {
  const i64 experts = r.c.experts;
  const Tensor dlogits = d[r.logits], dgates = d[r.gates];
  for_rows(p, r.scores.rows(), experts * 4, [&](i64 begin, i64 end) {
    std::vector<float> ds(experts);
    for (i64 t = begin; t < end; ++t) {
      score_gradients(r, t, dgates.row(t), ds.data());
      const float* s = r.scores.row(t);
      float* dl = dlogits.row(t);
      float dot = 0;  // softmax: dl = s (ds − Σ ds s);  sigmoid: dl = s (1 − s) ds
      if (r.c.scoring == Scoring::softmax)
        for (i64 e = 0; e < experts; ++e) dot += ds[e] * s[e];
      for (i64 e = 0; e < experts; ++e)
        dl[e] += r.c.scoring == Scoring::softmax ? s[e] * (ds[e] - dot) : s[e] * (1.0f - s[e]) * ds[e];
    }
  });
}

std::vector<i32> sequence_of_rows(const Batch& b) {
  std::vector<i32> sequence;
  for (i64 s = 0; s < b.sequences(); ++s) sequence.resize(b.seq_begin[s + 1], static_cast<i32>(s));
  return sequence;
}

void check(const Tensor& logits, const Weight& bias, const RoutingConfig& c) {
  R1_CHECK(logits.cols() == c.experts, "route: logits {}, {} experts", logits.shape(), c.experts);
  R1_CHECK(c.top_k >= 1 && c.groups >= 1 && c.experts % c.groups == 0 && c.top_groups >= 1 && c.top_groups <= c.groups,
           "route: {} of {} experts, {} of {} groups", c.top_k, c.experts, c.top_groups, c.groups);
  const i64 eligible = c.method == TopK::greedy ? c.experts : c.experts / c.groups * c.top_groups;
  R1_CHECK(c.top_k <= eligible, "route: {} of {} eligible experts", c.top_k, eligible);
  R1_CHECK(!bias || bias.size() == c.experts, "route: bias {} for {} experts", bias.shape(), c.experts);
}

}  // namespace

Routing route(Pass& p, i64 layer, const Tensor& logits, const Weight& bias, const RoutingConfig& c) {
  check(logits, bias, c);
  const i64 rows = logits.rows();
  Routing r{
      .experts = c.experts, .top_k = c.top_k, .gates = p.alloc(rows, c.top_k), .expert = {}, .begin = {}, .slot = {}};
  r.expert.resize(rows * c.top_k);
  const Tensor scores = p.alloc(rows, c.experts);
  const auto score = c.scoring == Scoring::softmax ? p.kernels.elementwise.softmax : p.kernels.elementwise.sigmoid;
  const float* bias32 = bias ? bias.f32() : nullptr;
  const RecordedRoutes* replay = of_layer(p.replay_routes, layer, logits, p, c);
  RecordedRoutes* recording = of_layer(p.record_routes, layer, logits, p, c);
  for_rows(p, rows, c.experts * (c.top_k + 4), [&](i64 begin, i64 end) {
    Chooser chooser(c);
    for (i64 t = begin; t < end; ++t) {
      i32* chosen = r.expert.data() + t * c.top_k;
      score(scores.row(t), logits.row(t), c.experts);
      if (!replay || !take_recorded(replay->at(t, layer), c, chosen)) chooser.choose(scores.row(t), bias32, chosen);
      if (recording) std::copy_n(chosen, c.top_k, recording->at(t, layer));
      const float factor = gate_factor(scores.row(t), chosen, c);
      for (i64 i = 0; i < c.top_k; ++i) r.gates.row(t)[i] = factor * scores.row(t)[chosen[i]];
    }
  });
  group_by_expert(r);
  Tensor slope;
  if (p.routes) {
    count_loads(*p.routes, layer, r);
    if (p.routes->balance_weight != 0) slope = balance(p, scores, c);
  }
  if (p.tape) {
    RouteRecord record{logits, scores, r.gates, slope, r.expert, slope ? sequence_of_rows(p.batch) : std::vector<i32>(),
                       c};
    p.tape->record({r.gates}, [p, record = std::move(record)](Grads& d) { backward(p, record, d); });
  }
  return r;
}

}  // namespace r1
