#include "rl/problems.hpp"

#include <algorithm>
#include <numeric>

#include "core/philox.hpp"
#include "formats/utf8.hpp"
#include "rewards/judge.hpp"
#include "tasks/problem_files.hpp"
#include "train/data.hpp"

namespace r1 {

Result<ProblemSource> ProblemSource::open(const GrpoConfig& config) {
  ProblemSource s;
  s.seed_ = static_cast<u64>(config.seed);
  if (config.file.empty()) {
    s.mixture_ = s.train_mixture_ = R1_TRY(parse_mixture(config.tasks));
    return s;
  }
  ProblemFile file = R1_TRY(read_problems(config.file));
  if (!file.skipped.empty())
    s.notes_.push_back(fmt::format("{}: {} of {} rows cannot be checked and are skipped; the first: {}", config.file,
                                   file.skipped.size(), file.skipped.size() + file.problems.size(),
                                   printable(file.skipped.front(), 400)));
  std::vector<Problem>& rows = file.problems;
  for (size_t i = 0; i < rows.size(); ++i)
    (config.eval_every > 0 && i % kHeldOut == 0 ? s.held_out_ : s.train_).push_back(std::move(rows[i]));
  if (s.train_.empty())
    return fail(Errc::invalid_argument, "{}: has {} rows, and one in {} is held out for evaluation: none is left",
                config.file, rows.size(), kHeldOut);
  return s;
}

Problem ProblemSource::problem(Split split, i64 i) const {
  const std::vector<Problem>& rows = split == Split::train ? train_ : held_out_;
  if (rows.empty())
    return sample_problem(split == Split::train ? train_mixture_ : mixture_, split, seed_, static_cast<u64>(i));
  const i64 n = std::ssize(rows), epoch = i / n;
  if (split == Split::test) return rows[i % n];
  std::vector<i64> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  Random random(seed_, Purpose::data, static_cast<u64>(epoch));
  for (i64 k = n; k > 1; --k) std::swap(order[k - 1], order[random.below(static_cast<u32>(k))]);
  return rows[order[i % n]];
}

bool ProblemSource::needs_sandbox() const {
  if (train_.empty())
    return std::any_of(mixture_.parts.begin(), mixture_.parts.end(), [&](const MixturePart& part) {
      const Problem p[] = {make_problem(part.kind, part.min_difficulty, Split::train, seed_, 0)};
      return r1::needs_sandbox(p);
    });
  return r1::needs_sandbox(train_) || r1::needs_sandbox(held_out_);
}

u64 ProblemSource::fingerprint() const {
  u64 h = 0;
  for (const auto* rows : {&train_, &held_out_})
    for (const Problem& p : *rows) {
      const std::string question = conversation_text(p);  // outlives the view of it below
      for (const std::string_view text : {std::string_view(question), expected_answer(p.checker)})
        for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u + 0x9e3779b97f4a7c15u;
    }
  return h;
}

}  // namespace r1
