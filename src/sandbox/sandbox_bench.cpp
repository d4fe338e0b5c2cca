// sandbox_bench FOLDER [WORKERS]: judges the own solutions of humaneval.jsonl and mbpp.jsonl in a folder, names those
// that do not pass, and prints how many programs a second were judged.
#include <fmt/format.h>

#include <chrono>

#include "sandbox/test_corpus.hpp"

int main(int argc, char** argv) {
  using namespace r1;
  using namespace r1::sandbox;
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: sandbox_bench FOLDER [WORKERS]\n");
    return 2;
  }
  const int workers = argc == 3 ? std::atoi(argv[2]) : 2;
  Result<Pool> pool = Pool::open(workers);
  if (!pool) {
    fmt::print(stderr, "sandbox_bench: {}\n", pool.error().what);
    return 1;
  }
  const std::vector<CorpusRow> rows = read_corpus(argv[1]);
  std::vector<Job> jobs;
  for (const CorpusRow& row : rows) jobs.push_back(row.job);
  const auto begun = std::chrono::steady_clock::now();
  const std::vector<Verdict> verdicts = pool->judge(std::move(jobs));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  size_t passed = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    passed += verdicts[i].kind == VerdictKind::passed;
    if (verdicts[i].kind != VerdictKind::passed)
      fmt::print("{}: {}: {}\n", rows[i].id, name(verdicts[i].kind), verdicts[i].detail);
  }
  fmt::print("{} of {} passed; {:.1f} s, {:.1f} programs/s, {} workers\n", passed, rows.size(), seconds,
             static_cast<double>(rows.size()) / seconds, workers);
  return 0;
}
