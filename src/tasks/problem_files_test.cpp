// Files of problems: the formats, and rows that cannot be checked.
#include "tasks/problem_files.hpp"

#include <gtest/gtest.h>

#include "core/file.hpp"
#include "core/test_folder.hpp"

namespace r1 {
namespace {

Json json(const char* text) { return *parse_json(text, "test"); }

Problem problem(const char* text) {
  const Json row = json(text);
  auto p = problem_from_row(format_of(row), row, "row");
  R1_CHECK(p, "{}", p ? "" : p.error().what);
  return std::move(*p);
}

TEST(ProblemFiles, FieldsTellTheFormats) {
  const std::pair<const char*, RowFormat> rows[] = {
      {R"({"prompt":"a","answer":"1"})", RowFormat::rows},
      {R"({"prompt":"a","check":"program","test_list":[]})", RowFormat::rows},
      {R"({"question":"a","answer":"b #### 1"})", RowFormat::gsm8k},
      {R"({"problem":"a","answer":"1"})", RowFormat::math},
      {R"({"unique_id":"a","answer":"1","problem_sha256":"0"})", RowFormat::math},
      {R"({"task_id":"HumanEval/0","prompt":"a","entry_point":"f","canonical_solution":"","test":""})",
       RowFormat::humaneval},
      {R"({"text":"a","code":"","test_list":[],"test_setup_code":""})", RowFormat::mbpp},
      {R"({"prompt":"a","code":"","test_list":[],"test_imports":[]})", RowFormat::mbpp},
      {R"([1])", RowFormat::rows}};
  for (const auto& [text, format] : rows) EXPECT_EQ(name_of(format_of(json(text))), name_of(format)) << text;
  for (const std::string_view name : kRowFormatNames) EXPECT_EQ(name_of(*row_format_named(name)), name);
  EXPECT_FALSE(row_format_named("csv"));
}

TEST(ProblemFiles, Gsm8kHasItsAnswerBehindTheMark) {
  const Problem p = problem(R"({"question":"How many?","answer":"3 * 400 = 1,200\n#### 1,200"})");
  EXPECT_EQ(p.prompt, "How many?\nPlease reason step by step, and put your final answer within \\boxed{}.");
  EXPECT_EQ(p.checker, Checker(MathChecker{"1,200"}));
  EXPECT_TRUE(*check_answer(p.checker, p.reply));
  EXPECT_TRUE(*check_answer(p.checker, "\\boxed{1200}"));
}

TEST(ProblemFiles, MathHasAnAnswerOrABoxInItsSolution) {
  const Problem p = problem(R"({"problem":"x?","solution":"so \\boxed{1} or \\boxed{\\frac12}","level":"Level 5",
                                "type":"Algebra"})");
  EXPECT_EQ(p.checker, Checker(MathChecker{"\\frac12"}));
  EXPECT_EQ(p.kind, "Algebra");
  EXPECT_EQ(p.difficulty, 5);
  const Problem q = problem(
      R"({"problem":"x?","answer":204,"solution":"","subject":"Geometry","level":2,"unique_id":"test/1.json"})");
  EXPECT_EQ(q.checker, Checker(MathChecker{"204"}));
  EXPECT_EQ(q.kind + q.id, "Geometrytest/1.json");
  EXPECT_EQ(q.difficulty, 2);
}

TEST(ProblemFiles, HumanEvalGivesThePromptToTheProgramAndToItsTests) {
  const Problem p = problem(R"({"task_id":"HumanEval/0","prompt":"import math\ndef f(x):\n    \"\"\"Root\"\"\"\n",
      "entry_point":"f","canonical_solution":"    return math.sqrt(x)\n",
      "test":"def check(c):\n    assert c(4) == 2\n"})");
  const std::string given = "import math\ndef f(x):\n    \"\"\"Root\"\"\"\n";
  EXPECT_EQ(p.checker, Checker(ProgramChecker{ProgramLanguage::python,
                                              ProgramAsserts{"def check(c):\n    assert c(4) == 2\n\ncheck(f)\n", given,
                                                             "f", "", given}}));
  EXPECT_EQ(p.id, "HumanEval/0");
  EXPECT_NE(p.prompt.find("```python\n" + given + "```"), std::string::npos) << p.prompt;
  EXPECT_EQ(given_answer(p.checker, p.reply), given + "    return math.sqrt(x)\n");
}

TEST(ProblemFiles, MbppShowsItsTestsAndBringsWhatTheyNeed) {
  const Problem p =
      problem(R"({"text":"Add.","code":"import sys\r\ndef helper(a): return a\r\ndef sum(a):\r\n  return a",
      "task_id":126,"test_setup_code":"","test_list":["assert sum(1) == 1","assert sum(2) <= sys.maxsize"]})");
  EXPECT_EQ(p.checker, Checker(ProgramChecker{ProgramLanguage::python,
                                              ProgramAsserts{"import sys\nassert sum(1) == 1\nassert sum(2) <= "
                                                             "sys.maxsize\n",
                                                             "", "sum", ""}}));
  EXPECT_NE(p.prompt.find("Add. Your code should pass these tests:\n\nassert sum(1) == 1\nassert sum(2)"),
            std::string::npos)
      << p.prompt;
  EXPECT_EQ(given_answer(p.checker, p.reply), "import sys\ndef helper(a): return a\ndef sum(a):\n  return a\n");
  const Problem q = problem(R"({"prompt":"Add.","code":"def add(a): return a","task_id":2,
      "test_imports":["import math"],"test_list":["assert add(1) == 1"]})");
  const auto& tests = std::get<ProgramAsserts>(std::get<ProgramChecker>(q.checker).tests);
  EXPECT_EQ(tests.prelude, "import math\n");
  EXPECT_EQ(tests.preamble, "import math\n");
  EXPECT_EQ(tests.entry_point, "add");
}

class ProblemFilesOnDisk : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) {
    EXPECT_TRUE(write_file(folder_.path() / "rows.jsonl", text));
    return folder_.path() / "rows.jsonl";
  }
  const TestFolder folder_;
};

TEST_F(ProblemFilesOnDisk, RowsThatCannotBeCheckedAreSkippedAndNamed) {
  const auto path = file(R"-({"question":"a","answer":"#### 1"}
{"question":"b","answer":"#### "}

{"question":"c"}
{"problem":"d","answer":"1/0"}
{"problem":"e","solution":"none"}
{"text":"f","code":"","test_list":[]}
{"text":"g","code":"","test_list":["assert f(root)"],"test_setup_code":"root = Node(1)"}
{"prompt":"h","test":"","entry_point":"f()","canonical_solution":""}
{"prompt":"i","answer":"2"}
)-");
  const auto read = read_problems(path);
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->problems.size(), 2u);
  EXPECT_EQ(read->problems[1].prompt, "i");
  const char* parts[] = {":2: answer: is empty",
                         ":4: prompt: missing",
                         ":5: answer: \"1/0\" cannot be read",
                         ":6: answer: is missing, and",
                         ":7: test_list: is empty",
                         ":8: test_setup_code: uses a class",
                         ":9: entry_point: \"f()\" is not the name"};
  ASSERT_EQ(read->skipped.size(), std::size(parts));
  for (size_t i = 0; i < std::size(parts); ++i)
    EXPECT_NE(read->skipped[i].find(path.string() + parts[i]), std::string::npos) << read->skipped[i];
  EXPECT_EQ(read_problems(path, 3)->skipped.size(), 2u);
  EXPECT_EQ(read_problems(path, 0, RowFormat::gsm8k)->problems.size(), 1u);
}

TEST_F(ProblemFilesOnDisk, OwnRowsHaveAllKindsOfCheckers) {
  const auto rows =
      read_problems(file("{\"prompt\":\"1+1\",\"answer\":\"2\",\"kind\":\"sum\",\"id\":17}\n\n"
                         "{\"prompt\":\"2+2\",\"answer\":4}\n"
                         "{\"prompt\":\"make 46\",\"check\":\"countdown\",\"numbers\":[3,7,25],\"target\":46}\n"
                         "{\"prompt\":\"1\",\"check\":\"luck\"}\n"));
  ASSERT_TRUE(rows) << rows.error().what;
  ASSERT_EQ(rows->problems.size(), 3u);
  EXPECT_EQ(rows->problems[0].kind + rows->problems[0].id, "sum17");
  EXPECT_EQ(rows->problems[0].checker, Checker(AnswerChecker{"2"}));
  EXPECT_EQ(rows->problems[1].checker, Checker(MathChecker{"4"}));
  EXPECT_EQ(rows->problems[2].checker, Checker(CountdownChecker{{3, 7, 25}, 46}));
  ASSERT_EQ(rows->skipped.size(), 1u);
}

TEST_F(ProblemFilesOnDisk, AFileWithoutAnyProblemIsAnError) {
  EXPECT_NE(read_problems(file("\n\n")).error().what.find("the file has no rows"), std::string::npos);
  const auto answers = read_problems(file("{\"id\":\"2024-I-1\",\"answer\":\"204\",\"problem_sha256\":\"0\"}\n"));
  ASSERT_FALSE(answers);
  EXPECT_NE(answers.error().what.find("none of the 1 rows can be checked; the first: "), std::string::npos);
  EXPECT_NE(answers.error().what.find("holds an answer without its problem"), std::string::npos);
  EXPECT_NE(read_problems(file("{\"prompt\":\"a\",\"answer\":\"1\"}\n{\"pro")).error().what.find("rows.jsonl:2"),
            std::string::npos);
}

}  // namespace
}  // namespace r1
