// Rewards against the results of other projects' functions, which are in a file of rows.
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/json.hpp"
#include "verify/rewards.hpp"
#include "verify/verify.hpp"

namespace r1 {
namespace {

Result<double> reward_of(const Json& row) {
  const JsonFields f = R1_TRY(JsonFields::of(row, "row"));
  const std::string kind = R1_TRY(f.string("kind")), text = R1_TRY(f.string("completion", ""));
  if (kind == "think_format") return has_think_format(text);
  if (kind == "think_answer_format") return has_think_answer_format(text);
  if (kind == "tag_count") return tag_count(text);
  if (kind == "code_format") return has_code_format(text, R1_TRY(f.string("language")));
  if (kind == "soft_overlong")
    return soft_overlong(R1_TRY(f.integer("length")), R1_TRY(f.integer("max_completion_len")),
                         R1_TRY(f.integer("soft_punish_cache")));
  if (kind == "cosine_length") {
    const bool correct = R1_TRY(f.boolean("correct"));
    // A wrong answer costs least when it is long, so the worst value is that of the empty completion.
    const double start = R1_TRY(f.number(correct ? "max_value_correct" : "min_value_wrong"));
    const double limit = R1_TRY(f.number(correct ? "min_value_correct" : "max_value_wrong"));
    return cosine_length(R1_TRY(f.integer("length")), R1_TRY(f.integer("max_len")), start, limit);
  }
  if (kind == "accuracy_plus_format") {
    VerifyOptions boxed;
    boxed.find.boxed = true;
    const bool right = verify_answer(R1_TRY(f.string("gold")), text, boxed).verdict == Verdict::equal;
    const auto boxes = boxes_in(after_thinking(text));
    const bool form = has_think_format(text) && !boxes.empty() && boxes.back().closed;
    const double share = R1_TRY(f.number("format_score"));
    return (1 - share) * right + share * form;
  }
  const i64 n = R1_TRY(f.integer("ngram_size"));
  const double worst = R1_TRY(f.number("max_penalty"));
  if (kind == "repetition_penalty") return repetition(text, n, worst);
  if (kind == "repetition_penalty_ids") {
    std::vector<i64> ids;
    for (const Json& id : *R1_TRY(f.array("ids"))) ids.push_back(*id.integer());
    return repetition(ids, n, worst);
  }
  return fail(Errc::unsupported, "kind {}", kind);
}

TEST(RewardRows, EveryResultOfOtherProjectsIsReproduced) {
  i64 rows = 0;
  const std::filesystem::path file = std::filesystem::path(R1_SOURCE_DIR) / "tests/data/verify/reward_cases.jsonl";
  const Status status = for_each_jsonl(file, [&](i64 line, Json row) -> Status {
    const double wanted = *row.find("reward")->number();
    EXPECT_NEAR(R1_TRY(reward_of(row)), wanted, 1e-4) << "line " << line;  // the file has four decimals
    ++rows;
    return {};
  });
  EXPECT_TRUE(status) << status.error().what;
  EXPECT_EQ(rows, 85);
}

}  // namespace
}  // namespace r1
