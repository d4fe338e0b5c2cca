// Rejection sampling: which of the judged completions become rows for fine-tuning. The choice depends on the
// completions and the rules alone, not on the order in which completions ended. docs/sampling.md describes the rules.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/eval_log.hpp"
#include "verify/rewards.hpp"

namespace r1 {

// In the order in which the rules apply: a completion that breaks several has the first one's decision.
//   too_long    the limit cut it, or it has more tokens than SelectionRules::longest
//   form        right, but without the wanted form
//   duplicate   resembles a kept completion of the same prompt
//   over_limit  the prompt has its SelectionRules::keep completions
enum class Decision : u8 { kept, too_long, unchecked, wrong, form, language, repeated, duplicate, over_limit };
inline constexpr size_t kDecisions = 9;
std::string_view name_of(Decision decision);

enum class Prefer : u8 { any, shorter, longer };  // any: in the order of their numbers

struct SelectionRules {
  i64 keep = 0;                 // most completions of a prompt; 0: all
  Prefer prefer = Prefer::any;  // which of them are taken first
  i64 longest = 0;              // tokens; 0: whatever the limit of the generation allows
  std::optional<Language> language{};
  double language_share = 0.9;  // least share of words in the language (language_consistency)
  double repetition = 0.5;      // most runs of kRepetitionWords words that occurred before, as a share
  double similarity = 0.8;      // duplicates have at least this Jaccard index of runs of kSimilarityWords words; 0: off
};
inline constexpr i64 kRepetitionWords = 8, kSimilarityWords = 4;

struct Selected {
  Decision decision = Decision::kept;
  std::optional<size_t> duplicate_of;  // the place of the kept one in the list
};

// One decision for every completion. `turns` are their texts by turn_text. `found` is in the order of problems and
// samples. Problems with the same prompt count as one.
std::vector<Selected> select_completions(std::span<const Problem> problems, std::span<const LoggedCompletion> found,
                                         std::span<const std::string> turns, const SelectionRules& rules);

// The runs of n words of a text as hashes, ascending, each once. A text of fewer words is one run.
std::vector<u64> word_runs(std::string_view text, i64 n);
// The number of runs in both lists divided by the number in either. At least one list is not empty.
double jaccard(std::span<const u64> a, std::span<const u64> b);

}  // namespace r1
