#include <cmath>

#include "ops/op_test.hpp"

namespace r1 {
namespace {

constexpr RopeConfig kV3{.dim = 64, .theta = 10000, .factor = 40, .original_context = 4096};

TEST(Rope, YarnFrequenciesAreThePublishedOnes) {
  const std::vector<double> f = rope_frequencies(kV3);
  ASSERT_EQ(f.size(), 32u);
  const std::pair<size_t, double> published[] = {{0, 1},           {5, 0.23713737},   {10, 0.056234133}, {11, 0.039006927},
                                                 {12, 0.02687936}, {16, 0.0055},      {20, 7.9056942e-4}, {22, 1.7782794e-4},
                                                 {23, 3.3338036e-5}, {31, 3.3338036e-6}};
  for (const auto& [j, want] : published) EXPECT_NEAR(f[j], want, 1e-7 * want) << j;  // eight digits are printed
}

TEST(Rope, FactorOneIsPlainRope) {
  const std::vector<double> f = rope_frequencies({.dim = 8, .theta = 500});
  for (size_t j = 0; j < 4; ++j) EXPECT_NEAR(f[j], std::pow(500.0, -static_cast<double>(j) / 4), 1e-15);
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
  c.mscale_all_dim = 0;  // the ratio is then mscale's own factor
  const Tensor angles = rope_angles(p, c);
  const std::vector<double> f = rope_frequencies(c);
  const double m = yarn_mscale(40, 1);
  for (i64 t = 0; t < 5; ++t)
    for (i64 j = 0; j < 32; ++j) {
      const double turn = test.batch.positions[static_cast<size_t>(t)] * f[static_cast<size_t>(j)];
      EXPECT_NEAR(static_cast<double>(angles.row(t)[j]), m * std::cos(turn), 1e-7);  // half an ulp below 2
      EXPECT_NEAR(static_cast<double>(angles.row(t)[32 + j]), m * std::sin(turn), 1e-7);
    }
}

TEST(Rope, TurnsInterleavedPairsAndDotProductsDependOnDistanceOnly) {
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
