#include "formats/generation_config.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "formats/test_gguf.hpp"

namespace r1 {
namespace {

TEST(GenerationConfig, ReadsOneOrSeveralEndTokensAndWritesWhatItRead) {
  const auto parse = [](const char* text) { return parse_generation_config(parse_json(text, "g").value(), "g"); };
  const GenerationConfig one =
      parse(R"({"temperature": 0.7, "top_k": 20, "eos_token_id": 5, "pad_token_id": null})").value();
  EXPECT_EQ(one.temperature, 0.7);
  EXPECT_EQ(one.top_k, 20);
  EXPECT_EQ(one.eos_token_ids, std::vector<i64>{5});
  EXPECT_FALSE(one.pad_token_id);
  const GenerationConfig many =
      parse(R"({"eos_token_id": [1, 2], "max_new_tokens": 9, "do_sample": false, "min_p": 0.1})").value();
  EXPECT_EQ(many.eos_token_ids, (std::vector<i64>{1, 2}));
  for (const GenerationConfig& c : {one, many}) {
    EXPECT_EQ(dump(to_json(parse_generation_config(to_json(c), "g").value())), dump(to_json(c)));
  }
  EXPECT_EQ(to_json(many).find("temperature"), nullptr);
  EXPECT_EQ(to_json(many).find("min_p"), nullptr);
  EXPECT_EQ(parse(R"({"top_p": 1.5})").error().what, "g: top_p: expected 0 to 1, found 1.5");
  for (const char* bad : {R"({"temperature": "x"})", R"({"temperature": 100.5})", R"({"top_k": -1})",
                          R"({"eos_token_id": [-1]})", R"({"eos_token_id": "x"})", R"({"max_new_tokens": 0})", "[]"}) {
    EXPECT_FALSE(parse(bad)) << bad;
  }
  for (const char* limit : {"0.01", "100"})
    EXPECT_TRUE(parse(fmt::format("{{\"repetition_penalty\": {}}}", limit).c_str())) << limit;
  for (const char* beyond : {"0.0099", "100.01"})
    EXPECT_FALSE(parse(fmt::format("{{\"repetition_penalty\": {}}}", beyond).c_str())) << beyond;
  EXPECT_EQ(read_generation_config("/nonexistent")->top_p, 0.95);
}

TEST(GenerationConfig, NumbersAreAcceptedAtTheirLimitsAndRefusedBeyondThem) {
  const auto parse = [](const char* key, const char* value) {
    return parse_generation_config(parse_json(fmt::format("{{\"{}\": {}}}", key, value), "g").value(), "g");
  };
  const struct {
    const char* key;
    std::vector<const char*> accepted, refused;
  } limits[] = {{"temperature", {"0", "100"}, {"-0.01", "100.01"}},
                {"top_p", {"0", "1"}, {"-0.01", "1.01"}},
                {"min_p", {"0", "1"}, {"-0.01", "1.01"}},
                {"top_k", {"0", "2147483647"}, {"-1", "2147483648"}},
                {"max_new_tokens", {"1", "2147483647"}, {"0", "2147483648"}},
                {"bos_token_id", {"0", "2147483647"}, {"-1", "2147483648"}},
                {"pad_token_id", {"0", "2147483647"}, {"-1", "2147483648"}},
                {"eos_token_id", {"0", "2147483647", "[]"}, {"-1", "2147483648"}}};
  for (const auto& [key, accepted, refused] : limits) {
    for (const char* v : accepted) EXPECT_TRUE(parse(key, v)) << key << " " << v;
    for (const char* v : refused) {
      ASSERT_FALSE(parse(key, v)) << key << " " << v;
      EXPECT_NE(parse(key, v).error().what.find(fmt::format("g: {}", key)), std::string::npos) << v;
    }
  }
  EXPECT_TRUE(parse("bos_token_id", "3")->bos_token_id == 3);
  EXPECT_TRUE(parse("pad_token_id", "4")->pad_token_id == 4);
}

TEST(GenerationConfig, OnlyWhatDiffersFromGreedyOrUsualIsWritten) {
  GenerationConfig c;
  c.do_sample = false;
  EXPECT_EQ(dump(to_json(c)), dump(Json::object({{"do_sample", false}})));
  c.do_sample = true, c.temperature = 0.5, c.top_p = 0.25, c.top_k = 7, c.min_p = 0.125, c.repetition_penalty = 1.5;
  c.max_new_tokens = 9, c.bos_token_id = 0, c.pad_token_id = 2, c.eos_token_ids = {3};
  EXPECT_EQ(dump(to_json(c)), dump(Json::object({{"do_sample", true},
                                                 {"temperature", 0.5},
                                                 {"top_p", 0.25},
                                                 {"top_k", 7},
                                                 {"min_p", 0.125},
                                                 {"repetition_penalty", 1.5},
                                                 {"max_new_tokens", 9},
                                                 {"bos_token_id", 0},
                                                 {"pad_token_id", 2},
                                                 {"eos_token_id", 3}})));
  c.do_sample = false, c.repetition_penalty = 1, c.eos_token_ids = {3, 4};
  EXPECT_EQ(dump(to_json(c)), dump(Json::object({{"do_sample", false},
                                                 {"max_new_tokens", 9},
                                                 {"bos_token_id", 0},
                                                 {"pad_token_id", 2},
                                                 {"eos_token_id", Json::array({3, 4})}})));
}

// 0.6 is stored as the nearest float, and must come back as 0.6. A temperature of 0 means greedy.
TEST(GenerationConfig, AGgufsSamplingIsReadUnderItsOwnNames) {
  const TestFolder folder;
  const auto read = [&](const TestGguf& g) {
    EXPECT_TRUE(write_file(folder.path() / "m.gguf", g.bytes()));
    return read_generation_config(folder.path() / "m.gguf");
  };
  TestGguf g;
  g.real("general.sampling.temp", 0.6f).real("general.sampling.top_p", 0.9f).real("general.sampling.min_p", 0.05f);
  g.real("general.sampling.penalty_repeat", 1.1f).number("general.sampling.top_k", 40);
  g.number("tokenizer.ggml.padding_token_id", 5);
  const GenerationConfig c = read(g).value();
  EXPECT_EQ(c.temperature, 0.6);
  EXPECT_EQ(c.top_p, 0.9);
  EXPECT_EQ(c.min_p, 0.05);
  EXPECT_EQ(c.repetition_penalty, 1.1);
  EXPECT_EQ(c.top_k, 40);
  EXPECT_EQ(c.pad_token_id, 5);
  EXPECT_EQ(c.do_sample, GenerationConfig{}.do_sample);
  EXPECT_FALSE(read(TestGguf().real("general.sampling.temp", 0))->do_sample);
  EXPECT_TRUE(read(TestGguf().real("general.sampling.temp", 0.5f))->do_sample);
  EXPECT_EQ(read(TestGguf().number("n", 1))->temperature, GenerationConfig{}.temperature);
  for (const char* key : {"temp", "top_p", "min_p", "penalty_repeat", "top_k"}) {
    const std::string name = fmt::format("general.sampling.{}", key);
    EXPECT_FALSE(read(TestGguf().text(name, "x"))) << key;
  }
  EXPECT_FALSE(read(TestGguf().text("tokenizer.ggml.padding_token_id", "x")));
  EXPECT_NE(read(TestGguf().real("general.sampling.top_p", 1.5f)).error().what.find("general.sampling: top_p"),
            std::string::npos);
}

}  // namespace
}  // namespace r1
