#include "serve/answers/votes.hpp"

#include <optional>

#include "core/text.hpp"
#include "verify/find.hpp"

namespace r1 {

Votes count_votes(std::span<const std::string> texts) {
  const i64 n = std::ssize(texts);
  std::vector<std::optional<FoundAnswer>> answers;
  Votes votes;
  for (const std::string& text : texts) {
    answers.push_back(find_answer(text, {}, false));
    votes.found.push_back(answers.back() ? answers.back()->answer.text : std::string(trimmed(text)));
  }
  const auto equal = [&](i64 a, i64 b) {
    if (votes.found[a] == votes.found[b]) return true;
    return answers[a] && answers[b] && answers_equal(answers[a]->answer, answers[b]->answer, {});
  };
  std::vector<i64> sizes(n, 0);
  for (i64 i = 0; i < n; ++i) {
    i64 first = votes.found[i].empty() ? -1 : i;
    for (i64 j = 0; j < i && first == i; ++j)
      if (votes.group[j] == j && equal(j, i)) first = j;
    votes.group.push_back(first);
    if (first >= 0) ++sizes[first];
  }
  for (i64 i = 0; i < n; ++i)
    if (sizes[i] > votes.agreeing) votes.winner = i, votes.agreeing = sizes[i];
  return votes;
}

}  // namespace r1
