#include "eval/summary.hpp"

#include <algorithm>
#include <cmath>

#include "formats/json.hpp"

namespace r1 {

double pass_at(i64 n, i64 right, i64 k) {
  R1_CHECK(0 <= right && right <= n && 1 <= k && k <= n, "pass@{} of {} right in {}", k, right, n);
  if (n - right < k) return 1;
  double all_wrong = 1;  // C(n−c, k) / C(n, k)
  for (i64 i = 0; i < k; ++i) all_wrong *= static_cast<double>(n - right - i) / static_cast<double>(n - i);
  return 1 - all_wrong;
}

double clustered_stderr(std::span<const double> means) {
  const double n = static_cast<double>(means.size());
  if (n < 2) return 0;
  double sum = 0, squares = 0;
  for (const double m : means) sum += m;
  for (const double m : means) squares += (m - sum / n) * (m - sum / n);
  return std::sqrt(squares / (n - 1) / n);
}

bool consensus(std::span<const GradedCompletion> completions, const Checker& checker) {
  struct Candidate {
    const GradedCompletion* first;
    i64 votes;
  };
  std::vector<Candidate> candidates;
  for (const GradedCompletion& g : completions) {
    if (g.given.empty()) continue;
    const auto same = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const Candidate& c) { return same_answer(checker, c.first->given, g.given); });
    if (same != candidates.end()) ++same->votes;
    else candidates.push_back({&g, 1});
  }
  const auto winner = std::max_element(candidates.begin(), candidates.end(),
                                       [](const Candidate& a, const Candidate& b) { return a.votes < b.votes; });
  return winner != candidates.end() && winner->first->right;
}

namespace {

struct Tally {
  std::vector<double> means;  // share of right completions, per problem
  i64 consensus = 0;          // problems whose most frequent answer is right

  void add(double mean, bool vote) {
    means.push_back(mean);
    consensus += vote;
  }
  Accuracy accuracy() const {
    Accuracy a;
    a.n = static_cast<i64>(means.size());
    if (a.n == 0) return a;
    for (const double m : means) a.pass_at_1 += m;
    a.pass_at_1 /= static_cast<double>(a.n);
    a.standard_error = clustered_stderr(means);
    a.cons_at_k = static_cast<double>(consensus) / static_cast<double>(a.n);
    return a;
  }
};

Json json_of(const Accuracy& a) {
  return Json::object({{"n", a.n}, {"pass@1", a.pass_at_1}, {"stderr", a.standard_error}, {"cons@k", a.cons_at_k}});
}

}  // namespace

EvalResult summarise(std::span<const Problem> problems, std::span<const GradedCompletion> graded, i32 k) {
  EvalResult r;
  r.k = k;
  Tally all;
  std::map<std::string, Tally> kinds;
  std::map<std::pair<std::string, int>, Tally> difficulties;
  std::vector<i32> js;
  for (i32 j = 1; j < k; j *= 2) js.push_back(j);
  js.push_back(k);
  i64 completions = 0;
  for (size_t i = 0; i < problems.size(); ++i) {
    const auto samples = graded.subspan(i * k, k);
    i64 right = 0;
    bool complete = true;
    for (const GradedCompletion& g : samples) {
      complete &= g.done;
      if (!g.done) continue;
      ++completions;
      right += g.right;
      r.truncated += g.truncated;
      r.unchecked += g.unchecked;
      r.mean_tokens += static_cast<double>(g.tokens);
      r.mean_thinking_tokens += static_cast<double>(g.thinking_tokens);
    }
    if (!complete) continue;
    const double mean = static_cast<double>(right) / static_cast<double>(k);
    const bool vote = consensus(samples, problems[i].checker);
    all.add(mean, vote);
    if (!problems[i].kind.empty()) {
      kinds[problems[i].kind].add(mean, vote);
      difficulties[{problems[i].kind, problems[i].difficulty}].add(mean, vote);
    }
    for (const i32 j : js) r.pass_at[j] += pass_at(k, right, j);
  }
  r.all = all.accuracy();
  for (auto& [j, sum] : r.pass_at) sum /= static_cast<double>(r.all.n);
  for (const auto& [kind, tally] : kinds) r.by_kind[kind] = tally.accuracy();
  for (const auto& [key, tally] : difficulties) r.by_difficulty[key] = tally.accuracy();
  if (completions > 0) {
    r.mean_tokens /= static_cast<double>(completions);
    r.mean_thinking_tokens /= static_cast<double>(completions);
  }
  return r;
}

std::string to_json(const EvalResult& r) {
  Json out = Json::object({{"n", r.all.n}, {"k", r.k}, {"pass@1", r.all.pass_at_1}, {"stderr", r.all.standard_error}});
  for (const auto& [j, value] : r.pass_at)
    if (j > 1) out.set(fmt::format("pass@{}", j), value);
  out.set("cons@k", r.all.cons_at_k);
  out.set("mean_thinking_tokens", r.mean_thinking_tokens);
  out.set("mean_tokens", r.mean_tokens);
  out.set("truncated", r.truncated);
  out.set("unchecked", r.unchecked);
  if (r.interrupted) out.set("interrupted", true);
  if (!r.by_kind.empty()) {
    Json kinds = Json::Object{};
    for (const auto& [kind, accuracy] : r.by_kind) kinds.set(kind, json_of(accuracy));
    out.set("by_kind", std::move(kinds));
    Json difficulties = Json::Object{};
    for (const auto& [key, accuracy] : r.by_difficulty)
      difficulties.set(fmt::format("{}:{}", key.first, key.second), json_of(accuracy));
    out.set("by_difficulty", std::move(difficulties));
  }
  return dump(out);
}

}  // namespace r1
