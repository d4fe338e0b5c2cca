// What is read from the folders of runs, and the charts that come of it.
#include "report/run_files.hpp"

#include <cmath>

#include "report/charts.hpp"
#include "report/summary.hpp"
#include "report/terminal_charts.hpp"
#include "report/test_runs.hpp"

namespace r1 {
namespace {

class RunFiles : public ReportCase {};

constexpr const char* kConfig =
    "model = \"nano\"\nsteps = 30\nlr = 3e-06\n\n[[data]]\nformat = \"chat\"\n\n[[data]]\nformat = \"text\"\n";

std::string sample(const char* prompt, const char* kind, const char* text) {
  return fmt::format(
      "{{\"step\":1,\"index\":0,\"prompt\":\"{}\",\"kind\":\"{}\",\"verdict\":\"right\",\"reward\":1,\"tokens\":5,"
      "\"thinking_tokens\":2,\"finish\":\"length\",\"text\":\"{}\"}}\n",
      prompt, kind, text);
}

TEST_F(RunFiles, ARunHasItsSettingsStepsAndName) {
  put("a/run/metrics.jsonl", "{\"step\":1,\"loss\":3}\n{\"step\":12,\"loss\":2}\n");
  put("a/run/config.toml", kConfig);
  put("b/run/metrics.jsonl", "{\"step\":1,\"loss\":3}\n");
  const auto runs = read({"a/run", "b/run"});
  ASSERT_TRUE(runs) << runs.error().what;
  EXPECT_EQ((*runs)[0].name, "a/run");
  EXPECT_EQ((*runs)[1].name, "b/run");
  EXPECT_EQ((*runs)[0].kind, "fine-tuning");
  EXPECT_EQ(steps_text((*runs)[0]), "12 of 30");
  EXPECT_EQ(steps_text((*runs)[1]), "1") << "an older run without config.toml";
  const std::vector<ConfigLine> lines{{"model", "\"nano\""},
                                      {"steps", "30"},
                                      {"lr", "3e-06"},
                                      {"data[1].format", "\"chat\""},
                                      {"data[2].format", "\"text\""}};
  EXPECT_EQ((*runs)[0].config, lines);
  const auto one = read({"a/run"});
  ASSERT_TRUE(one);
  EXPECT_EQ((*one)[0].name, "run");
}

TEST_F(RunFiles, WhatIsMissingIsNamed) {
  const auto error_of = [&](const char* name) {
    const auto runs = read({name});
    return runs ? std::string("no error") : runs.error().what;
  };
  EXPECT_NE(error_of("nowhere").find("nowhere: no such folder"), std::string::npos) << error_of("nowhere");
  put("file", "");
  EXPECT_NE(error_of("file").find("not a folder"), std::string::npos) << error_of("file");
  put("model/config.json", "{}");
  EXPECT_NE(error_of("model").find("metrics.jsonl: no such file"), std::string::npos) << error_of("model");
  put("new/metrics.jsonl", "{\"step\":1,\"lo");
  EXPECT_NE(error_of("new").find("no step is recorded yet"), std::string::npos) << error_of("new");
}

TEST_F(RunFiles, AnswersToTheSameProblemAreFoundBeforeThoseOfTheSameKind) {
  put("run/metrics.jsonl", "{\"step\":1,\"reward\":0}\n");
  put("run/samples/000001.jsonl", sample("p1", "sum", "first") + sample("p1", "sum", "second") +
                                      sample("p2", "sum", "x") + sample("p3", "sort", "y"));
  put("run/samples/000009.jsonl", sample("p4", "sort", "z") + sample("p2", "sum", "later") + sample("p5", "gcd", "w"));
  put("run/samples/000005.jsonl", "damaged, but in the middle");
  const auto runs = read({"run"});
  ASSERT_TRUE(runs) << runs.error().what;
  const auto pairs = sample_pairs((*runs)[0], 9);
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_TRUE(pairs[0].same_problem);
  EXPECT_EQ(pairs[0].before->text, "x");
  EXPECT_EQ(pairs[0].after->text, "later");
  EXPECT_FALSE(pairs[1].same_problem);
  EXPECT_EQ(pairs[1].before->prompt, "p3");
  EXPECT_EQ(pairs[1].after->prompt, "p4") << "both are of the kind sort";
  EXPECT_EQ(pairs[2].before->text, "first") << "what is left makes a pair too";
  EXPECT_EQ(pairs[2].after->prompt, "p5");
  EXPECT_EQ(sample_pairs((*runs)[0], 1).size(), 1u);
  EXPECT_TRUE(pairs[0].after->truncated);
}

TEST_F(RunFiles, OneSampledStepHasAnswersWithoutASecondSide) {
  put("run/metrics.jsonl", "{\"step\":1,\"reward\":0}\n");
  put("run/samples/000001.jsonl", sample("p1", "sum", "a") + sample("p1", "sum", "b") + sample("p2", "sum", "c"));
  const auto runs = read({"run"});
  ASSERT_TRUE(runs);
  const auto pairs = sample_pairs((*runs)[0], 9);
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[1].before->text, "c");
  EXPECT_EQ(pairs[1].after, nullptr);
  put("other/metrics.jsonl", "{\"step\":1,\"reward\":0}\n");
  put("other/samples/000001.jsonl", "{\"prompt\":");
  const auto damaged = read({"other"});
  ASSERT_TRUE(damaged) << damaged.error().what;
  EXPECT_TRUE(sample_pairs((*damaged)[0], 9).empty());
}

TEST_F(RunFiles, EveryFigureHasAChart) {
  put("run/metrics.jsonl",
      "{\"step\":1,\"loss\":3,\"mtp_loss\":0,\"reward\":-0.5,\"reward_format\":1,\"eval_accuracy\":0.5,"
      "\"ratio_min\":0.5,\"ratio_max\":2,\"temperature_of_tea\":80,\"a/../b\":1,\"all_gone\":null}\n");
  const auto runs = read({"run"});
  ASSERT_TRUE(runs);
  std::map<std::string, Chart> charts;
  for (const Chart& chart : charts_of(*runs)) charts.emplace(chart.id, chart);
  EXPECT_TRUE(charts.contains("loss"));
  EXPECT_FALSE(charts.contains("mtp-loss")) << "a model without multi-token prediction";
  EXPECT_EQ(charts.at("accuracy").lines.size(), 2u);
  EXPECT_EQ(charts.at("accuracy").lines[1].label, "Held-out accuracy");
  EXPECT_EQ(charts.at("accuracy").unit, ChartUnit::plain) << "a reward below 0 is no share";
  EXPECT_EQ(charts.at("further-parts").lines[0].label, "Format") << "the figure reward_format";
  EXPECT_TRUE(charts.at("ratio").band);
  EXPECT_EQ(charts.at("other-temperature_of_tea").section, "Other");
  EXPECT_TRUE(charts.contains("other-a----b")) << "an id is a safe name of a file";
  EXPECT_FALSE(charts.contains("other-all_gone")) << "nothing to draw";
}

TEST(Axis, HasRoundTicksAroundTheValues) {
  const Axis a = axis_of(0.0213, 0.871, ChartUnit::plain, 5);
  EXPECT_LE(a.low, 0.0213);
  EXPECT_GE(a.high, 0.871);
  ASSERT_GE(a.ticks.size(), 4u);
  EXPECT_DOUBLE_EQ(a.ticks[1], 0.2);
  const Axis flat = axis_of(5, 5, ChartUnit::plain, 5);
  EXPECT_LT(flat.low, 5);
  EXPECT_GT(flat.high, 5);
  for (const double tick : step_axis(1, 3, 10).ticks) EXPECT_EQ(tick, std::floor(tick));
}

TEST(ValueText, IsShort) {
  EXPECT_EQ(value_text(0.125, ChartUnit::share), "12.5 %");
  EXPECT_EQ(value_text(18'200, ChartUnit::plain), "18.2k");
  EXPECT_EQ(value_text(3e-6, ChartUnit::plain), "3.00e-06");
  EXPECT_EQ(value_text(NAN, ChartUnit::plain), "–");
  EXPECT_EQ(seconds_text(7500), "2 h 05 min");
}

TEST_F(RunFiles, TheTerminalsScreenHasItsSizeAndNoSequencesOfStrangers) {
  std::string metrics;
  for (int i = 1; i <= 50; ++i)
    metrics += fmt::format("{{\"step\":{},\"loss\":{},\"reward\":{},\"a\\u001b]0;x\":{}}}\n", i, 3.0 / i, i / 50.0, i);
  put("run/metrics.jsonl", metrics);
  const auto runs = read({"run"});
  ASSERT_TRUE(runs) << runs.error().what;
  for (const auto& [columns, rows] : {std::pair{80, 24}, {200, 60}, {40, 12}, {20, 5}, {5, 1}}) {
    const auto lines = terminal_screen(*runs, {columns, rows, false, true});
    EXPECT_EQ(std::ssize(lines), rows);
    for (const std::string& line : lines) {
      const auto width = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
      EXPECT_LE(width, columns) << line;
      EXPECT_EQ(line.find('\x1b'), line.npos);
    }
  }
  const auto lines = terminal_screen(*runs, {80, 24, false, true});
  const auto has = [&](const char* text) {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return line.find(text) != line.npos; });
  };
  EXPECT_TRUE(has("step 50")) << lines[0];
  EXPECT_TRUE(has("Accuracy"));
  EXPECT_TRUE(has("Loss"));
  EXPECT_TRUE(has("⡀") || has("⠁") || has("⠒") || has("⠤")) << "dots of a curve";
  for (const std::string& line : terminal_screen(*runs, {80, 24, false, false}))
    for (const char c : line) EXPECT_GE(c, ' ') << line;
}

TEST_F(RunFiles, EveryNewStepIsALine) {
  put("run/metrics.jsonl",
      "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n{\"step\":3,\"loss\":1,\"reward\":0.5}\n");
  const auto runs = read({"run"});
  ASSERT_TRUE(runs);
  const std::vector<std::string> lines{"run  step 2  loss 2", "run  step 3  reward 0.5  loss 1"};
  EXPECT_EQ(step_lines((*runs)[0], 1), lines);
  EXPECT_TRUE(step_lines((*runs)[0], 3).empty());
}

}  // namespace
}  // namespace r1
