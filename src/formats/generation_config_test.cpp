#include "formats/generation_config.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace r1
