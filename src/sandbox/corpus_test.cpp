// HumanEval's and MBPP's own solutions pass, and faulty ones do not.
#include "sandbox/test_corpus.hpp"
#include "sandbox/test_pool.hpp"

namespace r1::sandbox {
namespace {

namespace fs = std::filesystem;

class Corpus : public SandboxTest {
 protected:
  static void expect_pass(const std::vector<CorpusRow>& rows) {
    std::vector<Job> jobs;
    for (const CorpusRow& row : rows) jobs.push_back(row.job);
    const std::vector<Verdict> verdicts = pool().judge(std::move(jobs));
    for (size_t i = 0; i < rows.size(); ++i)
      EXPECT_EQ(verdicts[i].kind, VerdictKind::passed) << rows[i].id << ": " << verdicts[i].detail;
  }
};

TEST_F(Corpus, TheOwnSolutionsPassAndTheirMutantsDoNot) {
  const std::vector<CorpusRow> rows = read_corpus(fs::path(R1_SOURCE_DIR) / "tests/data/code");
  ASSERT_EQ(rows.size(), 50u);
  expect_pass(rows);
  std::vector<Job> mutants;
  for (const CorpusRow& row : rows) {
    mutants.push_back(row.job);
    mutants.back().program = row.mutant;
    mutants.back().limits.cpu_ms = 1000;  // some never end
  }
  const std::vector<Verdict> verdicts = pool().judge(std::move(mutants));
  for (size_t i = 0; i < rows.size(); ++i) {
    const VerdictKind kind = verdicts[i].kind;
    EXPECT_TRUE(kind == VerdictKind::wrong || kind == VerdictKind::crash || kind == VerdictKind::time)
        << rows[i].id << ": " << kind << " " << verdicts[i].detail;
  }
}

// sandbox_bench judges all rows. This test takes every tenth, to keep the tests short.
TEST_F(Corpus, TheOwnSolutionsOfTheWholeDataSetsPass) {
  const char* fixtures = std::getenv("R1_FIXTURES");
  const fs::path folder = fs::path(fixtures ? fixtures : "") / "../data";
  if (!fixtures || !fs::exists(folder / "humaneval.jsonl"))
    GTEST_SKIP() << "no folder \"data\" with humaneval.jsonl beside the folder that R1_FIXTURES names";
  const std::vector<CorpusRow> rows = read_corpus(folder, 10);
  ASSERT_EQ(rows.size(), 60u);
  expect_pass(rows);
}

}  // namespace
}  // namespace r1::sandbox
