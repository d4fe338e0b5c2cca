#include "train/config.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

constexpr const char* kGood =
    "model = \"m\"\nout = \"run\"\nsteps = 7\nlr = 1\nlr_min = 0.25\n[[data]]\ntasks = \"default\"\nweight = 2\n";

std::string error_of(const std::string& text, const Overrides& overrides = {}) {
  const auto r = parse_train_config(text, "f.toml", overrides);
  return r ? "" : r.error().what;
}

TEST(Config, SettingsOfTheFileReplaceTheDefaults) {
  const auto c = parse_train_config(kGood, "f.toml");
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->model, "m");
  EXPECT_EQ(c->steps, 7);
  EXPECT_EQ(c->lr, 1.0);  // written as an integer
  EXPECT_EQ(c->beta2, TrainConfig{}.beta2);
  ASSERT_EQ(c->data.size(), 1u);
  EXPECT_EQ(c->data[0].weight, 2.0);
}

TEST(Config, UnknownKeysAreRefusedWithTheirLineAndTheMostSimilarKey) {
  const std::string e = error_of(std::string("step = 3\n") + kGood);
  EXPECT_NE(e.find("f.toml:1"), e.npos) << e;
  EXPECT_NE(e.find("\"step\""), e.npos) << e;
  EXPECT_NE(e.find("\"steps\""), e.npos) << e;
  EXPECT_NE(error_of(kGood, {{"weigth_decay", "1"}}).find("\"weight_decay\""), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"data.fromat", "chat"}}).find("\"format\""), std::string::npos);
}

TEST(Config, WrongTypesRangesAndChoicesAreErrorsWithTheirPosition) {
  EXPECT_NE(error_of("seed = \"x\"\n").find("f.toml:1: seed must be an integer, not a string"), std::string::npos);
  EXPECT_NE(error_of("\nsteps = 0\n").find("f.toml:2: steps = 0 is outside"), std::string::npos);
  EXPECT_NE(error_of("schedule = \"linear\"\n").find("cosine|constant_then_decay"), std::string::npos);
  EXPECT_NE(error_of("lr = [1]\n").find("plain value"), std::string::npos);
  EXPECT_NE(error_of("lr = \n").find("f.toml:1"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"lr", "fast"}}).find("--lr: lr must be a number"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"lr", "nan"}}).find("outside"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"recompute", "maybe"}}).find("true or false"), std::string::npos);
}

TEST(Config, SettingsThatContradictEachOtherAreErrors) {
  EXPECT_NE(error_of(kGood, {{"model_config", "c.json"}}).find("either model or model_config"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"data.file", "d.jsonl"}}).find("either file or tasks"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"lr_min", "3"}}).find("lr_min"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"data.weight", "0"}}).find("weights"), std::string::npos);
}

TEST(Config, OverridesReplaceTheFilesSettingsAndTheResolvedFileParsesBackToTheSame) {
  const auto c = parse_train_config(
      kGood, "f.toml", {{"lr", "0.1"}, {"lr_min", "1e-17"}, {"out", "a \"b\"\\"}, {"data.format", "chat"}});
  ASSERT_TRUE(c.has_value()) << c.error().what;
  EXPECT_EQ(c->lr, 0.1);
  EXPECT_EQ(c->data[0].format, "chat");
  const auto again = parse_train_config(to_toml(*c), "config.toml");
  ASSERT_TRUE(again.has_value()) << again.error().what;
  EXPECT_EQ(to_toml(*again), to_toml(*c));
  EXPECT_EQ(again->out, "a \"b\"\\");
  EXPECT_EQ(first_difference(*c, *again), "");
}

TEST(Config, OnlySettingsThatAffectTheBitsCountAsADifference) {
  const TrainConfig was = *parse_train_config(kGood, "f.toml");
  TrainConfig now = was;
  now.threads = 9, now.save_every = 1, now.steps = 99, now.out = "elsewhere";
  EXPECT_EQ(first_difference(was, now), "");
  now.weight_decay = 0.2;
  EXPECT_EQ(first_difference(was, now), "weight_decay was 0.1, now 0.2");
  now = was;
  now.model += "/";
  EXPECT_EQ(first_difference(was, now), "");
  now = was;
  now.data[0].tasks = "product";
  EXPECT_NE(first_difference(was, now).find("[[data]] 1: tasks"), std::string::npos);
}

}  // namespace
}  // namespace r1
