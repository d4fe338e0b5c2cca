// The judge on HumanEval's and MBPP's rows: their own solutions are right, and faulty ones are not.
#include <gtest/gtest.h>

#include "rewards/judge.hpp"
#include "rewards/test_corpus.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// The judgements of one reply to each problem, in their order.
std::vector<Judgement> judged(Judge& judge, const std::vector<CorpusRow>& rows, std::string CorpusRow::*mutant) {
  for (size_t i = 0; i < rows.size(); ++i)
    judge.submit(i, rows[i].problem, {mutant ? rows[i].*mutant : rows[i].problem.reply, TurnForm::plain});
  std::vector<Judgement> out(rows.size());
  while (judge.busy())
    for (auto& [ticket, judgement] : judge.finished(std::chrono::seconds(1))) out[ticket] = std::move(judgement);
  return out;
}

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    JudgeOptions options;
    options.limits.cpu_ms = 2000;  // some mutants never end
    auto judge = Judge::open(options, true);
    if (!judge && judge.error().code == Errc::unsupported) GTEST_SKIP() << judge.error().what;
    ASSERT_TRUE(judge) << judge.error().what;
    judge_.emplace(std::move(*judge));
  }
  void expect_right(const std::vector<CorpusRow>& rows) {
    const std::vector<Judgement> judgements = judged(*judge_, rows, nullptr);
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(name_of(judgements[i].kind), "right") << rows[i].problem.id << ": " << judgements[i].detail;
      EXPECT_EQ(judgements[i].reward, 1.0);
    }
  }
  std::optional<Judge> judge_;
};

TEST_F(Corpus, TheOwnSolutionsAreRightAndTheirMutantsAreNot) {
  const auto rows = read_corpus(fs::path(R1_SOURCE_DIR) / "tests/data/code");
  ASSERT_TRUE(rows) << rows.error().what;
  ASSERT_EQ(rows->size(), 50u);
  expect_right(*rows);
  const std::vector<Judgement> mutants = judged(*judge_, *rows, &CorpusRow::mutant);
  for (size_t i = 0; i < rows->size(); ++i) {
    const JudgementKind kind = mutants[i].kind;
    EXPECT_TRUE(kind == JudgementKind::wrong || kind == JudgementKind::crash || kind == JudgementKind::time)
        << (*rows)[i].problem.id << ": " << name_of(kind) << " " << mutants[i].detail;
    EXPECT_EQ(mutants[i].reward, 0.0);
  }
}

// judge_bench judges all rows. This test takes every tenth, to keep the tests short.
TEST_F(Corpus, TheOwnSolutionsOfTheWholeDataSetsAreRight) {
  const char* fixtures = std::getenv("R1_FIXTURES");
  const fs::path folder = fs::path(fixtures ? fixtures : "") / "../data";
  if (!fixtures || !fs::exists(folder / "humaneval.jsonl"))
    GTEST_SKIP() << "no folder \"data\" with humaneval.jsonl beside the folder that R1_FIXTURES names";
  const auto rows = read_corpus(folder, 10);
  ASSERT_TRUE(rows) << rows.error().what;
  ASSERT_EQ(rows->size(), 60u);
  expect_right(*rows);
}

}  // namespace
}  // namespace r1
