#include "verify/verify.hpp"

#include <algorithm>

namespace r1 {

Verification verify_answer(std::string_view gold, std::string_view given, const VerifyOptions& options) {
  std::optional<FoundAnswer> expected, found;
  if (options.form == AnswerForm::text) {
    expected = find_answer(gold, options.find, true);
    // An expected answer need not be marked as the options ask of a model.
    if (!expected)
      if (auto answer = read_answer(gold, true)) expected = FoundAnswer{std::move(*answer), FoundBy::whole};
    if (!expected) return {Verdict::unreadable_gold, "", FoundBy::whole};
    found = find_answer(given, options.find, false);
  } else {
    const auto bare = [](std::string_view text, bool is_gold) -> std::optional<FoundAnswer> {
      auto answer = read_answer(text, is_gold);
      return answer ? std::optional(FoundAnswer{std::move(*answer), FoundBy::whole}) : std::nullopt;
    };
    expected = bare(gold, true);
    if (!expected) return {Verdict::unreadable_gold, "", FoundBy::whole};
    found = bare(given, false);
  }
  if (!found) return {Verdict::no_answer, "", FoundBy::whole};
  const bool equal = answers_equal(expected->answer, found->answer, options.compare);
  return {equal ? Verdict::equal : Verdict::different, found->answer.text, found->rule};
}

}  // namespace r1
