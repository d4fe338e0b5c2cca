// Judges completions: what a model's turn is worth as an answer to a problem. Evaluation and reinforcement learning
// use this one function, so that a model is trained for what it is measured by.
//
//   Judge judge = R1_TRY(Judge::open(options, needs_sandbox(problems)));
//   judge.submit(0, problem, turn);                            // returns at once
//   for (const auto& [ticket, judgement] : judge.finished(wait)) ...
//
// Texts are judged in submit(). Programs and the rewards of a reward program are judged while the caller goes on.
#pragma once
#include <chrono>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rewards/reward_program.hpp"
#include "sandbox/sandbox.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

// What became of a completion. compile to output: how its program failed. unchecked: nobody knows whether it is right,
// because its checker, the sandbox or the reward program failed; it has no reward and must be left out.
// declined: a reply that declines to answer a problem that has an answer (tasks/checker.hpp).
enum class JudgementKind : u8 { right, wrong, no_answer, compile, time, memory, crash, output, declined, unchecked };
std::string_view name_of(JudgementKind kind);
std::optional<JudgementKind> judgement_kind_named(std::string_view name);

// The parts of a reward, each by itself.
struct RewardParts {
  double format = 0;               // 1 if the turn has the wanted form, else 0
  std::optional<double> accuracy;  // 1 or 0; absent if the checker or the sandbox failed
  std::optional<double> own;       // of the reward program; absent if there is none, or if it failed
};
// The reward program decides alone, because it is shown the other parts. Without one the form gates: format · accuracy.
// Nothing if the completion is unchecked.
std::optional<double> reward_of(const RewardParts& parts, bool has_reward_program);

struct Judgement {
  JudgementKind kind = JudgementKind::unchecked;
  RewardParts parts;
  std::optional<double> reward;  // nothing if unchecked
  std::string given;             // the answer or the program; empty if there is none
  std::string detail;            // one line for people, why the completion is not right; may quote the program's output
};

// The form that a turn must have: thinking and an answer (has_think_format), or an answer without thinking.
enum class TurnForm : u8 { thinking, plain };

struct AssistantTurn {
  // The whole turn. If the template of the chat ends the prompt with <think>, put it in front.
  std::string text;
  TurnForm form = TurnForm::thinking;
  bool finished = true;  // false: it was cut at a limit, so it has neither the form nor an answer
};

struct JudgeOptions {
  int workers = 2;  // programs that are judged at once
  sandbox::Limits limits = patient_limits();
  std::string reward_program;                        // a command (rewards/reward_program.hpp); empty: none
  std::chrono::milliseconds reward_timeout{10'000};  // for each of its answers

  // Limits by processor time: a wall clock also counts the time in which the machine does something else, such as
  // generating.
  static sandbox::Limits patient_limits();
};

// Whether one of the problems asks for a program.
bool needs_sandbox(std::span<const Problem> problems);

// One thread makes all calls.
class Judge {
 public:
  // Errors: those of sandbox::Pool::open, if a sandbox is needed, and those of RewardProgram::start.
  static Result<Judge> open(JudgeOptions options, bool with_sandbox);

  // `problem` must live until the judgement has been returned. A program that is being judged for the same problem is
  // not run again: the samples of a group are often equal.
  void submit(u64 ticket, const Problem& problem, AssistantTurn turn);

  struct Finished {
    u64 ticket = 0;
    Judgement judgement;
  };
  // What has been judged since the last call, in any order. If there is nothing yet, waits for at most `patience`.
  std::vector<Finished> finished(std::chrono::milliseconds patience = {});
  bool busy() const { return !pending_.empty() || !finished_.empty(); }
  // Holds an error once the reward program has failed so often that it is not started again.
  Status health() const;

 private:
  struct Pending {
    u64 ticket = 0;
    const Problem* problem = nullptr;
    AssistantTurn turn;
    Judgement judgement;
    std::shared_future<sandbox::Verdict> verdict;  // valid: the program is being judged
    std::future<Result<double>> own;               // valid: the reward program is being asked
  };
  Judge() = default;
  std::shared_future<sandbox::Verdict> verdict_on(const Problem& problem, const std::string& program);
  bool advance(Pending& pending);
  void ask_reward_program(Pending& pending);

  JudgeOptions options_;
  std::optional<sandbox::Pool> pool_;
  std::optional<RewardProgram> reward_program_;
  std::vector<Pending> pending_;
  std::vector<Finished> finished_;
};

// The job that judges a program by the tests of its checker.
sandbox::Job job_of(const ProgramChecker& checker, std::string program, const sandbox::Limits& limits);

}  // namespace r1
