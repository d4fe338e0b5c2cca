#include <cmath>

#include "ops/op_test.hpp"

namespace r1 {
namespace {

constexpr RopeConfig kV3{.dim = 64, .theta = 10000, .factor = 40, .original_context = 4096};

TEST(Rope, YarnFrequenciesAreThePublishedOnes) {
  const std::vector<double> f = rope_frequencies(kV3);
  ASSERT_EQ(f.size(), 32u);
  const std::pair<size_t, double> published[] = {
      {0, 1},       {5, 0.23713737},    {10, 0.056234133},  {11, 0.039006927},  {12, 0.02687936},
      {16, 0.0055}, {20, 7.9056942e-4}, {22, 1.7782794e-4}, {23, 3.3338036e-5}, {31, 3.3338036e-6}};
  for (const auto& [j, want] : published) EXPECT_NEAR(f[j], want, 1e-7 * want) << j;  // eight digits are printed
}

// No pair turns 800 times within the original context: the fastest turns 4096 / 2π = 652 times. The ramp then begins
// and ends at pair 0. The published code moves its end by 0.001, so that pair 0 keeps its frequency and the others are
// divided.
TEST(Rope, AYarnWithoutARampHasAStepInItsPlace) {
  const std::vector<double> plain = rope_frequencies({.dim = 8, .theta = 10000});
  const std::vector<double> f = rope_frequencies(
      {.dim = 8, .theta = 10000, .factor = 4, .original_context = 4096, .beta_fast = 800, .beta_slow = 800});
  for (size_t j = 0; j < 4; ++j) EXPECT_NEAR(f[j], j == 0 ? plain[j] : plain[j] / 4, 1e-15) << j;
}

TEST(Rope, FactorOneIsPlainRope) {
  const std::vector<double> f = rope_frequencies({.dim = 8, .theta = 500});
  for (size_t j = 0; j < 4; ++j) EXPECT_NEAR(f[j], std::pow(500.0, -static_cast<double>(j) / 4), 1e-15);
}

// The frequencies of Llama 3.1, with 128 features per head, as transformers 5.23 computes them in f32.
TEST(Rope, Llama3FrequenciesAreThePublishedOnes) {
  const std::vector<double> f = rope_frequencies(
      {.dim = 128, .theta = 500000, .factor = 8, .original_context = 8192, .scaling = RopeScaling::llama3});
  ASSERT_EQ(f.size(), 64u);
  const std::pair<size_t, double> published[] = {{0, 1},
                                                 {10, 0.12868738174438477},
                                                 {28, 0.0032114461064338684},  // kept
                                                 {29, 0.0021665706299245358},
                                                 {30, 0.0013718936825171113},
                                                 {32, 0.0005248460220173001},  // on the ramp
                                                 {34, 0.0001785077911335975},
                                                 {35, 9.556212171446532e-05},
                                                 {63, 3.068925877869333e-07}};  // divided by 8, from 35 on
  // The error of f32 is 6e-8. The ramp over 3 turns multiplies the error of a frequency by up to 15.
  for (const auto& [j, want] : published) EXPECT_NEAR(f[j], want, 1e-6 * want) << j;
}

TEST(Rope, LinearScalingDividesEveryFrequencyAndKeepsTheMagnitude) {
  const RopeConfig c{.dim = 8, .theta = 500, .factor = 3, .scaling = RopeScaling::linear};
  const std::vector<double> f = rope_frequencies(c);
  for (size_t j = 0; j < 4; ++j) EXPECT_NEAR(f[j], std::pow(500.0, -static_cast<double>(j) / 4) / 3, 1e-15);
  OpTest test;
  test.batch.add_sequence(std::vector<i32>(1), 7);
  Pass p = test.pass();
  const Tensor angles = rope_angles(p, c);
  for (i64 j = 0; j < 4; ++j) EXPECT_NEAR(std::hypot(angles.data()[j], angles.data()[4 + j]), 1, 2e-7);
}

TEST(Rope, AnAttentionFactorReplacesTheRatioOfMscales) {
  OpTest test;
  test.sequences({1});
  Pass p = test.pass();
  EXPECT_EQ(rope_angles(p, {.dim = 2, .factor = 4, .attention_factor = 1.5}).data()[0], 1.5f);
}

TEST(Rope, HalvesHaveTheBitsOfNeighboursInAnotherOrder) {
  constexpr i64 kHeads = 3;
  for (const cpu::Kernels* k : cpu::levels())
    for (const i64 dim : {2, 6, 32, 70}) {
      OpTest test(*k);
      test.sequences({5});
      Pass p = test.pass();
      const Tensor angles = rope_angles(p, {.dim = dim, .theta = 100});
      const Tensor x = test.tensor(5, kHeads * dim, 1), paired = test.arena.alloc(5, kHeads * dim);
      const auto pair = [&](i64 h, i64 j) { return h * dim + 2 * (j % (dim / 2)) + j / (dim / 2); };
      for (i64 t = 0; t < 5; ++t)
        for (i64 h = 0; h < kHeads; ++h)
          for (i64 j = 0; j < dim; ++j) paired.row(t)[pair(h, j)] = x.row(t)[h * dim + j];
      const Tensor y = rope(p, x, kHeads, angles, RopePairs::halves), z = rope(p, paired, kHeads, angles);
      for (i64 t = 0; t < 5; ++t)
        for (i64 h = 0; h < kHeads; ++h)
          for (i64 j = 0; j < dim; ++j) ASSERT_EQ(y.row(t)[h * dim + j], z.row(t)[pair(h, j)]) << k->name << " " << dim;
    }
}

TEST(Rope, MscaleIsThePublishedOne) {
  EXPECT_NEAR(yarn_mscale(40, 1), 1.3688879, 1e-7);
  EXPECT_NEAR(yarn_mscale(40, 0.707), 1.2608038, 1e-7);
  EXPECT_EQ(yarn_mscale(1, 1), 1.0);
}

TEST(Rope, AnglesAreExactToTheLastPositionOfTheContext) {
  OpTest test;
  test.batch.add_sequence(std::vector<i32>(3), 163837);
  test.batch.add_sequence(std::vector<i32>(2));
  Pass p = test.pass();
  RopeConfig c = kV3;
  c.mscale_all_dim = 0;  // its factor is then 1, and the ratio is the factor of mscale
  const Tensor angles = rope_angles(p, c);
  const std::vector<double> f = rope_frequencies(c);
  const double m = yarn_mscale(40, 1);
  for (i64 t = 0; t < 5; ++t)
    for (i64 j = 0; j < 32; ++j) {
      const double turn = test.batch.positions[t] * f[j];
      EXPECT_NEAR(static_cast<double>(angles.row(t)[j]), m * std::cos(turn), 1e-7);  // half an ulp below 2
      EXPECT_NEAR(static_cast<double>(angles.row(t)[32 + j]), m * std::sin(turn), 1e-7);
    }
}

TEST(Rope, ShortSequencesInOnePassHaveTheAnglesOfEachAlone) {
  OpTest alone, packed;  // the packed ones have more rows than positions, so they share what is computed
  alone.batch.add_sequence(std::vector<i32>(2));
  for (int i = 0; i < 3; ++i) packed.batch.add_sequence(std::vector<i32>(2));
  Pass p = alone.pass(), q = packed.pass();
  const Tensor one = rope_angles(p, kV3), all = rope_angles(q, kV3);
  for (i64 t = 0; t < 6; ++t) EXPECT_TRUE(same_bits(all.row(t), one.row(t % 2), one.cols())) << t;
}

TEST(Rope, RotatesNeighboursAndKeepsDotProductsOfEqualDistance) {
  OpTest test;
  for (const i64 at : {0, 7, 1000, 1007}) test.batch.add_sequence(std::vector<i32>(1), at);
  Pass p = test.pass();
  const Tensor q = test.arena.alloc(4, 128), one = test.tensor(1, 128, 1);
  for (i64 t = 0; t < 4; ++t) std::memcpy(q.row(t), one.data(), 128 * 4);
  const Tensor angles = rope_angles(p, kV3), y = rope(p, q, 2, angles);
  EXPECT_TRUE(same_bits(y.row(0), q.row(0), 128));  // position 0: no turn
  const double c = static_cast<double>(angles.row(1)[3]), s = static_cast<double>(angles.row(1)[32 + 3]);
  const double a = static_cast<double>(q.row(1)[64 + 6]), b = static_cast<double>(q.row(1)[64 + 7]);
  EXPECT_NEAR(static_cast<double>(y.row(1)[64 + 6]), a * c - b * s, 1e-6);
  EXPECT_NEAR(static_cast<double>(y.row(1)[64 + 7]), a * s + b * c, 1e-6);
  const auto dot = [&](i64 i, i64 j) {
    double sum = 0;
    for (i64 k = 0; k < 64; ++k) sum += static_cast<double>(y.row(i)[k]) * static_cast<double>(y.row(j)[k]);
    return sum;
  };
  EXPECT_NEAR(dot(0, 1), dot(2, 3), 64 * 4 * 1.2e-7);  // 64 products of size about 1, each with two roundings
}

}  // namespace
}  // namespace r1
