#include "train/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "train/policy_loss.hpp"

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
  const std::string e = error_of(fmt::format("step = 3\n{}", kGood));
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

TEST(Config, NumbersAreAcceptedAtTheirLimitsAndRefusedBeyondThem) {
  struct Limits {
    const char* key;
    std::vector<const char*> accepted, refused;
  };
  const Limits limits[] = {
      {"seed", {"0"}, {"-1"}},
      {"threads", {"0", "4096"}, {"-1", "4097"}},
      {"steps", {"1"}, {"0"}},
      {"batch_tokens", {"2", "1073741824"}, {"1", "1073741825"}},
      {"micro_batch_tokens", {"2", "16777216"}, {"1", "16777217"}},
      {"sequence_length", {"2", "16777216"}, {"1", "16777217"}},
      {"lr", {"0"}, {"-1e-9", "inf", "nan"}},
      {"lr_min", {"0"}, {"-1e-9"}},
      {"warmup_steps", {"0"}, {"-1"}},
      {"decay_start", {"0"}, {"-1"}},
      {"beta1", {"0", "0.999999"}, {"-1e-9", "0.9999991", "1"}},
      {"beta2", {"0", "0.999999"}, {"-1e-9", "0.9999991", "1"}},
      {"eps", {"0"}, {"-1e-9"}},
      {"weight_decay", {"0"}, {"-1e-9"}},
      {"clip_norm", {"0"}, {"-1e-9"}},
      {"bias_update_speed", {"0"}, {"-1e-9"}},
      {"bias_update_stop", {"-1", "0"}, {"-2"}},
      {"balance_alpha", {"0"}, {"-1e-9"}},
      {"mtp_weight", {"0"}, {"-1e-9"}},
      {"mtp_weight_later", {"0"}, {"-1e-9"}},
      {"mtp_later_step", {"-1", "0"}, {"-2"}},
      {"log_every", {"1"}, {"0"}},
      {"save_every", {"1"}, {"0"}},
      {"keep_checkpoints", {"1"}, {"0"}},
      {"validation_every", {"0"}, {"-1"}},
      {"validation_tokens", {"2"}, {"1"}},
      {"data.weight", {"0"}, {"-1e-9"}},
      {"data.long_share", {"-1", "0", "1"}, {"-1.000001", "1.000001"}},
  };
  for (const Limits& l : limits) {
    for (const char* text : l.accepted)
      EXPECT_EQ(error_of(kGood, {{l.key, text}}).find("outside"), std::string::npos) << l.key << " = " << text;
    for (const char* text : l.refused)
      EXPECT_NE(error_of(kGood, {{l.key, text}}).find("outside"), std::string::npos) << l.key << " = " << text;
  }
}

TEST(Config, OverridesAreWholeNumbersAndWordsOfTheirType) {
  for (const char* text : {"", "x", "7x", "7.5", "0x7"})
    EXPECT_NE(error_of(kGood, {{"steps", text}}).find("steps must be an integer"), std::string::npos) << text;
  for (const char* text : {"", "x", "0.5x", "1,5"})
    EXPECT_NE(error_of(kGood, {{"lr", text}}).find("lr must be a number"), std::string::npos) << text;
  for (const auto& [text, value] : {std::pair{"true", true}, {"1", true}, {"false", false}, {"0", false}})
    EXPECT_EQ(parse_train_config(kGood, "f.toml", {{"recompute", text}})->recompute, value) << text;
}

TEST(Config, DataThatIsNotWrittenAsTablesIsAnError) {
  for (const char* data : {"data = 3\n", "data = [1]\n", "data = [{tasks = \"default\"}, 1]\n", "[data]\n"})
    EXPECT_NE(error_of(std::string("steps = 7\n") + data).find("f.toml:2: data must be written as [[data]]"),
              std::string::npos)
        << data;
  EXPECT_NE(error_of("[[data]]\nweight = -1\n").find("f.toml:2: weight = -1 is outside"), std::string::npos);
}

TEST(Config, PathsStartAtTheirFileOrForOverridesAtTheCurrentFolder) {
  const std::string text =
      "model_config = \"c.json\"\ntokenizer = \"../t\"\nout = \"run\"\n[[data]]\nfile = \"d.jsonl\"\n"
      "[[data]]\nfile = \"/far/e.jsonl\"\n";
  const auto c = parse_train_config(text, "f.toml", {}, "/base/sub");
  ASSERT_TRUE(c.has_value()) << c.error().what;
  EXPECT_EQ(c->model_config, "/base/sub/c.json");
  EXPECT_EQ(c->tokenizer, "/base/t");
  EXPECT_EQ(c->out, "run");
  EXPECT_EQ(c->data[0].file, "/base/sub/d.jsonl");
  EXPECT_EQ(c->data[1].file, "/far/e.jsonl");
  const auto here = [](const char* name) { return (std::filesystem::current_path() / name).string(); };
  const auto moved = parse_train_config(text, "f.toml", {{"tokenizer", "u"}, {"data.file", "g.jsonl"}}, "/base/sub");
  ASSERT_TRUE(moved.has_value()) << moved.error().what;
  EXPECT_EQ(moved->tokenizer, here("u"));
  EXPECT_EQ(moved->data[0].file, here("g.jsonl"));
  const auto model = parse_train_config(kGood, "f.toml", {}, "/base");
  EXPECT_EQ(model->model, "/base/m");
}

TEST(Config, SettingsOfTheVocabularyHaveLimits) {
  const TestFolder folder;
  const auto error = [&](const std::string& text) {
    EXPECT_TRUE(write_file(folder.path() / "t.toml", text));
    const auto c = load_vocabulary_config((folder.path() / "t.toml").string());
    return c ? "" : c.error().what;
  };
  EXPECT_EQ(error("vocabulary = 262\ndocuments = 1\nseed = 0\ntasks = \"product\"\n"), "");
  EXPECT_EQ(error("vocabulary = 1048576\ndocuments = 16777216\n"), "");
  for (const char* text :
       {"vocabulary = 261", "vocabulary = 1048577", "documents = 0", "documents = 16777217", "seed = -1"})
    EXPECT_NE(error(text).find("outside"), std::string::npos) << text;
  EXPECT_NE(error("document = 3").find("\"documents\""), std::string::npos);
  EXPECT_NE(error("documents = ").find("t.toml:1"), std::string::npos);
}

TEST(Config, SettingsOfRejectionSamplingHaveLimits) {
  const TestFolder folder;
  const auto error = [&](const std::string& text) {
    EXPECT_TRUE(write_file(folder.path() / "s.toml", "tasks = \"product\"\n" + text));
    const auto c = load_sample_config((folder.path() / "s.toml").string());
    return c ? "" : c.error().what;
  };
  EXPECT_EQ(error("seed = 0\nproblems = 1\nsamples = 1\ntemperature = 0\nmax_tokens = 1\nmax_sequences = 1\nkeep = 0\n"
                  "longest = 0\nrepetition = 0\nsimilarity = 0\n"),
            "");
  EXPECT_EQ(error("problems = 16777216\nsamples = 1024\ntemperature = 10\nmax_tokens = 1048576\nmax_sequences = 16384\n"
                  "repetition = 1\nsimilarity = 1\n"),
            "");
  for (const char* text :
       {"seed = -1", "problems = 0", "problems = 16777217", "samples = 0", "samples = 1025", "temperature = -0.1",
        "temperature = 10.1", "max_tokens = 0", "max_tokens = 1048577", "max_sequences = 0", "max_sequences = 16385",
        "keep = -1", "longest = -1", "repetition = -0.1", "repetition = 1.1", "similarity = -0.1", "similarity = 1.1"})
    EXPECT_NE(error(text).find("outside"), std::string::npos) << text;
  EXPECT_NE(error("temperature = 0").find("the 8 samples of a problem would all be equal"), std::string::npos);
}

TEST(Config, SettingsThatContradictEachOtherAreErrors) {
  EXPECT_NE(error_of(kGood, {{"model_config", "c.json"}}).find("with both model"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"data.file", "d.jsonl"}}).find("either file or tasks"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"lr_min", "3"}}).find("lr_min"), std::string::npos);
  EXPECT_NE(error_of(kGood, {{"data.weight", "0"}}).find("weights"), std::string::npos);
  EXPECT_EQ(error_of(kGood, {{"lr_min", "1"}}), "") << "lr_min may equal lr";
  EXPECT_NE(error_of("model_config = \"c\"\nout = \"r\"\n[[data]]\ntasks = \"t\"\n").find("tokenizer"),
            std::string::npos);
  EXPECT_NE(error_of("model = \"m\"\n[[data]]\ntasks = \"t\"\n").find("out is missing"), std::string::npos);
  EXPECT_NE(error_of("model = \"m\"\nout = \"r\"\n").find("no data"), std::string::npos);
  EXPECT_NE(error_of("model = \"m\"\nout = \"r\"\n[[data]]\n").find("either file or tasks"), std::string::npos);
}

TEST(Config, OverridesReplaceTheFilesSettingsAndTheResolvedFileParsesBackToTheSame) {
  const auto c = parse_train_config(
      kGood, "f.toml", {{"lr", "0.1"}, {"lr_min", "1e-17"}, {"out", "a \"b\"\\\t\x01\x7f"}, {"data.format", "chat"}});
  ASSERT_TRUE(c.has_value()) << c.error().what;
  EXPECT_EQ(c->lr, 0.1);
  EXPECT_EQ(c->data[0].format, "chat");
  const auto again = parse_train_config(to_toml(*c), "config.toml");
  ASSERT_TRUE(again.has_value()) << again.error().what;
  EXPECT_EQ(to_toml(*again), to_toml(*c));
  EXPECT_EQ(again->out, "a \"b\"\\\t\x01\x7f");
  EXPECT_EQ(first_difference(*c, *again), "");
}

TEST(Config, OnlySettingsThatAffectTheBitsCountAsADifference) {
  TrainConfig was = *parse_train_config(kGood, "f.toml");
  TrainConfig now = was;
  now.threads = 9, now.save_every = 1, now.steps = 99, now.out = "elsewhere";
  EXPECT_EQ(first_difference(was, now), "");
  now.weight_decay = 0.2;
  EXPECT_EQ(first_difference(was, now), "weight_decay was 0.1, now 0.2");
  for (const Overrides& bits : std::vector<Overrides>{{{"model", "n"}},
                                                      {{"tokenizer", "t"}},
                                                      {{"seed", "2"}},
                                                      {{"batch_tokens", "64"}},
                                                      {{"micro_batch_tokens", "64"}},
                                                      {{"sequence_length", "64"}},
                                                      {{"lr", "2"}},
                                                      {{"lr_min", "0.5"}},
                                                      {{"warmup_steps", "1"}},
                                                      {{"schedule", "constant_then_decay"}},
                                                      {{"decay_start", "1"}},
                                                      {{"beta1", "0.5"}},
                                                      {{"beta2", "0.5"}},
                                                      {{"eps", "0.5"}},
                                                      {{"weight_decay", "0.5"}},
                                                      {{"clip_norm", "0.5"}},
                                                      {{"matmul", "bf16"}},
                                                      {{"kv", "bf16"}},
                                                      {{"bias_update_speed", "0.5"}},
                                                      {{"bias_update_stop", "5"}},
                                                      {{"balance_alpha", "0.5"}},
                                                      {{"mtp_weight", "0.5"}},
                                                      {{"mtp_weight_later", "0.5"}},
                                                      {{"mtp_later_step", "5"}},
                                                      {{"validation_every", "5"}},
                                                      {{"validation_tokens", "5"}},
                                                      {{"data.format", "chat"}},
                                                      {{"data.weight", "0.5"}},
                                                      {{"data.long_share", "0.5"}},
                                                      {{"data.field_text", "x"}},
                                                      {{"data.field_messages", "x"}},
                                                      {{"data.field_prompt", "x"}},
                                                      {{"data.field_answer", "x"}}})
    EXPECT_NE(first_difference(was, *parse_train_config(kGood, "f.toml", bits)), "") << bits[0].first;
  for (const Overrides& speed : std::vector<Overrides>{
           {{"recompute", "true"}}, {{"log_every", "5"}}, {{"keep_checkpoints", "5"}}, {{"threads", "5"}}})
    EXPECT_EQ(first_difference(was, *parse_train_config(kGood, "f.toml", speed)), "") << speed[0].first;
  now = was;
  now.data.push_back(now.data[0]);
  EXPECT_EQ(first_difference(was, now), "[[data]]: 1 sources, now 2");
  now.lr = 0.5;
  EXPECT_EQ(first_difference(was, now), "lr was 1.0, now 0.5") << "the first of both";
  now.lr = was.lr;
  now.data[1].tasks = "product";
  was = now;
  now.data[1].weight = 3;
  EXPECT_EQ(first_difference(was, now), "[[data]] 2: weight was 2.0, now 3.0");
  was = *parse_train_config(kGood, "f.toml");
  now = was;
  now.model += "/";
  EXPECT_EQ(first_difference(was, now), "");
  now = was;
  now.data[0].tasks = "product";
  EXPECT_NE(first_difference(was, now).find("[[data]] 1: tasks"), std::string::npos);
}

TEST(GrpoConfig, ItsTextParsesBackToTheSameSettings) {
  const Overrides overrides = {{"model", "nano"},    {"out", "x"},     {"tasks", "default"},
                               {"clip_high", "0.3"}, {"loss", "dapo"}, {"lr", "2e-4"}};
  const auto config = parse_grpo_config("groups = 5\nlr_min = 1e-7", "test", overrides);
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->groups, 5);
  EXPECT_EQ(config->lr, 2e-4);
  EXPECT_EQ(config->weight_decay, 0);  // other defaults than TrainConfig
  const auto again = parse_grpo_config(to_toml(*config), "its text");
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(to_toml(*again), to_toml(*config));
  EXPECT_EQ(first_difference(*again, *config), "");
  GrpoConfig other = *config;
  other.clip_high = 0.4;
  EXPECT_EQ(first_difference(*config, other), "clip_high was 0.3, now 0.4");
}

TEST(GrpoConfig, WhatDoesNotGoTogetherIsRefused) {
  const auto refusal = [](const std::string& text) {
    const auto config = parse_grpo_config("out = \"x\"\n" + text, "test");
    return config ? "accepted" : config.error().what;
  };
  EXPECT_NE(refusal("").find("model is missing"), std::string::npos);
  EXPECT_NE(refusal("model = \"m\"").find("without tasks and file"), std::string::npos);
  const std::string model = "model = \"m\"\nfile = \"f\"\n";
  EXPECT_EQ(refusal(model), "accepted");
  EXPECT_NE(refusal(model + "tasks = \"default\"").find("with both tasks and file"), std::string::npos);
  EXPECT_EQ(refusal(model + "groups = 1\ngroup_size = 2\nupdates = 3"),
            "test: updates 3 is more than the 2 samples of a step");
  EXPECT_EQ(refusal(model + "max_tokens = 50\noverlong_tokens = 51"),
            "test: overlong_tokens 51 must be 1 to 50, which is max_tokens, or -1 for a fifth of it");
  EXPECT_NE(refusal(model + "curriculum = true").find("curriculum needs tasks"), std::string::npos);
  EXPECT_NE(refusal(model + "group_size = 1").find("group_size = 1 is outside [2, "), std::string::npos);
  EXPECT_NE(refusal(model + "batch_tokens = 4096").find("unknown key"), std::string::npos);
  EXPECT_NE(refusal(model + "loss = \"ppo\"").find("grpo|dr_grpo|dapo|gspo"), std::string::npos);
}

TEST(GrpoConfig, NumbersAreAcceptedAtTheirLimitsAndRefusedBeyondThem) {
  const auto error_of = [](const char* key, const char* text) {
    const auto config = parse_grpo_config("model = \"m\"\nout = \"x\"\nfile = \"f\"", "test", {{{key, text}}});
    return config ? std::string() : config.error().what;
  };
  struct Limits {
    const char* key;
    std::vector<const char*> accepted, refused;
  };
  const Limits limits[] = {
      {"steps", {"1"}, {"0"}},
      {"groups", {"1", "1048576"}, {"0", "1048577"}},
      {"group_size", {"2", "65536"}, {"1", "65537"}},
      {"updates", {"1"}, {"0"}},
      {"max_tokens", {"1", "16777216"}, {"0", "16777217"}},
      {"temperature", {"0.01", "100"}, {"0.0099", "100.1", "nan"}},
      {"max_sequences", {"1", "65536"}, {"0", "65537"}},
      {"max_draws", {"1", "1000"}, {"0", "1001"}},
      {"reward_timeout", {"1", "86400"}, {"0", "86401"}},
      {"overlong_weight", {"0"}, {"-0.1"}},
      {"overlong_tokens", {"-1"}, {"-2"}},
      {"length_weight", {"0"}, {"-0.1"}},
      {"language_weight", {"0"}, {"-0.1"}},
      {"repetition_weight", {"0"}, {"-0.1"}},
      {"repetition_words", {"1", "100"}, {"0", "101"}},
      {"dual_clip", {"0"}, {"-0.1"}},
      {"kl_weight", {"-1"}, {"-1.1"}},
      {"reference_every", {"0"}, {"-1"}},
      {"eval_every", {"0"}, {"-1"}},
      {"eval_problems", {"1"}, {"0"}},
  };
  for (const Limits& l : limits) {
    for (const char* text : l.accepted)
      EXPECT_EQ(error_of(l.key, text).find("outside"), std::string::npos) << l.key << " = " << text;
    for (const char* text : l.refused)
      EXPECT_NE(error_of(l.key, text).find("outside"), std::string::npos) << l.key << " = " << text;
  }
}

TEST(GrpoConfig, SettingsReplacePartsOfTheNamedLoss) {
  GrpoConfig c;
  c.loss = "dapo", c.mean = "batch_tokens", c.divide_by_std = "no", c.kl = "k2", c.kl_weight = 0.5, c.clip_low = 0;
  const PolicyLoss p = *policy_loss_of(c);
  EXPECT_EQ(p.mean, PolicyMean::batch_tokens);
  EXPECT_FALSE(p.divide_by_std);
  EXPECT_EQ(p.kl, KlEstimator::k2);
  EXPECT_EQ(p.kl_weight, 0.5);
  EXPECT_EQ(p.clip_low, 0);
  EXPECT_EQ(p.clip_high, 0.28);  // DAPO's own
}

TEST(Config, OfKeysThatAreEquallySimilarTheFirstIsSuggested) {
  EXPECT_NE(error_of(kGood, {{"beta", "0.5"}}).find("unknown key \"beta\"; the most similar known key is \"beta1\""),
            std::string::npos);
}

TEST(Config, AnOverrideOfTheDataMakesASourceIfThereIsNone) {
  const auto c = parse_train_config("model = \"m\"\nout = \"r\"\n", "f.toml", {{"data.tasks", "sort"}});
  ASSERT_TRUE(c) << c.error().what;
  ASSERT_EQ(c->data.size(), 1u);
  EXPECT_EQ(c->data[0].tasks, "sort");
}

TEST(Config, AModelIsAPathThatExistsOrTheNameOfOne) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path() / "here");
  std::vector<std::string> asked;
  const ModelFinder find = [&](std::string_view name) -> Result<std::filesystem::path> {
    asked.emplace_back(name);
    if (name == "unknown") return fail(Errc::io, "no such model");
    return std::filesystem::path(name.starts_with('/') ? std::string(name) : "/models/x/../" + std::string(name));
  };
  const auto parsed = [&](const char* model, const char* tokenizer) {
    asked.clear();
    return parse_train_config(
        fmt::format("model = \"{}\"\ntokenizer = \"{}\"\nout = \"r\"\n[[data]]\nfile = \"d\"\n", model, tokenizer),
        "f.toml", {}, folder.path().string(), find);
  };
  const auto c = parsed("here", "nano");
  ASSERT_TRUE(c) << c.error().what;
  const std::string here = (folder.path() / "here").string();
  EXPECT_EQ(asked, (std::vector<std::string>{here, "nano"}));
  EXPECT_EQ(c->model, here);
  EXPECT_EQ(c->tokenizer, "/models/nano");
  EXPECT_EQ(c->data[0].file, (folder.path() / "d").string()) << "a file is no model";
  EXPECT_EQ(parsed("nano", "")->tokenizer, "") << "nothing is looked for";
  EXPECT_EQ(asked, std::vector<std::string>{"nano"});
  EXPECT_EQ(parsed("unknown", "").error().what, "f.toml:1: model: no such model");
}

TEST(Config, AFilesPathsStartAtItsFolder) {
  const TestFolder folder;
  const std::string path = (folder.path() / "t.toml").string();
  ASSERT_TRUE(write_file(path, "model = \"m\"\nout = \"r\"\n[[data]]\nfile = \"d\"\nformat = \"chat\"\n"));
  const auto c = load_train_config(path, {{"steps", "3"}});
  ASSERT_TRUE(c) << c.error().what;
  EXPECT_EQ(c->data[0].file, (folder.path() / "d").string());
  EXPECT_EQ(c->steps, 3);
  ASSERT_TRUE(write_file(path, "model = \"m\"\nout = \"r\"\nfile = \"d\"\ncurriculum = false\n"));
  const auto g = load_grpo_config(path, {{"steps", "4"}});
  ASSERT_TRUE(g) << g.error().what;
  EXPECT_EQ(g->file, (folder.path() / "d").string());
  EXPECT_EQ(g->steps, 4);
  EXPECT_FALSE(load_train_config(path + "x"));
  EXPECT_FALSE(load_grpo_config(path + "x"));
  EXPECT_NE(load_grpo_config(path, {{"step", "4"}}).error().what.find("--step: unknown key"), std::string::npos);
}

TEST(Config, ARunMayBeMovedWithItsModelAndItsData) {
  TrainConfig was = *parse_train_config(kGood, "f.toml");
  was.model = "/far/m", was.tokenizer = "/far/t/";
  was.data[0].file = "/far/d.jsonl";
  TrainConfig now = was;
  now.model = "/near/m/", now.tokenizer = "t";
  now.data[0].file = "d.jsonl";
  EXPECT_EQ(first_difference(was, now), "");
  now.data[0].file = "/far/e.jsonl";
  EXPECT_EQ(first_difference(was, now), "[[data]] 1: file was \"/far/d.jsonl\", now \"/far/e.jsonl\"");
}

TEST(Config, TextsAreEscapedAndNumbersKeepTheirType) {
  TrainConfig c = *parse_train_config(kGood, "f.toml", {{"lr_min", "1e-17"}, {"out", "a \"b\" !~\\\t\x1f\x7f"}});
  c.recompute = true;
  const std::string text = to_toml(c);
  for (const char* line : {"out = \"a \\\"b\\\" !~\\\\\\u0009\\u001F\\u007F\"\n", "steps = 7\n", "lr = 1.0\n",
                           "lr_min = 1e-17\n", "weight_decay = 0.1\n", "recompute = true\n",
                           "\n\n[[data]]\nfile = \"\"\ntasks = \"default\"\n", "\nweight = 2.0\n"})
    EXPECT_NE(text.find(line), text.npos) << line << text;
  EXPECT_TRUE(parse_train_config(text, "again")->recompute);
}

TEST(Config, TheHelpOfAKeyNamesItsTypeAndItsDefault) {
  const auto types_of = [](const std::vector<KeyHelp>& keys) {
    std::map<std::string, std::string> types;
    for (const KeyHelp& k : keys) types[k.name] = k.type + " " + k.fallback;
    return types;
  };
  auto train = types_of(train_keys());
  EXPECT_EQ(train["model"], "model \"\"");
  EXPECT_EQ(train["model_config"], "path \"\"");
  EXPECT_EQ(train["out"], "text \"\"");
  EXPECT_EQ(train["steps"], "integer 1000");
  EXPECT_EQ(train["lr"], "number 0.001");
  EXPECT_EQ(train["recompute"], "true|false false");
  EXPECT_EQ(train["schedule"], "cosine|constant_then_decay \"cosine\"");
  EXPECT_EQ(types_of(data_keys())["weight"], "number 1.0");
  EXPECT_EQ(types_of(grpo_keys())["steps"], "integer 200");
  EXPECT_EQ(train_keys()[0].meaning, "model to start from: a folder, a GGUF file, a run or a name (nano)");
}

TEST(GrpoConfig, LimitsThatHoldTogetherMayBeReachedAndNotExceeded) {
  const auto refusal = [](const std::string& text) {
    const auto config = parse_grpo_config("model = \"m\"\n" + text, "test");
    return config ? "" : config.error().what;
  };
  EXPECT_NE(refusal("file = \"f\"").find("out is missing"), std::string::npos);
  const std::string good = "out = \"x\"\nfile = \"f\"\n";
  EXPECT_EQ(refusal(good + "groups = 1\ngroup_size = 2\nupdates = 2"), "");
  EXPECT_EQ(refusal(good + "groups = 3\ngroup_size = 2\nupdates = 6"), "");
  EXPECT_EQ(refusal(good + "groups = 3\ngroup_size = 2\nupdates = 7"),
            "test: updates 7 is more than the 6 samples of a step");
  EXPECT_EQ(refusal(good + "max_tokens = 50\noverlong_tokens = 50"), "");
  EXPECT_EQ(refusal(good + "max_tokens = 50\noverlong_tokens = 1"), "");
  EXPECT_EQ(refusal(good + "max_tokens = 50\noverlong_tokens = -1"), "");
  EXPECT_NE(refusal(good + "max_tokens = 50\noverlong_tokens = 0").find("overlong_tokens 0 must be 1 to 50"),
            std::string::npos);
  EXPECT_EQ(refusal(good + "lr = 0.5\nlr_min = 0.5"), "");
  EXPECT_EQ(refusal(good + "lr = 0.25\nlr_min = 0.5"), "test: lr_min 0.5 is above lr 0.25");
  EXPECT_EQ(refusal("out = \"x\"\ntasks = \"default\"\ncurriculum = true"), "");
  for (const char* key : {"clip_low", "clip_high"}) {
    EXPECT_EQ(refusal(good + key + " = -1"), "") << key;
    EXPECT_NE(refusal(good + key + " = -1.1").find("outside"), std::string::npos) << key;
  }
}

TEST(GrpoConfig, OnlySettingsThatAffectTheBitsCountAsADifference) {
  const std::string text = "model = \"m\"\nout = \"x\"\nfile = \"f\"\n";
  const auto difference = [&](const char* key, const char* value) {
    const auto now = parse_grpo_config(text, "test", {{key, value}});
    return first_difference(*parse_grpo_config(text, "test"), *now);
  };
  for (const auto& [key, value] :
       {std::pair{"steps", "7"}, {"max_sequences", "7"}, {"out", "y"}, {"threads", "7"}, {"recompute", "true"}})
    EXPECT_EQ(difference(key, value), "") << key;
  for (const auto& [key, value] : {std::pair{"groups", "7"},
                                   {"group_size", "7"},
                                   {"updates", "7"},
                                   {"max_tokens", "7"},
                                   {"temperature", "0.5"},
                                   {"max_draws", "7"},
                                   {"train_equal_groups", "true"},
                                   {"language", "chinese"},
                                   {"reference_every", "7"},
                                   {"seed", "7"}})
    EXPECT_NE(difference(key, value), "") << key;
}

}  // namespace
}  // namespace r1
