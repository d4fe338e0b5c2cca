#include "tasks/verify_rows.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace r1 {
namespace {

namespace fs = std::filesystem;

// The ids of the rows whose verdict is not the expected one.
std::set<std::string> misses(const fs::path& file, i64& rows) {
  std::set<std::string> ids;
  rows = 0;
  const Status status = for_each_jsonl(file, [&](i64, Json json) -> Status {
    const VerifyRow row = R1_TRY(verify_row_of(json, "row"));
    const Verification v = verify_answer(row.gold, row.given, row.options);
    ++rows;
    if (!row.label || *row.label != (v.verdict == Verdict::equal)) ids.insert(*row.id.string());
    return {};
  });
  EXPECT_TRUE(status) << status.error().what;
  return ids;
}

// docs/verify.md gives the reason for each.
const std::set<std::string> kNotMatched{"mv-0344", "mv-0345", "mv-0347", "mv-0348"};

TEST(VerifyRows, EveryCaseOfOtherProjectsGetsItsVerdictExceptThoseThatTheDocsList) {
  i64 rows = 0;
  EXPECT_EQ(misses(fs::path(R1_SOURCE_DIR) / "tests/data/verify/math_cases.jsonl", rows), kNotMatched);
  EXPECT_EQ(rows, 432);
  EXPECT_EQ(misses(fs::path(R1_SOURCE_DIR) / "tests/data/verify/math_near_misses.jsonl", rows),
            std::set<std::string>{});
  EXPECT_EQ(rows, 132);
}

TEST(VerifyRows, TheWholeSetsToo) {
  const char* fixtures = std::getenv("R1_FIXTURES");
  if (!fixtures) GTEST_SKIP() << "R1_FIXTURES names no folder of fixtures";
  i64 rows = 0;
  EXPECT_EQ(misses(fs::path(fixtures) / "math_verify_cases.jsonl", rows), kNotMatched);
  EXPECT_EQ(misses(fs::path(fixtures) / "math_verify_near_misses.jsonl", rows), std::set<std::string>{});
}

TEST(VerifyRows, AVerdictStaysTheSame) {
  const fs::path file = fs::path(R1_SOURCE_DIR) / "tests/data/verify/math_cases.jsonl";
  i64 rows = 0;
  EXPECT_EQ(misses(file, rows), misses(file, rows));
}

std::string error_of(std::string_view text) {
  const auto json = parse_json(text, "test");
  if (!json) return "not JSON";
  const auto row = verify_row_of(*json, "f.jsonl:3");
  return row ? "" : row.error().what;
}

TEST(VerifyRows, ABrokenRowIsAnErrorThatNamesFileLineAndField) {
  EXPECT_EQ(error_of(R"({"gold":"1","pred":"1"})"), "");
  EXPECT_EQ(error_of(R"({"gold":1,"pred":2.5})"), "");
  for (const auto& [row, field] : std::vector<std::pair<const char*, const char*>>{
           {R"({"pred":"1"})", "gold"},
           {R"({"gold":"1"})", "pred"},
           {R"({"gold":null,"pred":"1"})", "gold"},
           {R"({"gold":["1"],"pred":"1"})", "gold"},
           {R"({"gold":"1","pred":"1","mode":"words"})", "mode"},
           {R"({"gold":"1","pred":"1","equal":"yes"})", "equal"},
           {R"({"gold":"1","pred":"1","options":{"precision":51}})", "options.precision"},
           {R"({"gold":"1","pred":"1","options":{"precision":"6"}})", "options.precision"},
           {R"({"gold":"1","pred":"1","options":{"match_types":["sympy"]}})", "options.match_types"},
           {R"({"gold":"1","pred":"1","options":{"match_types":[]}})", "options.match_types"},
           {R"({"gold":"1","pred":"1","options":{"tolerance":1}})", "options.tolerance"},
           {R"({"gold":"1","pred":"1","options":[]})", "options"}}) {
    const std::string error = error_of(row);
    EXPECT_NE(error.find("f.jsonl:3"), std::string::npos) << row << " " << error;
    EXPECT_NE(error.find(field), std::string::npos) << row << " " << error;
  }
  EXPECT_NE(error_of("[]"), "");
}

TEST(VerifyRows, OptionsChangeTheVerdict) {
  const auto verdict = [](std::string_view text) {
    const auto json = parse_json(text, "test");
    const auto row = verify_row_of(*json, "row");
    return verify_answer(row->gold, row->given, row->options).verdict;
  };
  EXPECT_EQ(verdict(R"({"gold":"1/3","pred":"0.33"})"), Verdict::different);
  EXPECT_EQ(verdict(R"({"gold":"1/3","pred":"0.33","options":{"precision":2}})"), Verdict::equal);
  EXPECT_EQ(verdict(R"({"gold":"x+1","pred":"y+1","mode":"answer"})"), Verdict::different);
  EXPECT_EQ(verdict(R"({"gold":"x+1","pred":"y+1","mode":"answer","options":{"strict":false}})"), Verdict::equal);
  EXPECT_EQ(verdict(R"({"gold":"[1,3]","pred":"1<=x<=3","mode":"answer"})"), Verdict::different);
  EXPECT_EQ(verdict(R"({"gold":"[1,3]","pred":"1<=x<=3","mode":"answer","options":{"allow_set_relation_comp":true}})"),
            Verdict::equal);
  EXPECT_EQ(verdict(R"({"gold":"7","pred":"The answer is 7"})"), Verdict::equal);
  EXPECT_EQ(verdict(R"({"gold":"7","pred":"The answer is 7","options":{"match_types":["boxed"]}})"),
            Verdict::no_answer);
  EXPECT_EQ(verdict(R"({"gold":"7","pred":"\\boxed{7}","options":{"after_think":true}})"), Verdict::no_answer);
  EXPECT_EQ(verdict(R"({"gold":"1/0","pred":"1/0"})"), Verdict::unreadable_gold);
  EXPECT_EQ(verdict(R"({"gold":"","pred":"1"})"), Verdict::unreadable_gold);
}

// GSM8K's own answers in ten spellings, against the whole solution as gold.
TEST(VerifyRows, AnswersOfGsm8kAreEqualToThemselvesInTenSpellings) {
  i64 rows = 0;
  const fs::path file = fs::path(R1_SOURCE_DIR) / "tests/data/verify/gsm8k_answers.jsonl";
  const Status status = for_each_jsonl(file, [&](i64, Json row) -> Status {
    const std::string gold = *row.find("answer")->string();
    const std::string number = gold.substr(gold.rfind("####") + 5);
    std::string digits = number;
    std::erase(digits, ',');
    const std::string spellings[] = {
        gold,
        "The answer is " + number + ".",
        "So we get \\boxed{" + digits + "}.",
        "**Answer:** $" + digits + "$",
        digits + ".00",
        "It costs \\$" + number + " in all. The final answer is $" + digits + "$. I hope it is correct.",
        "<think>12 or 13?</think>\n<answer>" + number + "</answer>",
        "2 + 2 = 4, and then\n#### " + digits,
        "\\[ x = \\boxed{\\text{" + digits + " apples}} \\]",
        "In total there are " + number};
    for (const std::string& s : spellings)
      EXPECT_EQ(verify_answer(gold, s, {}).verdict, Verdict::equal) << number << "\n" << s;
    EXPECT_NE(verify_answer(gold, "\\boxed{" + digits + "1}", {}).verdict, Verdict::equal) << number;
    EXPECT_NE(verify_answer(gold, "The answer is -" + number + "1.", {}).verdict, Verdict::equal) << number;
    ++rows;
    return {};
  });
  EXPECT_TRUE(status) << status.error().what;
  EXPECT_EQ(rows, 108);
}

// The seeds of the fuzz target, and what it found: two texts with a line of # between them.
TEST(VerifyRows, TheCorpusOfTheFuzzTargetIsReplayed) {
  i64 files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(R1_SOURCE_DIR) / "fuzz/corpus/verify")) {
    std::ostringstream out;
    out << std::ifstream(entry.path()).rdbuf();
    const std::string text = out.str();
    const size_t cut = std::min(text.find("\n#\n"), text.size());
    const std::string_view gold = std::string_view(text).substr(0, cut);
    const std::string_view given = std::string_view(text).substr(std::min(cut + 3, text.size()));
    VerifyOptions bare;
    bare.form = AnswerForm::bare;
    (void)verify_answer(gold, given, bare);
    (void)verify_answer(gold, given, {});
    ++files;
  }
  EXPECT_GE(files, 40);
}

}  // namespace
}  // namespace r1
