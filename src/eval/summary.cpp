#include "eval/summary.hpp"

#include <algorithm>
#include <cmath>

#include "core/text.hpp"
#include "formats/json.hpp"

namespace r1 {

double pass_at(i64 n, i64 right, i64 k) {
  R1_CHECK(0 <= right && right <= n && 1 <= k && k <= n, "pass@{} of {} right in {}", k, right, n);
  if (n - right < k) return 1;
  double all_wrong = 1;  // C(n−c, k) / C(n, k)
  for (i64 i = 0; i < k; ++i) all_wrong *= static_cast<double>(n - right - i) / static_cast<double>(n - i);
  return 1 - all_wrong;
}

namespace {

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace

double clustered_stderr(std::span<const double> means) {
  const double n = static_cast<double>(means.size());
  if (n < 2) return 0;
  const double mean = mean_of(means);
  double squares = 0;
  for (const double m : means) squares += (m - mean) * (m - mean);
  return std::sqrt(squares / (n - 1) / n);
}

Interval interval95(double p, double standard_error, i64 n, i64 k) {
  if (n == 0) return {};
  constexpr double z = 1.959963984540054;  // of the normal distribution at 0.975
  const double problems = static_cast<double>(n), completions = problems * static_cast<double>(k);
  double size = problems;  // if all completions are right, or all wrong
  if (p > 0 && p < 1) {
    const double variance = standard_error * standard_error;
    size = variance * completions > p * (1 - p) ? std::max(problems, p * (1 - p) / variance) : completions;
  }
  const double scale = 1 / (1 + z * z / size), middle = p + z * z / (2 * size);
  const double half = z * std::sqrt(p * (1 - p) / size + z * z / (4 * size * size));
  // Exact at the ends, where the rounded values would be next to 0 and 1.
  return {p == 0 ? 0 : scale * (middle - half), p == 1 ? 1 : scale * (middle + half)};
}

bool has_thinking(std::string_view turn) {
  constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  turn = trimmed(turn);
  if (!turn.starts_with(kOpen)) return false;
  turn.remove_prefix(kOpen.size());
  return !trimmed(turn.substr(0, turn.find(kClose))).empty();
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
  return winner != candidates.end() && winner->first->right();
}

namespace {

struct Tally {
  std::vector<double> means;  // share of right completions, per problem
  i64 voted = 0;              // problems with answers that vote
  i64 consensus = 0;          // of them, those whose most frequent answer is right

  void add(double mean, std::optional<bool> vote) {
    means.push_back(mean);
    voted += vote.has_value();
    consensus += vote.value_or(false);
  }
  Accuracy accuracy(i32 k) const {
    Accuracy a;
    a.n = static_cast<i64>(means.size());
    a.pass_at_1 = mean_of(means);
    a.standard_error = clustered_stderr(means);
    a.ci95 = interval95(a.pass_at_1, a.standard_error, a.n, k);
    if (voted > 0) a.cons_at_k = static_cast<double>(consensus) / static_cast<double>(voted);
    return a;
  }
};

Json json_of(const Accuracy& a) {
  Json out = Json::object({{"n", a.n}, {"pass@1", a.pass_at_1}, {"stderr", a.standard_error}});
  out.set("ci95", Json::array({a.ci95.low, a.ci95.high}));
  if (a.cons_at_k) out.set("cons@k", *a.cons_at_k);
  return out;
}

}  // namespace

i64 EvalResult::unchecked() const {
  const auto found = verdicts.find(JudgementKind::unchecked);
  return found == verdicts.end() ? 0 : found->second;
}

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
  std::vector<double> own_rewards;  // per problem
  for (size_t i = 0; i < problems.size(); ++i) {
    const auto samples = graded.subspan(i * static_cast<size_t>(k), static_cast<size_t>(k));
    i64 right = 0, judged = 0;
    double own = 0;
    for (const GradedCompletion& g : samples) {
      if (!g.done) continue;
      ++r.verdicts[g.kind];
      if (!g.judged()) {
        r.unchecked_detail = g.detail;
        continue;
      }
      ++completions, ++judged;
      right += g.right();
      own += g.parts.own.value_or(0);
      r.format += g.parts.format;
      r.truncated += g.truncated;
      r.thinks += g.thinks;
      r.mean_tokens += static_cast<double>(g.tokens);
      r.mean_thinking_tokens += static_cast<double>(g.thinking_tokens);
    }
    if (judged < k) continue;
    if (samples[0].parts.own) own_rewards.push_back(own / static_cast<double>(k));
    const double mean = static_cast<double>(right) / static_cast<double>(k);
    std::optional<bool> vote;
    if (!std::holds_alternative<ProgramChecker>(problems[i].checker)) vote = consensus(samples, problems[i].checker);
    all.add(mean, vote);
    if (!problems[i].kind.empty()) {
      kinds[problems[i].kind].add(mean, vote);
      difficulties[{problems[i].kind, problems[i].difficulty}].add(mean, vote);
    }
    for (const i32 j : js) r.pass_at[j] += pass_at(k, right, j);
  }
  r.all = all.accuracy(k);
  for (auto& [j, sum] : r.pass_at) sum /= static_cast<double>(r.all.n);
  for (const auto& [kind, tally] : kinds) r.by_kind[kind] = tally.accuracy(k);
  for (const auto& [key, tally] : difficulties) r.by_difficulty[key] = tally.accuracy(k);
  if (!own_rewards.empty()) r.own_reward = mean_of(own_rewards), r.own_reward_error = clustered_stderr(own_rewards);
  if (completions > 0)
    for (double* mean : {&r.mean_tokens, &r.mean_thinking_tokens, &r.format, &r.thinks})
      *mean /= static_cast<double>(completions);
  return r;
}

Json to_json(const EvalResult& r) {
  Json out = Json::object({{"n", r.all.n}, {"k", r.k}, {"pass@1", r.all.pass_at_1}, {"stderr", r.all.standard_error}});
  out.set("ci95", Json::array({r.all.ci95.low, r.all.ci95.high}));
  for (const auto& [j, value] : r.pass_at)
    if (j > 1) out.set(fmt::format("pass@{}", j), value);
  if (r.all.cons_at_k) out.set("cons@k", *r.all.cons_at_k);
  if (r.own_reward) out.set("own_reward", *r.own_reward).set("own_reward_stderr", r.own_reward_error);
  out.set("format", r.format);
  out.set("thinks", r.thinks);
  out.set("mean_thinking_tokens", r.mean_thinking_tokens);
  out.set("mean_tokens", r.mean_tokens);
  out.set("truncated", r.truncated);
  out.set("unchecked", r.unchecked());
  Json verdicts = Json::Object{};
  for (const auto& [kind, count] : r.verdicts) verdicts.set(name_of(kind), count);
  out.set("verdicts", std::move(verdicts));
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
  return out;
}

}  // namespace r1
