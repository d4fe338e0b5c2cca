// judge_bench FOLDER [WORKERS]: judges the own solutions of humaneval.jsonl and mbpp.jsonl in a folder, names those
// that are not right, and prints how many programs a second were judged.
#include <fmt/format.h>

#include "rewards/judge.hpp"
#include "rewards/test_corpus.hpp"

int main(int argc, char** argv) {
  using namespace r1;
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: judge_bench FOLDER [WORKERS]\n");
    return 2;
  }
  JudgeOptions options;
  if (argc == 3) options.workers = std::atoi(argv[2]);
  Result<Judge> judge = Judge::open(options, true);
  const auto rows = read_corpus(argv[1]);
  if (!judge || !rows) {
    fmt::print(stderr, "judge_bench: {}\n", judge ? rows.error().what : judge.error().what);
    return 1;
  }
  const auto begun = std::chrono::steady_clock::now();
  for (size_t i = 0; i < rows->size(); ++i)
    judge->submit(i, (*rows)[i].problem, {(*rows)[i].problem.reply, TurnForm::plain});
  size_t right = 0;
  while (judge->busy())
    for (const auto& [ticket, judgement] : judge->finished(std::chrono::seconds(1))) {
      right += judgement.kind == JudgementKind::right;
      if (judgement.kind != JudgementKind::right)
        fmt::print("{}: {}: {}\n", (*rows)[ticket].problem.id, name_of(judgement.kind), judgement.detail);
    }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  fmt::print("{} of {} right; {:.1f} s, {:.1f} programs/s, {} workers\n", right, rows->size(), seconds,
             static_cast<double>(rows->size()) / seconds, options.workers);
  return 0;
}
