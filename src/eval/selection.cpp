#include "eval/selection.hpp"

#include <algorithm>
#include <map>

#include "core/hash.hpp"

namespace r1 {
namespace {

constexpr std::string_view kDecisionNames[] = {"kept",     "too_long", "unchecked", "wrong",     "form",
                                               "language", "repeated", "duplicate", "over_limit"};
static_assert(std::size(kDecisionNames) == kDecisions);

// The text without the tags around the thinking, which are no words of it.
std::string without_tags(std::string text) {
  for (const std::string_view tag : {"<think>", "</think>"})
    for (size_t at; (at = text.find(tag)) != text.npos;) text.replace(at, tag.size(), " ");
  return text;
}

// What the rules say about a completion by itself.
Decision decision_alone(const GradedCompletion& g, const std::string& turn, const SelectionRules& rules) {
  if (g.truncated) return Decision::too_long;
  if (g.kind == JudgementKind::unchecked) return Decision::unchecked;
  if (!g.right()) return Decision::wrong;
  if (g.parts.format < 1) return Decision::form;
  if (rules.longest > 0 && g.tokens > rules.longest) return Decision::too_long;
  const std::string words = without_tags(turn);
  if (rules.language && language_consistency(words, *rules.language) < rules.language_share) return Decision::language;
  if (repetition(words, kRepetitionWords, -1) < -rules.repetition) return Decision::repeated;
  return Decision::kept;
}

// What the rules say about the completions of one prompt beside each other. `group` holds the places of those that are
// fine by themselves.
void compare_group(std::vector<size_t> group, std::span<const LoggedCompletion> found,
                   std::span<const std::string> turns, const SelectionRules& rules, std::vector<Selected>& out) {
  if (rules.prefer != Prefer::any)
    std::stable_sort(group.begin(), group.end(), [&](size_t a, size_t b) {
      const i64 x = found[a].graded.tokens, y = found[b].graded.tokens;
      return rules.prefer == Prefer::shorter ? x < y : x > y;
    });
  struct Kept {
    size_t place;
    std::vector<u64> runs;
  };
  std::vector<Kept> kept;
  for (const size_t i : group) {
    std::vector<u64> runs = word_runs(without_tags(turns[i]), kSimilarityWords);
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const Kept& k) {
      return rules.similarity > 0 && jaccard(k.runs, runs) >= rules.similarity;
    });
    if (same != kept.end()) out[i] = {Decision::duplicate, same->place};
    else if (rules.keep > 0 && std::ssize(kept) >= rules.keep) out[i] = {Decision::over_limit, {}};
    else kept.push_back({i, std::move(runs)});
  }
}

}  // namespace

std::string_view name_of(Decision decision) { return kDecisionNames[static_cast<size_t>(decision)]; }

std::vector<u64> word_runs(std::string_view text, i64 n) {
  const std::vector<u64> words = words_as_hashes(text);
  const size_t length = std::min(words.size(), static_cast<size_t>(n));
  std::vector<u64> runs;
  for (size_t i = 0; i + length <= words.size(); ++i)
    runs.push_back(fnv1a(std::as_bytes(std::span(words).subspan(i, length))));
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

double jaccard(std::span<const u64> a, std::span<const u64> b) {
  size_t common = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) ++common, ++i, ++j;
    else if (a[i] < b[j]) ++i;
    else ++j;
  }
  return static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common);
}

std::vector<Selected> select_completions(std::span<const Problem> problems, std::span<const LoggedCompletion> found,
                                         std::span<const std::string> turns, const SelectionRules& rules) {
  std::vector<Selected> out(found.size());
  std::map<std::string, std::vector<size_t>> groups;  // by the conversation up to the answer
  for (size_t i = 0; i < found.size(); ++i) {
    out[i].decision = decision_alone(found[i].graded, turns[i], rules);
    if (out[i].decision == Decision::kept) groups[conversation_text(problems[found[i].index])].push_back(i);
  }
  for (const auto& [prompt, group] : groups) compare_group(group, found, turns, rules, out);
  return out;
}

}  // namespace r1
