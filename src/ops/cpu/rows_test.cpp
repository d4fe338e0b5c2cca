// The ops over rows: embed, add, add_bias, split, concat, swiglu, take_rows, rms_norm, rope, recompute.
#include <cstring>

#include "core/half.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/op_test.hpp"

namespace r1 {
namespace {

class Rows : public testing::TestWithParam<const cpu::Kernels*> {
 protected:
  OpTest test{*GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Levels, Rows, testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                         [](const auto& level) { return std::string(level.param->name); });

constexpr float kEps = 1e-6f;

TEST_P(Rows, GradientsOfSumsProductsAndCopiesMatchDifferences) {
  const Tensor a = test.tensor(3, 6, 1), b = test.tensor(3, 6, 2);
  check_gradients(test, [&](Pass& p) { return add(p, a, b); }, {a, b});
  check_gradients(test, [&](Pass& p) { return swiglu(p, a, b); }, {a, b});
  check_gradients(test, [&](Pass& p) { return concat(p, a, b); }, {a, b});
  check_gradients(test, [&](Pass& p) { return add(p, a, a); }, {a});
  const std::vector<i32> rows{2, 0, 2};
  check_gradients(test, [&](Pass& p) { return take_rows(p, a, rows); }, {a});
}

TEST_P(Rows, GradientsOfABiasMatchDifferences) {
  const Tensor x = test.tensor(5, 7, 1);
  const Weight b = test_weight("b", 1, 7, 2);
  check_gradients(test, [&](Pass& p) { return add_bias(p, x, b); }, {x}, {b});
}

TEST_P(Rows, GradientOfABiasHasTheSameBitsOnOneThreadAndOnThree) {
  std::vector<float> got[2];
  for (const int threads : {1, 3}) {
    OpTest own(*GetParam(), threads);
    const Tensor x = own.tensor(900, 200, 1), dy = own.tensor(900, 200, 2);
    const Weight b = test_weight("b", 1, 200, 3);
    Tape tape(own.arena);
    Pass p = own.pass(&tape);
    run_backward(tape, add_bias(p, x, b), dy);
    got[threads / 2].assign(b.grad(), b.grad() + b.size());
  }
  EXPECT_TRUE(same_bits(got[0].data(), got[1].data(), 200));
}

TEST_P(Rows, GradientOfSplitReachesBothHalvesOrTheOneThatWasUsed) {
  const Tensor x = test.tensor(2, 10, 3);
  check_gradients(test,
                  [&](Pass& p) {
                    const auto [y, z] = split(p, x, 2, 3, 2);
                    return concat(p, z, y);
                  },
                  {x});
  check_gradients(test, [&](Pass& p) { return split(p, x, 2, 3, 2)[1]; }, {x});
}

TEST_P(Rows, GradientsOfRmsNormMatchDifferences) {
  const Weight w = test_weight("w", 1, 7, 5);
  for (const i64 heads : {1, 3}) {
    const Tensor x = test.tensor(3, heads * 7, 4);
    check_gradients(test, [&](Pass& p) { return rms_norm(p, x, w, kEps, heads); }, {x}, {w});
  }
}

// What rms_norm computes, in double, for one head of n features; adds to dx and dw.
void rms_norm_in_double(const float* x, const float* w, const float* dy, i64 n, double* y, double* dx, double* dw) {
  double squares = 0, dot = 0;
  for (i64 i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const double s = 1 / std::sqrt(squares / static_cast<double>(n) + static_cast<double>(kEps));
  for (i64 i = 0; i < n; ++i) dot += static_cast<double>(dy[i]) * w[i] * x[i] * s;
  for (i64 i = 0; i < n; ++i) {
    y[i] = x[i] * s * w[i];
    dx[i] += s * (static_cast<double>(dy[i]) * w[i] - x[i] * s * dot / static_cast<double>(n));
    dw[i] += static_cast<double>(dy[i]) * x[i] * s;
  }
}

// Each result is a sum of at most 70 products (y, dx) or of 70 rows times 5 heads (dw). Their roundings are about
// sqrt(350) · 6e-8 = 1e-6 of the largest result; five times that is allowed.
TEST_P(Rows, RmsNormOfHeadsMatchesDoublePrecisionForOddSizes) {
  constexpr i64 kRows = 70;
  constexpr double kTolerance = 5e-6;
  for (const i64 heads : {1, 2, 5})
    for (const i64 n : {1, 2, 7, 16, 33, 70}) {
      const Tensor x = test.tensor(kRows, heads * n, 1), dy = test.tensor(kRows, heads * n, 2);
      const Weight w = test_weight("w", 1, n, 3);
      Tape tape(test.arena);
      Pass p = test.pass(&tape);
      const Tensor y = rms_norm(p, x, w, kEps, heads);
      run_backward(tape, y, dy);
      const Tensor dx = tape.grads()[x];
      std::vector<double> want_y(x.size()), want_dx(x.size()), want_dw(n);
      for (i64 i = 0; i < x.size(); i += n)
        rms_norm_in_double(x.data() + i, w.f32(), dy.data() + i, n, &want_y[i], &want_dx[i], want_dw.data());
      const auto compare = [&](const float* got, const std::vector<double>& want, const char* what) {
        double largest = 0, worst = 0;
        for (size_t i = 0; i < want.size(); ++i) {
          largest = std::max(largest, std::abs(want[i]));
          worst = std::max(worst, std::abs(static_cast<double>(got[i]) - want[i]));
        }
        EXPECT_LE(worst, kTolerance * std::max(largest, 1.0)) << what << ", " << heads << " heads of " << n;
      };
      compare(y.data(), want_y, "y");
      compare(dx.data(), want_dx, "dx");
      compare(w.grad(), want_dw, "dw");
    }
}

TEST_P(Rows, AHeadIsNormalisedAsARowOfItsOwn) {
  constexpr i64 kHeads = 3, kHead = 37;
  const Tensor x = test.tensor(5, kHeads * kHead, 1), apart = test.arena.alloc(5 * kHeads, kHead);
  std::memcpy(apart.data(), x.data(), x.size() * 4);
  const Weight w = test_weight("w", 1, kHead, 2);
  Pass p = test.pass();
  const Tensor a = rms_norm(p, x, w, kEps, kHeads), b = rms_norm(p, apart, w, kEps);
  EXPECT_EQ(a.cols(), x.cols());
  EXPECT_TRUE(same_bits(a.data(), b.data(), a.size()));
}

TEST_P(Rows, GradientOfTheNormOfHeadsHasTheSameBitsOnOneThreadAndOnThree) {
  std::vector<float> dw[2], dx[2];
  for (const int threads : {1, 3}) {
    OpTest own(*GetParam(), threads);
    const Tensor x = own.tensor(900, 4 * 50, 1), dy = own.tensor(900, 4 * 50, 2);
    const Weight w = test_weight("w", 1, 50, 3);
    Tape tape(own.arena);
    Pass p = own.pass(&tape);
    run_backward(tape, rms_norm(p, x, w, kEps, 4), dy);
    dw[threads / 2].assign(w.grad(), w.grad() + w.size());
    const Tensor g = tape.grads()[x];
    dx[threads / 2].assign(g.data(), g.data() + g.size());
  }
  EXPECT_TRUE(same_bits(dw[0].data(), dw[1].data(), 50));
  EXPECT_TRUE(same_bits(dx[0].data(), dx[1].data(), 900 * 4 * 50));
}

TEST_P(Rows, GradientOfEmbedAddsRepeatedTokens) {
  const Weight w = test_weight("w", 5, 6, 6);
  const std::vector<i32> tokens{4, 1, 4, 4};
  check_gradients(test, [&](Pass& p) { return embed(p, w, tokens); }, {}, {w});
}

TEST_P(Rows, GradientOfRopeMatchesDifferences) {
  test.sequences({3, 2});
  const Tensor x = test.tensor(5, 12, 7);
  for (const RopePairs pairs : {RopePairs::neighbours, RopePairs::halves})
    check_gradients(test,
                    [&](Pass& p) {
                      const Tensor angles = rope_angles(p, {.dim = 6, .factor = 40});
                      return rope(p, x, 2, angles, pairs);
                    },
                    {x});
}

TEST_P(Rows, RecomputedGradientsHaveTheBitsOfThePlainTape) {
  const Tensor x = test.tensor(4, 8, 8), dy = test.tensor(4, 8, 9);
  const Weight w = test_weight("w", 1, 8, 10);
  const auto block = [&](Pass& p, const Tensor& h) {
    const Tensor n = rms_norm(p, h, w, kEps);
    return add(p, h, swiglu(p, n, h));
  };
  std::vector<Tensor> dx, y;
  std::vector<std::vector<float>> dw;
  for (const bool again : {false, true}) {
    w.clear_grad();
    Tape tape(test.arena);
    Pass p = test.pass(&tape);
    p.recompute = again;
    y.push_back(recompute(p, x, block));
    run_backward(tape, y.back(), dy);
    dx.push_back(tape.grads()[x]);
    dw.emplace_back(w.grad(), w.grad() + w.size());
  }
  EXPECT_TRUE(same_bits(y[0], y[1]));
  EXPECT_TRUE(same_bits(dx[0], dx[1]));
  EXPECT_EQ(dw[0], dw[1]);
}

TEST_P(Rows, RecomputeKeepsOnlyTheResultOfTheBlock) {
  const Tensor x = test.tensor(4, 8, 8);
  const i64 before = test.arena.bytes_in_use();
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  p.recompute = true;
  const auto block = [&](Pass& q, const Tensor& h) { return swiglu(q, add(q, h, h), add(q, h, h)); };
  const Tensor y = recompute(p, x, block);
  const i64 one = test.arena.bytes_in_use() - before;  // y alone
  {
    const Tensor same = test.arena.alloc(4, 8);
    EXPECT_EQ(test.arena.bytes_in_use() - before, 2 * one);
  }
}

TEST_P(Rows, EmbedWidensHalfPrecisionMastersExactly) {
  std::vector<u16> bits(24);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<u16>(0x3a00 + 37 * i);
  const auto* bytes = reinterpret_cast<const std::byte*>(bits.data());
  const std::vector<i32> tokens{3, 0};
  Pass p = test.pass();
  for (const DType type : {DType::bf16, DType::f16}) {
    const Tensor y = embed(p, Weight::frozen("w", type, 4, 6, bytes, {}), tokens);
    for (i64 t = 0; t < 2; ++t)
      for (i64 i = 0; i < 6; ++i) {
        const u16 h = bits[tokens[t] * 6 + i];
        EXPECT_EQ(y.row(t)[i], type == DType::bf16 ? f32_from_bf16(h) : f32_from_f16(h));
      }
  }
}

TEST_P(Rows, RmsNormReadsABf16WeightAsItsF32Values) {
  const Weight w = test_weight("w", 1, 9, 1, 1, false);
  std::vector<u16> bits;
  for (i64 i = 0; i < 9; ++i) {
    bits.push_back(bf16_from_f32(w.f32()[i]));
    w.f32()[i] = f32_from_bf16(bits.back());
  }
  const Weight half = Weight::frozen("half", DType::bf16, 1, 9, reinterpret_cast<const std::byte*>(bits.data()), {});
  const Tensor x = test.tensor(3, 9, 2);
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  const Tensor a = rms_norm(p, x, w, kEps), b = rms_norm(p, x, half, kEps);
  EXPECT_TRUE(same_bits(a, b));
  run_backward(tape, b, a);
  EXPECT_NE(tape.grads()[x].data()[0], 0.0f);
}

// Most ops over rows in one chain, forward and backward, over some rows of a batch that is large enough to fork.
struct ChainRun {
  std::vector<float> y, dx, dnorm, dtable;
};
ChainRun chain(const cpu::Kernels& k, int threads, i64 first, i64 rows) {
  constexpr i64 kDim = 320, kVocab = 50;
  OpTest test(k, threads);
  const Weight table = test_weight("table", kVocab, kDim, 1), norm = test_weight("norm", 1, kDim, 2);
  std::vector<i32> tokens;
  for (i64 t = 0; t < 700; ++t) tokens.push_back(static_cast<i32>((t * 31 + t / 7) % kVocab));
  std::vector<i32> positions(tokens.size());
  for (size_t t = 0; t < positions.size(); ++t) positions[t] = static_cast<i32>(t);
  const auto part = [&](const std::vector<i32>& v) {
    return std::vector<i32>(v.begin() + first, v.begin() + first + rows);
  };
  test.batch.tokens = part(tokens), test.batch.positions = part(positions);
  test.batch.seq_begin = {0, static_cast<i32>(rows)};

  const Tensor all = test.tensor(700, kDim, 3), x = test.arena.alloc(rows, kDim);
  std::memcpy(x.data(), all.row(first), x.size() * 4);
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  const Tensor h = add(p, x, embed(p, table, test.batch.tokens));
  const auto [a, b] = split(p, rms_norm(p, h, norm, kEps), 4, 40, 40);
  const Tensor turned = rope(p, b, 4, rope_angles(p, {.dim = 40, .factor = 40}));
  const Tensor y = concat(p, swiglu(p, a, turned), turned);
  run_backward(tape, y, y);
  const Tensor dx = tape.grads()[x];
  return {{y.data(), y.data() + y.size()},
          {dx.data(), dx.data() + dx.size()},
          {norm.grad(), norm.grad() + norm.size()},
          {table.grad(), table.grad() + table.size()}};
}

TEST_P(Rows, ThreadsDoNotChangeBits) {
  const ChainRun one = chain(*GetParam(), 1, 0, 700), two = chain(*GetParam(), 2, 0, 700);
  EXPECT_TRUE(same_bits(one.y.data(), two.y.data(), static_cast<i64>(one.y.size())));
  EXPECT_TRUE(same_bits(one.dx.data(), two.dx.data(), static_cast<i64>(one.dx.size())));
  EXPECT_TRUE(same_bits(one.dnorm.data(), two.dnorm.data(), static_cast<i64>(one.dnorm.size())));
  EXPECT_TRUE(same_bits(one.dtable.data(), two.dtable.data(), static_cast<i64>(one.dtable.size())));
}

TEST_P(Rows, ARowAloneHasTheBitsItHasAmongOthers) {
  const ChainRun all = chain(*GetParam(), 2, 0, 700);
  const i64 cols = static_cast<i64>(all.y.size()) / 700, in = static_cast<i64>(all.dx.size()) / 700;
  for (const i64 t : {0, 1, 333, 699}) {
    const ChainRun alone = chain(*GetParam(), 1, t, 1);
    EXPECT_TRUE(same_bits(alone.y.data(), all.y.data() + t * cols, cols)) << t;
    EXPECT_TRUE(same_bits(alone.dx.data(), all.dx.data() + t * in, in)) << t;
  }
}

TEST(RowsOp, EmbedAndNormsAskThePassForTheirKernels) {
  cpu::Kernels counting = cpu::active();
  static int calls;
  calls = 0;
  counting.dequantize.row = [](DType, float* dst, const std::byte*, i64 n) { std::fill_n(dst, n, 2.0f), ++calls; };
  OpTest test(counting);
  Pass p = test.pass();
  const std::vector<u16> bits(8);
  const Weight w = Weight::frozen("w", DType::bf16, 2, 4, reinterpret_cast<const std::byte*>(bits.data()), {});
  const Weight norm = Weight::frozen("norm", DType::bf16, 1, 4, reinterpret_cast<const std::byte*>(bits.data()), {});
  const Tensor y = embed(p, w, std::vector<i32>{1});
  EXPECT_EQ(y.data()[3], 2.0f);
  rms_norm(p, y, norm, kEps);
  EXPECT_EQ(calls, 2);
}

TEST(RowsOp, ForRowsCoversEveryRowOnceAndOneTokenIsOneTask) {
  OpTest test(cpu::active(), 2);
  const Pass p = test.pass();
  std::vector<int> seen(5000);
  for_rows(p, 5000, 100, [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t) ++seen[t];
  });
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 5000);
  int calls = 0;
  for_rows(p, 1, 18432, [&](i64, i64) { ++calls; });
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace r1
