#include "ops/op_test.hpp"

namespace r1 {
namespace {

// Routes by a fixed rule: token t goes to the k experts from t² on, modulo `busy`. Some experts get many tokens, those
// from `busy` on none.
Routing some_routing(OpTest& test, i64 tokens, i64 experts, i64 k, i64 busy) {
  Routing r;
  r.experts = experts, r.top_k = k;
  r.gates = test.tensor(tokens, k, 50);
  for (i64 t = 0; t < tokens; ++t) {
    std::vector<i32> chosen;
    for (i64 i = 0; i < k; ++i) chosen.push_back(static_cast<i32>((t * t + i) % busy));
    std::sort(chosen.begin(), chosen.end());
    r.expert.insert(r.expert.end(), chosen.begin(), chosen.end());
  }
  r.begin.push_back(0);
  for (i64 e = 0; e < experts; ++e) {
    for (size_t route = 0; route < r.expert.size(); ++route)
      if (r.expert[route] == e) r.slot.push_back(static_cast<i32>(route));
    r.begin.push_back(static_cast<i32>(r.slot.size()));
  }
  return r;
}

std::vector<Expert> some_experts(i64 count, i64 d, i64 f, bool trainable = true) {
  std::vector<Expert> all;
  for (i64 e = 0; e < count; ++e) {
    const auto stream = static_cast<u64>(100 + 3 * e);
    all.push_back({test_weight("gate", f, d, stream, 0.3, trainable),
                   test_weight("up", f, d, stream + 1, 0.3, trainable),
                   test_weight("down", d, f, stream + 2, 0.3, trainable)});
  }
  return all;
}

std::vector<double> times_transposed(const double* x, const Weight& w) {  // w x
  std::vector<double> y(w.rows());
  for (i64 r = 0; r < w.rows(); ++r)
    for (i64 c = 0; c < w.cols(); ++c) y[r] += static_cast<double>(w.f32()[r * w.cols() + c]) * x[c];
  return y;
}

std::vector<double> reference_row(const float* x, i64 d, const Routing& r, i64 t, const std::vector<Expert>& experts) {
  const std::vector<double> input(x, x + d);
  std::vector<double> y(input.size());
  for (i64 i = 0; i < r.top_k; ++i) {
    const Expert& e = experts[r.expert[t * r.top_k + i]];
    std::vector<double> hidden = times_transposed(input.data(), e.gate);
    const std::vector<double> up = times_transposed(input.data(), e.up);
    for (size_t j = 0; j < hidden.size(); ++j) hidden[j] = hidden[j] / (1 + std::exp(-hidden[j])) * up[j];
    const std::vector<double> out = times_transposed(hidden.data(), e.down);
    for (size_t j = 0; j < y.size(); ++j) y[j] += static_cast<double>(r.gates.row(t)[i]) * out[j];
  }
  return y;
}

TEST(Experts, MatchDoublesForEveryLoad) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const int threads : {1, 2, 5})
      for (const auto& [tokens, count, top, busy] :
           {std::array<i64, 4>{1, 8, 2, 8}, {1, 1, 1, 1}, {3, 4, 4, 4}, {50, 8, 2, 3}, {700, 5, 3, 4}}) {
        OpTest test(*k, threads);
        const i64 d = 40, f = 37;
        const std::vector<Expert> all = some_experts(count, d, f);
        const Routing r = some_routing(test, tokens, count, top, busy);
        const Tensor x = test.tensor(tokens, d, 1);
        Pass p = test.pass();
        const Tensor y = experts(p, x, r, all);
        for (i64 t = 0; t < tokens; ++t) {
          const std::vector<double> want = reference_row(x.row(t), d, r, t, all);
          // Three chained sums of about 40 terms of order 1. Each has an error of 40 · 6e-8 of its size, which
          // reaches 10.
          for (i64 i = 0; i < d; ++i)
            EXPECT_NEAR(static_cast<double>(y.row(t)[i]), want[i], 1e-4) << k->name << " token " << t;
        }
      }
}

TEST(Experts, GradientsMatchDifferences) {
  for (const cpu::Kernels* k : cpu::levels()) {
    OpTest test(*k, 2);
    const std::vector<Expert> all = some_experts(3, 6, 5);
    const Routing r = some_routing(test, 7, 3, 2, 3);
    const Tensor x = test.tensor(7, 6, 1);
    std::vector<Weight> weights;
    for (const Expert& e : all) weights.insert(weights.end(), {e.gate, e.up, e.down});
    check_gradients(
        test, [&](Pass& p) { return experts(p, x, r, all); }, {x, r.gates}, weights);
  }
}

struct Step {
  Tensor y, dx, dgates;
  std::vector<float> dw;
};
Step step(OpTest& test, i64 tokens, i64 count, i64 top, DType matmul) {
  const i64 d = 64, f = 48;
  const std::vector<Expert> all = some_experts(count, d, f);
  const Routing r = some_routing(test, tokens, count, top, count);
  const Tensor x = test.tensor(tokens, d, 1);
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  p.numerics.matmul = matmul;
  const Tensor y = experts(p, x, r, all);
  run_backward(tape, y, test.tensor(tokens, d, 2));
  Step s{y, tape.grads()[x], tape.grads()[r.gates], {}};
  for (const Expert& e : all)
    for (const Weight& w : {e.gate, e.up, e.down}) s.dw.insert(s.dw.end(), w.grad(), w.grad() + w.size());
  return s;
}

TEST(Experts, ThreadsAndOtherTokensDoNotChangeBits) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) {
      OpTest one(*k, 1), three(*k, 3);
      const Step a = step(one, 800, 6, 2, matmul), b = step(three, 800, 6, 2, matmul);
      EXPECT_TRUE(same_bits(a.y, b.y) && same_bits(a.dx, b.dx) && same_bits(a.dgates, b.dgates)) << k->name;
      EXPECT_TRUE(same_bits(a.dw.data(), b.dw.data(), static_cast<i64>(a.dw.size()))) << k->name;
      for (const i64 few : {1, 5}) {  // the first tokens of the same streams
        const Step c = step(three, few, 6, 2, matmul);
        EXPECT_TRUE(same_bits(c.y.data(), a.y.data(), c.y.size())) << k->name << " " << few;
        EXPECT_TRUE(same_bits(c.dx.data(), a.dx.data(), c.dx.size())) << k->name << " " << few;
      }
    }
}

// Few large experts are split by columns among the threads.
TEST(Experts, FewRunsInPartsHaveTheBitsOfOneThread) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) {
      const i64 d = 320, f = 336;  // 3 · d · f is above the 400,000 multiply-adds from which work is split
      const std::vector<Expert> all = some_experts(2, d, f);
      const auto output = [&](int threads) {
        OpTest test(*k, threads);
        const Routing r = some_routing(test, 3, 2, 1, 2);
        Pass p = test.pass();
        p.numerics.matmul = matmul;
        const Tensor y = experts(p, test.tensor(3, d, 1), r, all);
        return std::vector<float>(y.data(), y.data() + y.size());
      };
      const std::vector<float> one = output(1);
      for (const int threads : {3, 4, 7}) EXPECT_EQ(output(threads), one) << k->name << ' ' << threads;
    }
}

TEST(Experts, FrozenExpertsGiveTheGradientOfTheInput) {
  OpTest test;
  const std::vector<Expert> frozen = some_experts(3, 6, 5, false), trained = some_experts(3, 6, 5);
  const Routing r = some_routing(test, 7, 3, 2, 3);
  const Tensor x = test.tensor(7, 6, 1);
  Tensor dx[2];
  for (int i = 0; i < 2; ++i) {
    Tape tape(test.arena);
    Pass p = test.pass(&tape);
    const Tensor y = experts(p, x, r, i ? trained : frozen);
    run_backward(tape, y, test.tensor(7, 6, 2));
    dx[i] = tape.grads()[x];
  }
  EXPECT_TRUE(same_bits(dx[0], dx[1]));
}

// Each of the three matrices may train alone. The gradients of a frozen matrix do not exist.
TEST(Experts, OneTrainableMatrixOfThreeGetsItsGradient) {
  OpTest test;
  const Routing r = some_routing(test, 7, 3, 2, 3);
  const Tensor x = test.tensor(7, 6, 1), dy = test.tensor(7, 6, 2);
  const auto weight_of = [](const Expert& e, int matrix) { return matrix == 0 ? e.gate : matrix == 1 ? e.up : e.down; };
  const auto backward = [&](const std::vector<Expert>& all) {
    Tape tape(test.arena);
    Pass p = test.pass(&tape);
    run_backward(tape, experts(p, x, r, all), dy);
  };
  const std::vector<Expert> trained = some_experts(3, 6, 5), frozen = some_experts(3, 6, 5, false);
  backward(trained);
  for (int matrix = 0; matrix < 3; ++matrix) {
    std::vector<Expert> mixed = some_experts(3, 6, 5);
    for (size_t e = 0; e < mixed.size(); ++e) {
      if (matrix != 0) mixed[e].gate = frozen[e].gate;
      if (matrix != 1) mixed[e].up = frozen[e].up;
      if (matrix != 2) mixed[e].down = frozen[e].down;
    }
    backward(mixed);
    for (size_t e = 0; e < mixed.size(); ++e) {
      const Weight got = weight_of(mixed[e], matrix), want = weight_of(trained[e], matrix);
      EXPECT_TRUE(same_bits(got.grad(), want.grad(), want.size())) << "matrix " << matrix << " of expert " << e;
    }
  }
}

TEST(Experts, TheListOfExpertsMayChangeBeforeTheBackwardPass) {
  OpTest test;
  const Routing r = some_routing(test, 7, 3, 2, 3);
  const Tensor x = test.tensor(7, 6, 1), dy = test.tensor(7, 6, 2);
  Tensor dx[2];
  for (const bool changed : {false, true}) {
    std::vector<Expert> list = some_experts(3, 6, 5);
    Tape tape(test.arena);
    Pass p = test.pass(&tape);
    const Tensor y = experts(p, x, r, list);
    if (changed) std::swap(list[0], list[2]);
    run_backward(tape, y, dy);
    dx[changed] = tape.grads()[x];
  }
  EXPECT_TRUE(same_bits(dx[0], dx[1]));
}

}  // namespace
}  // namespace r1
