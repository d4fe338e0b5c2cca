#include "ops/op_test.hpp"

namespace r1 {
namespace {

std::vector<i32> some_targets(i64 rows, i64 vocab) {
  std::vector<i32> targets;
  for (i64 t = 0; t < rows; ++t) targets.push_back(t % 5 == 3 ? -1 : static_cast<i32>(t * 37 % vocab));
  return targets;
}

struct Step {
  Tensor nll, dx;
  std::vector<float> dw;
};
Step step(OpTest& test, const Tensor& x, i64 vocab, float temperature, DType matmul = DType::f32) {
  const Weight w = test_weight("head", vocab, x.cols(), 3, 0.3);
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  p.numerics.matmul = matmul;
  const Tensor nll = linear_cross_entropy(p, x, w, some_targets(x.rows(), vocab), temperature);
  run_backward(tape, nll, test.tensor(x.rows(), 1, 9));
  return {nll, tape.grads()[x], {w.grad(), w.grad() + w.size()}};
}

// nll, dx and dW in double.
struct Reference {
  std::vector<double> nll, dx, dw;
};
Reference reference(OpTest& test, const Tensor& x, i64 vocab, double temperature) {
  const Weight w = test_weight("head", vocab, x.cols(), 3, 0.3);
  const Tensor dnll = test.tensor(x.rows(), 1, 9);
  const std::vector<i32> targets = some_targets(x.rows(), vocab);
  const i64 d = x.cols();
  Reference want{std::vector<double>(static_cast<size_t>(x.rows())), std::vector<double>(static_cast<size_t>(x.size())),
                 std::vector<double>(static_cast<size_t>(w.size()))};
  std::vector<double> z(vocab);
  for (i64 t = 0; t < x.rows(); ++t) {
    const i32 target = targets[t];
    if (target < 0) continue;
    double largest = -1e300, sum = 0;
    for (i64 v = 0; v < vocab; ++v) {
      double& at = z[v] = 0;
      for (i64 i = 0; i < d; ++i) at += static_cast<double>(x.row(t)[i]) * static_cast<double>(w.f32()[v * d + i]);
      at /= temperature;
      largest = std::max(largest, at);
    }
    for (const double at : z) sum += std::exp(at - largest);
    want.nll[t] = largest + std::log(sum) - z[target];
    for (i64 v = 0; v < vocab; ++v) {
      const double dz =
          (std::exp(z[v] - largest) / sum - (v == target ? 1 : 0)) * static_cast<double>(dnll.data()[t]) / temperature;
      for (i64 i = 0; i < d; ++i) {
        want.dx[t * d + i] += dz * static_cast<double>(w.f32()[v * d + i]);
        want.dw[v * d + i] += dz * static_cast<double>(x.row(t)[i]);
      }
    }
  }
  return want;
}

void expect_near(const float* got, const std::vector<double>& want, double tolerance) {
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(static_cast<double>(got[i]), want[i], tolerance) << i;
}

TEST(LinearCrossEntropy, MatchesDoublesForwardAndBackward) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const float temperature : {1.0f, 0.7f})
      for (const i64 vocab : {5, 130, 1500}) {
        OpTest test(*k, 2);
        const Tensor x = test.tensor(83, 24, 1);
        const Step got = step(test, x, vocab, temperature);
        const Reference want = reference(test, x, vocab, static_cast<double>(temperature));
        // Logits are sums of 24 terms of about 1, with errors of about 1e-6, and the probabilities have relative errors
        // of that size. dW sums at most 83 of them times inputs of up to 4, which gives less than 100 times that error.
        expect_near(got.nll.data(), want.nll, 1e-5);
        expect_near(got.dx.data(), want.dx, 2e-5);
        expect_near(got.dw.data(), want.dw, 1e-4);
      }
}

TEST(LinearCrossEntropy, RowsWithoutATargetHaveNoLossAndNoGradient) {
  OpTest test;
  const Tensor x = test.tensor(10, 8, 1);
  const Step got = step(test, x, 20, 1);
  for (const i64 t : {3, 8}) {
    EXPECT_EQ(got.nll.data()[t], 0.0f);
    for (i64 i = 0; i < x.cols(); ++i) EXPECT_EQ(got.dx.row(t)[i], 0.0f);
  }
  EXPECT_GT(got.nll.data()[0], 0.0f);
}

TEST(LinearCrossEntropy, HasTheBitsOfLogsumexpOfTheLogitsThatServingComputes) {
  for (const cpu::Kernels* k : cpu::levels()) {
    OpTest test(*k, 2);
    const Tensor x = test.tensor(40, 24, 1);
    const Weight w = test_weight("head", 77, 24, 3, 0.3);
    const std::vector<i32> targets = some_targets(40, 77);
    Pass p = test.pass();
    const Tensor nll = linear_cross_entropy(p, x, w, targets), logits = linear(p, x, w);
    for (i64 t = 0; t < 40; ++t)
      if (const i32 target = targets[t]; target >= 0) {
        EXPECT_EQ(nll.data()[t], k->elementwise.logsumexp(logits.row(t), 77) - logits.row(t)[target]) << k->name;
      }
  }
}

TEST(LinearCrossEntropy, ThreadsAndOtherRowsDoNotChangeBits) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) {
      OpTest one(*k, 1), three(*k, 3);
      const Step a = step(one, one.tensor(900, 24, 1), 300, 0.9f, matmul);
      const Step b = step(three, three.tensor(900, 24, 1), 300, 0.9f, matmul);
      EXPECT_TRUE(same_bits(a.nll, b.nll) && same_bits(a.dx, b.dx)) << k->name;
      EXPECT_TRUE(same_bits(a.dw.data(), b.dw.data(), 300 * 24)) << k->name;

      const Step few = step(one, one.tensor(12, 24, 1), 300, 0.9f, matmul);  // the first rows of the same stream
      EXPECT_TRUE(same_bits(few.nll.data(), a.nll.data(), 12)) << k->name;
      EXPECT_TRUE(same_bits(few.dx.data(), a.dx.data(), 12 * 24)) << k->name;
    }
}

// Without a target or with one whose gradient is zero, a row changes nothing for the others.
TEST(LinearCrossEntropy, RunsOfRowsWithoutATargetDoNotChangeTheBitsOfOtherRows) {
  constexpr i64 kRows = 700, kVocab = 90, kInner = 24;
  std::vector<i32> all(kRows), some(kRows);
  for (i64 t = 0; t < kRows; ++t) {
    all[t] = static_cast<i32>(t * 37 % kVocab);
    const bool prompt = t < 20 || (t >= 40 && t < 47) || (t >= 100 && t < 300) || (t >= 316 && t < 332) || t >= 650;
    some[t] = prompt ? -1 : all[t];
  }
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) {
      SCOPED_TRACE(fmt::format("{} {}", k->name, name_of(matmul)));
      OpTest test(*k, 2);
      const Tensor x = test.tensor(kRows, kInner, 1), seed = test.tensor(kRows, 1, 9);
      for (i64 t = 0; t < kRows; ++t)
        if (some[t] < 0) seed.data()[t] = 0;
      const auto run = [&](const std::vector<i32>& targets) {
        const Weight w = test_weight("head", kVocab, kInner, 3, 0.3);
        Tape tape(test.arena);
        Pass p = test.pass(&tape);
        p.numerics.matmul = matmul;
        const Tensor nll = linear_cross_entropy(p, x, w, targets);
        run_backward(tape, nll, seed);
        return Step{nll, tape.grads()[x], {w.grad(), w.grad() + w.size()}};
      };
      const Step a = run(all), b = run(some);
      for (i64 t = 0; t < kRows; ++t) {
        EXPECT_EQ(b.nll.data()[t], some[t] < 0 ? 0.0f : a.nll.data()[t]) << t;
        for (i64 i = 0; i < kInner; ++i) EXPECT_EQ(b.dx.row(t)[i], a.dx.row(t)[i]) << t;
      }
      for (size_t i = 0; i < a.dw.size(); ++i) EXPECT_EQ(b.dw[i], a.dw[i]) << i;
    }
}

TEST(LinearCrossEntropy, ChunksOfALargeVocabularyAddUp) {
  OpTest test(cpu::active(), 2);  // a chunk of this vocabulary has 128 rows, so 200 rows are one chunk and a remainder
  const Tensor x = test.tensor(200, 4, 1);
  const Step got = step(test, x, 30000, 1);
  const Reference want = reference(test, x, 30000, 1);
  expect_near(got.nll.data(), want.nll, 1e-5);
  expect_near(got.dw.data(), want.dw, 1e-4);
}

// −Σ p ln p in double from double logits. The f32 logits have an error of about d · 6e-8 of their size, here below
// 1e-5, and the entropy, at most ln 300, moves by no more than a few times that. A row's entropy has the same bits
// alone.
TEST(LinearCrossEntropy, TheEntropyIsThatOfTheRowsDistribution) {
  OpTest test(cpu::active(), 2);
  const i64 vocab = 300, d = 24;
  const Tensor x = test.tensor(7, d, 1);
  const Weight w = test_weight("head", vocab, d, 3, 0.3);
  const std::vector<i32> targets = some_targets(7, vocab);
  Pass p = test.pass();
  Tensor entropy;
  const Tensor nll = linear_cross_entropy(p, x, w, targets, 0.7f, &entropy);
  EXPECT_TRUE(same_bits(nll, linear_cross_entropy(p, x, w, targets, 0.7f)));
  for (i64 t = 0; t < x.rows(); ++t) {
    std::vector<double> z(vocab);
    double sum = 0, want = 0;
    for (i64 v = 0; v < vocab; ++v) {
      for (i64 i = 0; i < d; ++i) z[v] += static_cast<double>(x.row(t)[i]) * static_cast<double>(w.f32()[v * d + i]);
      sum += std::exp(z[v] /= 0.7);
    }
    for (const double at : z) want -= std::exp(at) / sum * (at - std::log(sum));
    EXPECT_NEAR(static_cast<double>(entropy.data()[t]), targets[t] < 0 ? 0 : want, 1e-4) << t;
    Tensor alone = test.tensor(1, d, 1), own;
    std::copy(x.row(t), x.row(t) + d, alone.data());
    linear_cross_entropy(p, alone, w, std::span(targets).subspan(t, 1), 0.7f, &own);
    EXPECT_TRUE(same_bits(own.data(), entropy.row(t), 1)) << t;
  }
}

}  // namespace
}  // namespace r1
