// Routing against the published gate code, written in double precision.
#include <numeric>

#include "ops/op_test.hpp"

namespace r1 {
namespace {

class Route : public testing::TestWithParam<const cpu::Kernels*> {
 protected:
  OpTest test{*GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Levels, Route, testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                         [](const auto& level) { return std::string(level.param->name); });

struct Reference {
  std::vector<int> chosen;
  std::vector<double> gates;
};

// The indices of the k largest, in ascending order; of equal values the lowest index wins, because the sort is stable.
std::vector<int> largest(const std::vector<double>& v, i64 k) {
  std::vector<int> order(v.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return v[a] > v[b]; });
  order.resize(k);
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<double> reference_scores(const float* logits, const RoutingConfig& c) {
  std::vector<double> s;
  double sum = 0;
  for (i64 e = 0; e < c.experts; ++e) {
    const double z = static_cast<double>(logits[e]);
    s.push_back(c.scoring == Scoring::softmax ? std::exp(z) : 1 / (1 + std::exp(-z)));
    sum += s.back();
  }
  if (c.scoring == Scoring::softmax)
    for (double& v : s) v /= sum;
  return s;
}

Reference reference(const float* logits, const float* bias, const RoutingConfig& c) {
  const std::vector<double> s = reference_scores(logits, c);
  std::vector<double> biased = s;
  for (size_t e = 0; bias && e < s.size(); ++e) biased[e] += static_cast<double>(bias[e]);
  if (c.method != TopK::greedy) {
    const auto size = static_cast<size_t>(c.experts / c.groups);
    std::vector<double> score;
    for (size_t g = 0; g < static_cast<size_t>(c.groups); ++g) {
      std::vector<double> group(biased.begin() + static_cast<i64>(g * size),
                                biased.begin() + static_cast<i64>((g + 1) * size));
      std::sort(group.rbegin(), group.rend());
      score.push_back(c.method == TopK::noaux_tc && size > 1 ? group[0] + group[1] : group[0]);
    }
    const std::vector<int> kept = largest(score, c.top_groups);
    for (size_t e = 0; e < biased.size(); ++e)
      if (std::find(kept.begin(), kept.end(), static_cast<int>(e / size)) == kept.end())
        biased[e] = c.method == TopK::noaux_tc ? -INFINITY : 0;
  }
  Reference r{largest(biased, c.top_k), {}};
  double sum = 0;
  for (const int e : r.chosen) sum += s[e];
  for (const int e : r.chosen) {
    double g = s[e];
    if (c.normalize) g /= sum + 1e-20;
    if (!c.normalize || c.scale_normalized) g *= static_cast<double>(c.scaling);
    r.gates.push_back(g);
  }
  return r;
}

std::vector<RoutingConfig> configurations() {
  const RoutingConfig v3{.experts = 32, .top_k = 4, .groups = 8, .top_groups = 4, .scaling = 2.5f};
  RoutingConfig one_each = v3, ungrouped = v3, lite = v3, v2 = v3, v2_normal = v3;
  one_each.groups = 32, one_each.top_groups = 8;
  ungrouped.groups = 1, ungrouped.top_groups = 1;
  lite.scoring = Scoring::softmax, lite.method = TopK::greedy, lite.normalize = false, lite.scaling = 1;
  lite.top_groups = 2;  // greedy choices ignore the groups
  v2.scoring = Scoring::softmax, v2.method = TopK::group_limited_greedy, v2.normalize = false, v2.scaling = 16;
  v2_normal.scoring = Scoring::softmax, v2_normal.method = TopK::group_limited_greedy,
  v2_normal.scale_normalized = false;
  return {v3, one_each, ungrouped, lite, v2, v2_normal};
}

TEST_P(Route, ChoicesAndGatesAreThoseOfTheReference) {
  const Weight bias = test_weight("bias", 1, 32, 1, 0.3, false);
  for (const RoutingConfig& c : configurations()) {
    const Tensor logits = test.tensor(200, c.experts, 2, 1.5);
    Pass p = test.pass();
    const bool biased = c.method == TopK::noaux_tc;
    const Routing r = route(p, 0, logits, biased ? bias : Weight(), c);
    for (i64 t = 0; t < 200; ++t) {
      const Reference want = reference(logits.row(t), biased ? bias.f32() : nullptr, c);
      for (i64 i = 0; i < c.top_k; ++i) {
        const auto k = static_cast<size_t>(i);
        // Near ties could differ between f32 and double. None of these 200 seeded rows has one.
        ASSERT_EQ(r.expert[t * c.top_k + i], want.chosen[k]) << "row " << t;
        // Fewer than 16 roundings: those of exp and a division in every score, of the sum of k, and of two divisions.
        EXPECT_NEAR(static_cast<double>(r.gates.row(t)[i]), want.gates[k], 16 * 6e-8 * want.gates[k]);
      }
    }
  }
}

TEST_P(Route, TiesGoToTheLowestIndexInGroupsAndExperts) {
  const Tensor logits = test.arena.zeros(2, 32);
  for (i64 e = 8; e < 32; ++e) logits.row(1)[e] = 1;  // groups 2..7 tie above groups 0 and 1
  Pass p = test.pass();
  for (const RoutingConfig& c : configurations()) {
    const Routing r = route(p, 0, logits, Weight(), c);
    for (int t = 0; t < 2; ++t)
      for (int i = 0; i < 4; ++i) EXPECT_EQ(r.expert[t * 4 + i], t * 8 + i);
  }
}

// The logits are so low that a constant added to the scores would make them all equal.
TEST_P(Route, WithoutABiasTheSmallestScoresAreToldApart) {
  const RoutingConfig c{.experts = 4, .top_k = 1, .groups = 1, .top_groups = 1};
  const Tensor logits = test.arena.zeros(1, 4);
  for (i64 e = 0; e < 4; ++e) logits.data()[e] = e == 2 ? -20 : -21;
  Pass p = test.pass();
  EXPECT_EQ(route(p, 0, logits, Weight(), c).expert, std::vector<i32>{2});
}

// The scores are 9e-27, so the 1e-20 beside their sum decides. It keeps the gates small and above 0.
TEST_P(Route, ScoresThatAllButVanishHaveTheGatesOfTheReference) {
  const RoutingConfig c{.experts = 4, .top_k = 2, .groups = 1, .top_groups = 1, .scaling = 2.5f};
  const Tensor logits = test.arena.zeros(1, 4);
  for (i64 e = 0; e < 4; ++e) logits.data()[e] = -60;
  Pass p = test.pass();
  const Routing r = route(p, 0, logits, Weight(), c);
  const Reference want = reference(logits.row(0), nullptr, c);
  // A rounding of the exponent, 60, moves the score by 60 · 6e-8 of itself.
  for (size_t i = 0; i < 2; ++i)
    EXPECT_NEAR(static_cast<double>(r.gates.row(0)[i]), want.gates[i], (60 + 16) * 6e-8 * want.gates[i]);
}

// A negative bias makes the scores of all kept experts negative. A mask of 0 instead of -inf would choose a masked one.
TEST_P(Route, MaskedGroupsNeverWinOverNegativeScores) {
  const RoutingConfig c{.experts = 8, .top_k = 2, .groups = 4, .top_groups = 1};
  const Weight bias = Weight::zeros("bias", 1, 8, false);
  for (i64 e = 0; e < 8; ++e) bias.f32()[e] = -5;
  const Tensor logits = test.arena.zeros(1, 8);
  logits.data()[6] = 1;
  Pass p = test.pass();
  EXPECT_EQ(route(p, 0, logits, bias, c).expert, (std::vector<i32>{6, 7}));
}

TEST_P(Route, SlotsGroupTheRoutesByExpertInRowOrder) {
  const RoutingConfig c = configurations()[0];
  const Tensor logits = test.tensor(50, c.experts, 3);
  Pass p = test.pass();
  RouteObserver observer;
  p.routes = &observer;
  const Routing r = route(p, 2, logits, Weight(), c);
  ASSERT_EQ(r.begin.size(), 33u);
  EXPECT_EQ(r.begin.back(), 200);
  for (size_t e = 0; e < 32; ++e) {
    for (i32 s = r.begin[e]; s < r.begin[e + 1]; ++s) {
      EXPECT_EQ(r.expert[r.slot[s]], static_cast<i32>(e));
      if (s > r.begin[e]) {
        EXPECT_LT(r.slot[s - 1], r.slot[s]);
      }
    }
    EXPECT_EQ(observer.load[2][e], r.begin[e + 1] - r.begin[e]);
  }
  ASSERT_EQ(observer.load.size(), 3u);
  route(p, 2, logits, Weight(), c);
  EXPECT_EQ(std::accumulate(observer.load[2].begin(), observer.load[2].end(), i64{0}), 400);
}

// Logits 0.35 apart, in a scrambled order. The steps of the differences are smaller, so they never change the choice.
Tensor spread_logits(OpTest& test, i64 rows, i64 experts) {
  const Tensor logits = test.arena.alloc(rows, experts);
  for (i64 t = 0; t < rows; ++t)
    for (i64 e = 0; e < experts; ++e)
      logits.row(t)[e] = 0.35f * (static_cast<float>((e * 5 + t * 3) % experts) - static_cast<float>(experts) / 2);
  return logits;
}

TEST_P(Route, GradientsOfTheGatesMatchDifferences) {
  for (RoutingConfig c : configurations()) {
    c.experts = 8, c.top_k = 3;
    if (c.groups > 8) continue;
    if (c.groups == 8) c.groups = 4, c.top_groups = 2;
    const Tensor logits = spread_logits(test, 3, 8);
    check_gradients(
        test, [&](Pass& p) { return route(p, 0, logits, Weight(), c).gates; }, {logits}, {}, 1e-3, 0.02);
  }
}

double balance_reference(const Tensor& logits, const Batch& b, const RoutingConfig& c, double weight) {
  double loss = 0;
  for (i64 s = 0; s < b.sequences(); ++s) {
    const i64 begin = b.seq_begin[s], end = b.seq_begin[s + 1];
    std::vector<double> f(c.experts), mean(f);
    const auto n = static_cast<double>(end - begin);
    for (i64 t = begin; t < end; ++t) {
      const std::vector<double> score = reference_scores(logits.row(t), c);
      for (const int e : largest(score, c.top_k))
        f[e] += static_cast<double>(c.experts) / (static_cast<double>(c.top_k) * n);
      const double sum = std::accumulate(score.begin(), score.end(), 0.0);
      for (size_t e = 0; e < mean.size(); ++e) mean[e] += score[e] / sum / n;
    }
    for (size_t e = 0; e < f.size(); ++e) loss += weight * f[e] * mean[e];
  }
  return loss;
}

TEST_P(Route, BalanceLossAndItsGradientAreThoseOfThePaper) {
  test.sequences({4, 1, 3});
  for (const Scoring scoring : {Scoring::sigmoid, Scoring::softmax}) {
    const RoutingConfig c{.experts = 8, .top_k = 2, .groups = 4, .top_groups = 2, .scoring = scoring};
    const Tensor logits = spread_logits(test, 8, 8);
    const double weight = 0.7;
    RouteObserver observer{.balance_weight = 0.7f, .balance_loss = 0, .load = {}};
    Tape tape(test.arena);
    Pass p = test.pass(&tape);
    p.routes = &observer;
    const Routing r = route(p, 0, logits, Weight(), c);
    EXPECT_NEAR(observer.balance_loss, balance_reference(logits, test.batch, c, weight), 1e-6);
    run_backward(tape, r.gates, test.arena.zeros(8, 2));  // the gradient of the balance loss alone
    const Tensor g = tape.grads()[logits];
    for (i64 i = 0; i < logits.size(); ++i) {
      const float old = logits.data()[i];
      logits.data()[i] = old + 0.01f;
      const double up = balance_reference(logits, test.batch, c, weight);
      logits.data()[i] = old - 0.01f;
      const double down = balance_reference(logits, test.batch, c, weight);
      logits.data()[i] = old;
      // The error of the differences is h²/6 times a third derivative below 1, that of f32 gradients a few 1e-8.
      EXPECT_NEAR(static_cast<double>(g.data()[i]), (up - down) / 0.02, 2e-5) << i;
    }
  }
}

TEST_P(Route, RecomputedRoutesAreCountedOnceAndGiveTheSameGradient) {
  test.sequences({5, 3});
  const RoutingConfig c{.experts = 8, .top_k = 2, .groups = 4, .top_groups = 2};
  const Tensor logits = test.tensor(8, 8, 4), dy = test.tensor(8, 2, 5);
  std::vector<Tensor> gradient;
  for (const bool again : {false, true}) {
    RouteObserver observer{.balance_weight = 0.5f, .balance_loss = 0, .load = {}};
    Tape tape(test.arena);
    Pass p = test.pass(&tape);
    p.routes = &observer;
    const auto block = [&](Pass& q, const Tensor& z) { return route(q, 1, z, Weight(), c).gates; };
    p.recompute = again;
    const Tensor gates = recompute(p, logits, block);
    run_backward(tape, gates, dy);
    gradient.push_back(tape.grads()[logits]);
    EXPECT_EQ(std::accumulate(observer.load[1].begin(), observer.load[1].end(), i64{0}), 16);
    EXPECT_NEAR(observer.balance_loss, balance_reference(logits, test.batch, c, 0.5), 1e-6);
  }
  EXPECT_TRUE(same_bits(gradient[0], gradient[1]));
}

// Routes of three rows in layer 1: for each of `rows` the experts that its router likes least, for the others none.
RecordedRoutes unliked_routes(const Tensor& logits, i64 top_k, std::initializer_list<i64> rows) {
  RecordedRoutes routes{.layers = 2, .top_k = top_k};
  routes.clear(3);
  for (const i64 t : rows) {
    std::vector<double> dislike;
    for (i64 e = 0; e < logits.cols(); ++e) dislike.push_back(-static_cast<double>(logits.row(t)[e]));
    const auto worst = largest(dislike, top_k);
    for (size_t i = 0; i < worst.size(); ++i) routes.at(t, 1)[i] = static_cast<u16>(worst[i]);
  }
  return routes;
}

TEST_P(Route, ReplayedRecordsHaveTheBitsOfTheRecordedPass) {
  test.sequences({30, 20});
  for (const RoutingConfig& c : configurations()) {
    const Tensor logits = test.tensor(50, c.experts, 8);
    RecordedRoutes routes{.layers = 3, .top_k = c.top_k}, again = routes;
    routes.clear(50), again.clear(50);
    Pass p = test.pass(), q = test.pass();
    p.record_routes = &routes;
    q.record_routes = &again, q.replay_routes = &routes;
    const Routing chosen = route(p, 2, logits, Weight(), c), replayed = route(q, 2, logits, Weight(), c);
    EXPECT_EQ(replayed.expert, chosen.expert);
    EXPECT_EQ(replayed.slot, chosen.slot);
    EXPECT_TRUE(same_bits(replayed.gates, chosen.gates));
    EXPECT_EQ(again.expert, routes.expert);
    for (i64 t = 0; t < 50; ++t)
      for (i64 i = 0; i < c.top_k; ++i) {
        ASSERT_EQ(routes.at(t, 2)[i], chosen.expert[t * c.top_k + i]);
        ASSERT_EQ(routes.at(t, 1)[i], RecordedRoutes::kNone) << "of another layer";
      }
  }
}

TEST_P(Route, ARecordDecidesTheExpertsAndTheScoresDecideTheGates) {
  test.sequences({3});
  for (RoutingConfig c : configurations()) {
    const Tensor logits = test.tensor(3, c.experts, 9, 1.5);
    const RecordedRoutes routes = unliked_routes(logits, c.top_k, {0, 2});
    RouteObserver observer;
    Pass p = test.pass();
    p.replay_routes = &routes, p.routes = &observer;
    const Routing free = route(p, 2, logits, Weight(), c);  // a layer beyond the record
    const Routing r = route(p, 1, logits, Weight(), c);
    for (i64 t = 0; t < 3; ++t) {
      const std::vector<double> s = reference_scores(logits.row(t), c);
      double sum = 0;
      for (i64 i = 0; i < c.top_k; ++i) sum += s[r.expert[t * c.top_k + i]];
      for (i64 i = 0; i < c.top_k; ++i) {
        const i32 expert = r.expert[t * c.top_k + i];
        EXPECT_EQ(expert, t == 1 ? free.expert[c.top_k + i] : routes.at(t, 1)[i]);
        double gate = s[expert] / (c.normalize ? sum + 1e-20 : 1);
        if (!c.normalize || c.scale_normalized) gate *= static_cast<double>(c.scaling);
        EXPECT_NEAR(static_cast<double>(r.gates.row(t)[i]), gate, 16 * 6e-8 * gate);
      }
    }
    EXPECT_GE(observer.load[1][routes.at(0, 1)[0]], 1) << "the loads are those of the experts that are used";
    EXPECT_EQ(std::accumulate(observer.load[1].begin(), observer.load[1].end(), i64{0}), 3 * c.top_k);
  }
}

// A whole layer of experts. The rows use experts with small scores. A router that chose for itself would change its
// choice under differences as large as these.
TEST_P(Route, GradientsThroughReplayedRoutesMatchDifferences) {
  test.sequences({2, 1});
  for (const Scoring scores : {Scoring::sigmoid, Scoring::softmax}) {
    const RoutingConfig c{.experts = 4, .top_k = 2, .groups = 1, .top_groups = 1, .scoring = scores, .scaling = 2.5f};
    const Tensor x = test.tensor(3, 5, 10);
    const Weight router = test_weight("router", 4, 5, 11);
    std::vector<Expert> mlps;
    for (u64 e = 0; e < 4; ++e)
      mlps.push_back({test_weight(fmt::format("gate{}", e), 3, 5, 20 + e),
                      test_weight(fmt::format("up{}", e), 3, 5, 30 + e),
                      test_weight(fmt::format("down{}", e), 5, 3, 40 + e)});
    Pass first = test.pass();
    const RecordedRoutes routes = unliked_routes(linear_f32(first, x, router), 2, {0, 1, 2});
    const auto layer = [&](Pass& p) {
      p.replay_routes = &routes;
      return experts(p, x, route(p, 1, linear_f32(p, x, router), Weight(), c), mlps);
    };
    check_gradients(test, layer, {x}, {router, mlps[0].down, mlps[3].gate}, 3e-3);
  }
}

TEST_P(Route, ThreadsAndOtherRowsDoNotChangeBits) {
  const RoutingConfig c{.experts = 256, .top_k = 8, .groups = 8, .top_groups = 4, .scaling = 2.5f};
  OpTest other(*GetParam(), 2);
  const Tensor a = test.tensor(300, 256, 6), b = other.tensor(300, 256, 6);
  Pass p = test.pass(), q = other.pass();
  const Routing one = route(p, 0, a, Weight(), c), two = route(q, 0, b, Weight(), c);
  EXPECT_TRUE(same_bits(one.gates, two.gates));
  EXPECT_EQ(one.expert, two.expert);
  const std::vector<i32> row{123};
  const Routing alone = route(p, 0, take_rows(p, a, row), Weight(), c);
  EXPECT_TRUE(same_bits(alone.gates.row(0), one.gates.row(123), 8));
}

}  // namespace
}  // namespace r1
