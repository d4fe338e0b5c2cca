// metrics.jsonl while it is written, repeated and damaged.
#include "report/metrics_reader.hpp"

#include <cmath>
#include <fstream>

#include "report/test_runs.hpp"

namespace r1 {
namespace {

class MetricsReading : public ReportCase {
 protected:
  const std::filesystem::path path_ = folder("metrics.jsonl");
  void append(std::string_view text) const { std::ofstream(path_, std::ios::app | std::ios::binary) << text; }
};

using Values = std::vector<double>;

TEST_F(MetricsReading, AnIncompleteLastLineIsLeftForTheNextCall) {
  MetricsReader reader(path_);
  EXPECT_EQ(reader.update(), false) << "a file that is not there yet has no lines";
  append("{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2.5}\n{\"step\":3,\"lo");
  EXPECT_EQ(reader.update(), true);
  EXPECT_EQ(reader.curves().at("loss").values, (Values{3, 2.5}));
  EXPECT_EQ(reader.update(), false);
  append("ss\":2}\n");
  EXPECT_EQ(reader.update(), true);
  EXPECT_EQ(reader.curves().at("loss").values, (Values{3, 2.5, 2}));
  EXPECT_EQ(reader.curves().at("loss").steps, (Values{1, 2, 3}));
  EXPECT_EQ(reader.last_step(), 3);
}

TEST_F(MetricsReading, AWholeLastLineCountsWithoutItsLineEnd) {
  append("{\"step\":1,\"loss\":3}");
  MetricsReader reader(path_);
  EXPECT_EQ(reader.update(), true);
  EXPECT_EQ(reader.curves().at("loss").values, Values{3});
  append("\n{\"step\":2,\"loss\":4}\n");
  EXPECT_EQ(reader.update(), true);
  EXPECT_EQ(reader.curves().at("loss").values, (Values{3, 4}));
}

TEST_F(MetricsReading, StepsThatAResumedRunRepeatsReplaceTheOldOnes) {
  append("{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":2,\"only\":7}\n{\"step\":3,\"a\":3}\n");
  MetricsReader reader(path_);
  ASSERT_TRUE(reader.update());
  ASSERT_TRUE(write_file(path_, "{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":20}\n"));
  EXPECT_EQ(reader.update(), true);
  EXPECT_EQ(reader.curves().at("a").values, (Values{1, 20}));
  EXPECT_FALSE(reader.curves().contains("only"));
  EXPECT_EQ(reader.last_step(), 2);
  // The file was truncated and has grown beyond its former size before anybody looked.
  ASSERT_TRUE(write_file(path_, "{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":5.25}\n{\"step\":3,\"a\":6.25}\n"));
  ASSERT_TRUE(reader.update());
  EXPECT_EQ(reader.last_step(), 3);
  append("{\"step\":2,\"a\":9}\n");
  ASSERT_TRUE(reader.update());
  EXPECT_EQ(reader.curves().at("a").steps, (Values{1, 2}));
  EXPECT_EQ(reader.curves().at("a").values.back(), 9);
}

TEST_F(MetricsReading, NullAndNanAreGapsAndTextsAreNoFigures) {
  append("{\"step\":1,\"kl\":null,\"note\":\"NaN\"}\n{\"step\":2,\"kl\":NaN,\"x\":-Infinity}\n{\"step\":3,\"kl\":1}\n");
  MetricsReader reader(path_);
  ASSERT_TRUE(reader.update());
  const Curve& kl = reader.curves().at("kl");
  ASSERT_EQ(kl.values.size(), 3u);
  EXPECT_TRUE(std::isnan(kl.values[0]) && std::isnan(kl.values[1]));
  EXPECT_EQ(kl.values[2], 1);
  EXPECT_FALSE(reader.curves().contains("note"));
}

TEST_F(MetricsReading, TimesBecomeSharesOfTheStepAndMeansOfNothingBecomeGaps) {
  append(
      "{\"step\":1,\"accuracy\":0,\"thinking_right\":0,\"thinking_wrong\":50,\"time_step_s\":4,\"time_generate_s\":3,"
      "\"time_tokens_per_s\":9}\n");
  MetricsReader reader(path_);
  ASSERT_TRUE(reader.update());
  EXPECT_EQ(reader.curves().at("share_generate").values, Values{0.75});
  EXPECT_FALSE(reader.curves().contains("share_step"));
  EXPECT_FALSE(reader.curves().contains("share_tokens_per"));
  EXPECT_TRUE(std::isnan(reader.curves().at("thinking_right").values[0]));
  EXPECT_EQ(reader.curves().at("thinking_wrong").values, Values{50});
}

TEST_F(MetricsReading, ADamagedLineIsNamed) {
  append("{\"step\":1,\"a\":1}\n{\"step\":2,\"a\n{\"step\":3,\"a\":1}\n");
  MetricsReader reader(path_);
  const auto read = reader.update();
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("metrics.jsonl:2"), std::string::npos) << read.error().what;
  ASSERT_TRUE(write_file(path_, "{\"a\":1}\n"));
  MetricsReader other(path_);
  const auto without_step = other.update();
  ASSERT_FALSE(without_step);
  EXPECT_NE(without_step.error().what.find("step"), std::string::npos) << without_step.error().what;
}

TEST(Thinned, KeepsPeaksAndEnds) {
  Curve curve;
  for (int i = 0; i < 10'000; ++i) curve.steps.push_back(i), curve.values.push_back(i == 6789 ? 100 : i == 42 ? -7 : 1);
  const Curve few = thinned(curve, 500);
  EXPECT_LE(few.steps.size(), 500u);
  EXPECT_EQ(*std::max_element(few.values.begin(), few.values.end()), 100);
  EXPECT_EQ(*std::min_element(few.values.begin(), few.values.end()), -7);
  EXPECT_TRUE(std::is_sorted(few.steps.begin(), few.steps.end()));
  EXPECT_EQ(thinned(curve, 20'000).values, curve.values);
}

TEST(Smoothed, BeginsAtTheFirstValueAndLeavesGaps) {
  const Curve curve{{1, 2, 3, 4}, {4, NAN, 4, 8}};
  const Curve out = smoothed(curve, 0.5);
  EXPECT_EQ(out.values[0], 4);
  EXPECT_TRUE(std::isnan(out.values[1]));
  EXPECT_EQ(out.values[2], 4);
  // (0.5² · 0.5 · 4 + 0.5 · 0.5 · 4 + 0.5 · 8) / (0.5² · 0.5 + 0.5 · 0.5 + 0.5)
  EXPECT_DOUBLE_EQ(out.values[3], 5.5 / 0.875);
  EXPECT_EQ(smoothed(curve, 0).values[3], 8);
}

}  // namespace
}  // namespace r1
