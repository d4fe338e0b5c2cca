#include "tasks/verify_rows.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

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

}  // namespace
}  // namespace r1
