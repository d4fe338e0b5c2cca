#include "rewards/judge.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/text.hpp"
#include "tasks/rows.hpp"
#include "verify/find.hpp"
#include "verify/rewards.hpp"

namespace r1 {
namespace {

constexpr std::string_view kKindNames[] = {"right",  "wrong", "no_answer", "compile",  "time",
                                           "memory", "crash", "output",    "declined", "unchecked"};

// What follows the thinking; nothing if the thinking does not end.
std::optional<std::string_view> answer_in(std::string_view turn) {
  constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  if (trimmed(turn).starts_with(kOpen) && turn.find(kClose) == turn.npos) return std::nullopt;
  return after_thinking(turn);
}

double format_of(const AssistantTurn& turn) {
  if (turn.form == TurnForm::thinking) return has_think_format(turn.text);
  const bool tags = turn.text.find("<think>") != std::string::npos || turn.text.find("</think>") != std::string::npos;
  return !tags && !trimmed(turn.text).empty();
}

void set(Judgement& out, JudgementKind kind, std::string detail = "") {
  out.kind = kind;
  out.detail = std::move(detail);
  if (kind == JudgementKind::unchecked) out.parts.accuracy.reset();
  else out.parts.accuracy = kind == JudgementKind::right;
}

void judge_text(Judgement& out, const Checker& checker, std::string_view answer) {
  const auto right = check_answer(checker, answer);
  if (!right) return set(out, JudgementKind::unchecked, right.error().what);
  const bool in_words = std::holds_alternative<ChatChecker>(checker) || std::holds_alternative<PhraseChecker>(checker);
  set(out, *right                           ? JudgementKind::right
           : declines(answer)               ? JudgementKind::declined
           : out.given.empty() && !in_words ? JudgementKind::no_answer
                                            : JudgementKind::wrong);
}

JudgementKind kind_of(sandbox::VerdictKind kind) {
  switch (kind) {
    case sandbox::VerdictKind::passed: return JudgementKind::right;
    case sandbox::VerdictKind::compile: return JudgementKind::compile;
    case sandbox::VerdictKind::wrong: return JudgementKind::wrong;
    case sandbox::VerdictKind::time: return JudgementKind::time;
    case sandbox::VerdictKind::memory: return JudgementKind::memory;
    case sandbox::VerdictKind::crash: return JudgementKind::crash;
    case sandbox::VerdictKind::output: return JudgementKind::output;
    case sandbox::VerdictKind::refused: break;
  }
  return JudgementKind::unchecked;
}

template <class Future>
bool ready(const Future& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// The program behind what the task gives. Imports from __future__ must come first in a Python program.
std::string with_preamble(std::string_view preamble, std::string_view program) {
  if (preamble.empty()) return std::string(program);
  constexpr std::string_view kFuture = "from __future__ import ";
  std::string first, rest;
  while (!program.empty()) {
    const size_t end = std::min(program.find('\n'), program.size() - 1) + 1;
    (program.starts_with(kFuture) ? first : rest) += program.substr(0, end);
    program.remove_prefix(end);
  }
  if (!first.empty() && first.back() != '\n') first += '\n';
  return fmt::format("{}{}\n{}", first, preamble, rest);
}

}  // namespace

std::string_view name_of(JudgementKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

std::optional<JudgementKind> judgement_kind_named(std::string_view name) {
  const auto found = std::find(std::begin(kKindNames), std::end(kKindNames), name);
  if (found == std::end(kKindNames)) return std::nullopt;
  return static_cast<JudgementKind>(found - std::begin(kKindNames));
}

std::optional<double> reward_of(const RewardParts& parts, bool has_reward_program) {
  if (has_reward_program) return parts.own;
  if (!parts.accuracy) return std::nullopt;
  return parts.format * *parts.accuracy;
}

sandbox::Limits JudgeOptions::patient_limits() {
  sandbox::Limits limits;
  limits.wall_ms = 60'000;
  return limits;
}

bool needs_sandbox(std::span<const Problem> problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return std::holds_alternative<ProgramChecker>(p.checker); });
}

sandbox::Job job_of(const ProgramChecker& checker, std::string program, const sandbox::Limits& limits) {
  sandbox::Job job;
  job.language = checker.language == ProgramLanguage::python ? sandbox::Language::python : sandbox::Language::cpp;
  job.limits = limits;
  if (const auto* io = std::get_if<ProgramCases>(&checker.tests)) {
    job.program = std::move(program);
    for (const ProgramCase& one : io->cases) job.io.push_back({one.input, one.output});
    job.tolerance = io->tolerance;
    return job;
  }
  const auto& asserts = std::get<ProgramAsserts>(checker.tests);
  job.asserts = {asserts.tests, asserts.prelude, asserts.entry_point, asserts.declaration};
  // The program may be no more than the body of a function whose head ends the preamble, as HumanEval's solutions are.
  job.program = with_preamble(asserts.preamble, program);
  return job;
}

Result<Judge> Judge::open(JudgeOptions options, bool with_sandbox) {
  Judge out;
  out.options_ = std::move(options);
  if (with_sandbox) {
    auto pool = sandbox::Pool::open(out.options_.workers);
    if (!pool) return tl::unexpected(std::move(pool).error().in("judging programs"));
    out.pool_.emplace(std::move(*pool));
  }
  if (!out.options_.reward_program.empty())
    out.reward_program_.emplace(R1_TRY(RewardProgram::start(out.options_.reward_program, out.options_.reward_timeout)));
  return out;
}

void Judge::submit(u64 ticket, const Problem& problem, AssistantTurn turn) {
  Pending pending;
  pending.ticket = ticket;
  pending.problem = &problem;
  pending.turn = std::move(turn);
  Judgement& out = pending.judgement;
  const bool finished = pending.turn.finished;
  out.parts.format = finished ? format_of(pending.turn) : 0;
  const auto answer = finished ? answer_in(pending.turn.text) : std::nullopt;
  if (answer) out.given = given_answer(problem.checker, *answer);
  const auto* program = std::get_if<ProgramChecker>(&problem.checker);
  if (!answer) {
    set(out, JudgementKind::no_answer, finished ? "the thinking does not end" : "the completion was cut");
  } else if (!program) {
    judge_text(out, problem.checker, *answer);
  } else if (out.given.empty()) {
    if (declines(*answer)) set(out, JudgementKind::declined);
    else set(out, JudgementKind::no_answer, fmt::format("no {} block", name_of(program->language)));
  } else if (!pool_) {
    set(out, JudgementKind::unchecked, "there is no sandbox");
  } else {
    pending.verdict = verdict_on(problem, out.given);
  }
  if (!pending.verdict.valid()) ask_reward_program(pending);
  if (!advance(pending)) pending_.push_back(std::move(pending));
}

std::shared_future<sandbox::Verdict> Judge::verdict_on(const Problem& problem, const std::string& program) {
  for (const Pending& p : pending_)
    if (p.problem == &problem && p.verdict.valid() && p.judgement.given == program) return p.verdict;
  return pool_->submit(job_of(std::get<ProgramChecker>(problem.checker), program, options_.limits)).share();
}

void Judge::ask_reward_program(Pending& pending) {
  if (!reward_program_) return;
  const Judgement& j = pending.judgement;
  Json request = row_of(*pending.problem);
  request.set("completion", pending.turn.text);
  request.set("finished", pending.turn.finished);
  request.set("format", j.parts.format);
  request.set("accuracy", j.parts.accuracy ? Json(*j.parts.accuracy) : Json());
  pending.own = reward_program_->submit(dump(request) + "\n");
}

// Takes what has become known. Whether the judgement is complete, and thus among finished_.
bool Judge::advance(Pending& p) {
  if (p.verdict.valid()) {
    if (!ready(p.verdict)) return false;
    const sandbox::Verdict verdict = std::exchange(p.verdict, {}).get();
    const JudgementKind kind = kind_of(verdict.kind);
    set(p.judgement, kind,
        verdict.test < 0 ? verdict.detail : fmt::format("test {}: {}", verdict.test, verdict.detail));
    ask_reward_program(p);
  }
  if (p.own.valid()) {
    if (!ready(p.own)) return false;
    const Result<double> own = p.own.get();
    if (own) p.judgement.parts.own = *own;
    else p.judgement.kind = JudgementKind::unchecked, p.judgement.detail = own.error().what;
  }
  if (p.judgement.kind != JudgementKind::unchecked)
    p.judgement.reward = reward_of(p.judgement.parts, reward_program_.has_value());
  finished_.push_back({p.ticket, std::move(p.judgement)});
  return true;
}

std::vector<Judge::Finished> Judge::finished(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    size_t kept = 0;
    for (size_t i = 0; i < pending_.size(); ++i) {
      if (advance(pending_[i])) continue;
      if (kept != i) pending_[kept] = std::move(pending_[i]);
      ++kept;
    }
    pending_.resize(kept);
    if (!finished_.empty() || pending_.empty() || std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return std::exchange(finished_, {});
}

Status Judge::health() const { return reward_program_ ? reward_program_->health() : Status(); }

}  // namespace r1
