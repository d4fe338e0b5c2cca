#include <cmath>

#include "eval/test_eval.hpp"

namespace r1 {
namespace {

TEST_F(EvalTest, TheSameSeedGivesTheSameResultAndALineForEveryCompletion) {
  Engine e = engine();
  const Tokenizer t = byte_tokenizer();
  std::vector<Problem> problems(3);
  for (size_t i = 0; i < problems.size(); ++i)
    problems[i].prompt = fmt::format("what is {}", i), problems[i].checker = AnswerChecker{"1"},
    problems[i].kind = "random";
  EvalOptions o = options(4, 12, t);
  o.log = folder_ / "log.jsonl";
  i64 done = 0, all = 0;
  o.progress = [&](const EvalProgress& p) { done = p.done, all = p.total; };
  const auto first = evaluate(e, t, problems, judge_, o);
  ASSERT_TRUE(first) << (first ? "" : first.error().what);
  EXPECT_EQ(done, 12);
  EXPECT_EQ(all, 12);
  const auto second = evaluate(e, t, problems, judge_, options(4, 12, t));
  ASSERT_TRUE(second);
  EXPECT_EQ(dump(to_json(*first)), dump(to_json(*second)));
  EXPECT_EQ(first->all.n, 3);
  EXPECT_EQ(first->truncated, 12);  // nothing stops a random model
  i64 lines = 0;
  ASSERT_TRUE(for_each_jsonl(o.log, [&](i64, const Json& row) -> Status {
    if (!row.find("index")) return {};  // the settings
    EXPECT_EQ(*row.find("tokens")->integer(), 12);
    return ++lines, Status();
  }));
  EXPECT_EQ(lines, 12);
}

TEST_F(EvalTest, ASequenceThatFailsEndsTheEvaluationAndIsNamed) {
  const Tokenizer t = byte_tokenizer();
  const Weight& embed = model_->weights().front();
  embed.f32()[i64{'!'} * embed.cols()] = NAN;
  embed.bump();
  Engine e = engine();
  std::vector<Problem> problems(2);
  problems[0].prompt = "?", problems[1].prompt = "!";
  for (Problem& p : problems) p.checker = AnswerChecker{"1"};
  const auto result = evaluate(e, t, problems, judge_, options(1, 1, t));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what.find("prompt 1, token 0: "), 0u) << result.error().what;
  EXPECT_FALSE(e.busy());
}

TEST_F(EvalTest, ThinkingThatNeverEndsIsNoAnswer) {
  Engine e = engine();
  const Tokenizer t = byte_tokenizer();
  std::vector<Problem> problems(1);
  problems[0].prompt = "hello", problems[0].checker = AnswerChecker{"unknown yet"};
  EvalOptions o = options(1, 8, t);
  o.log = folder_ / "log.jsonl";
  ASSERT_TRUE(evaluate(e, t, problems, judge_, o));
  ASSERT_TRUE(for_each_jsonl(o.log, [&](i64, const Json& row) -> Status {
    if (!row.find("given")) return {};                                  // the settings
    problems[0].checker = AnswerChecker{*row.find("given")->string()};  // what this model happens to say is right
    return {};
  }));
  o.log.clear();
  const auto open = evaluate(e, t, problems, judge_, o);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->all.pass_at_1, 1);
  o = options(1, 8, t, Channel::thinking);
  const auto thinking = evaluate(e, t, problems, judge_, o);
  ASSERT_TRUE(thinking);
  EXPECT_EQ(thinking->all.pass_at_1, 0);
  EXPECT_EQ(thinking->mean_thinking_tokens, 8);
  EXPECT_EQ(thinking->thinks, 1);
  EXPECT_EQ(open->thinks, 0);
}

TEST_F(EvalTest, RequestsAreMadeByTheCallersFunctionAndItsErrorsAreReported) {
  Engine e = engine();
  const Tokenizer t = byte_tokenizer();
  std::vector<Problem> problems(2);
  for (Problem& p : problems) p.prompt = "hello", p.checker = AnswerChecker{"1"};
  EvalOptions o;
  i64 asked = 0;
  o.request = [&](const Problem&) -> Result<CompletionRequest> {
    ++asked;
    CompletionRequest r;
    r.prompt = {1, 2, 3};
    return r;
  };
  ASSERT_TRUE(evaluate(e, t, problems, judge_, o));
  EXPECT_EQ(asked, 2);
  o.request = [](const Problem& p) -> Result<CompletionRequest> { return fail(Errc::corrupt, "no {}", p.prompt); };
  const auto refused = evaluate(e, t, problems, judge_, o);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "no hello");
}

TEST_F(EvalTest, ALogThatCannotBeWrittenEndsTheEvaluationEarlyAndIsSaid) {
  Engine e = engine();
  const Tokenizer t = byte_tokenizer();
  std::vector<Problem> problems(40);  // 320 completions, 64 at a time
  for (Problem& p : problems) p.prompt = "hello", p.checker = AnswerChecker{"1"};
  EvalOptions o = options(8, 4, t);
  o.log = "/dev/full";
  const auto result = evaluate(e, t, problems, judge_, o);
  ASSERT_TRUE(result);
  ASSERT_TRUE(result->failure);
  EXPECT_NE(result->failure->what.find("/dev/full: writing failed"), std::string::npos) << result->failure->what;
  EXPECT_FALSE(result->interrupted);
  EXPECT_LT(result->all.n, 40);
}

TEST_F(EvalTest, GeneratedProblemsAreTheSameEveryTimeAndCycleThroughDifficulties) {
  const Kind& kind = kinds().front();
  const MixturePart part{std::string(kind.name), 1, kind.max_difficulty};
  for (i64 i = 0; i < 10; ++i) {
    const Problem a = nth_problem(part, i, Split::test, 3), b = nth_problem(part, i, Split::test, 3);
    EXPECT_EQ(a.prompt, b.prompt);
    EXPECT_EQ(a.difficulty, 1 + static_cast<int>(i) % kind.max_difficulty);
  }
}

}  // namespace
}  // namespace r1
