#include "eval/eval.hpp"

#include <cmath>
#include <filesystem>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "formats/json.hpp"
#include "kernels/cpu/kernels.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class EvalTest : public testing::Test {
 protected:
  Engine engine() {
    EngineOptions o;
    o.kernels = &cpu::active(), o.pool = &pool_, o.kv_tokens = 64 * 128;
    auto e = Engine::create(*model_, o);
    R1_CHECK(e, "{}", e ? "" : e.error().what);
    return std::move(*e);
  }
  fs::path file(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file(folder_ / name, text));
    return folder_ / name;
  }
  // k completions of at most max_tokens tokens for each problem; the prompt goes in as it is.
  static EvalOptions options(i32 k, i64 max_tokens, const Tokenizer& tokenizer, Channel channel = Channel::answer) {
    EvalOptions o;
    o.k = k;
    o.request = [&tokenizer, max_tokens, channel](const Problem& p) -> Result<CompletionRequest> {
      CompletionRequest r;
      r.prompt = tokenizer.encode(p.prompt);
      r.max_tokens = max_tokens;
      r.channel = channel;
      return r;
    };
    return o;
  }

  const TestFolder temporary_;
  const fs::path folder_ = temporary_.path();
  ThreadPool pool_{1};
  std::unique_ptr<Model> model_ = test_model();
};

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
  o.progress = [&](i64 d, i64 total) { done = d, all = total; };
  const auto first = evaluate(e, t, problems, o);
  ASSERT_TRUE(first) << (first ? "" : first.error().what);
  const auto second = evaluate(e, t, problems, o);
  ASSERT_TRUE(second);
  EXPECT_EQ(to_json(*first), to_json(*second));
  EXPECT_EQ(first->all.n, 3);
  EXPECT_EQ(first->truncated, 12);  // nothing stops a random model
  EXPECT_EQ(done, 12);
  EXPECT_EQ(all, 12);
  i64 lines = 0;
  ASSERT_TRUE(for_each_jsonl(o.log, [&](i64, const Json& row) -> Status {
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
  const auto result = evaluate(e, t, problems, options(1, 1, t));
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
  ASSERT_TRUE(evaluate(e, t, problems, o));
  ASSERT_TRUE(for_each_jsonl(o.log, [&](i64, const Json& row) -> Status {
    problems[0].checker = AnswerChecker{*row.find("given")->string()};  // what this model happens to say is right
    return {};
  }));
  o.log.clear();
  const auto open = evaluate(e, t, problems, o);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->all.pass_at_1, 1);
  o = options(1, 8, t, Channel::thinking);
  const auto thinking = evaluate(e, t, problems, o);
  ASSERT_TRUE(thinking);
  EXPECT_EQ(thinking->all.pass_at_1, 0);
  EXPECT_EQ(thinking->mean_thinking_tokens, 8);
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
  ASSERT_TRUE(evaluate(e, t, problems, o));
  EXPECT_EQ(asked, 2);
  o.request = [](const Problem& p) -> Result<CompletionRequest> { return fail(Errc::corrupt, "no {}", p.prompt); };
  const auto refused = evaluate(e, t, problems, o);
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
  const auto result = evaluate(e, t, problems, o);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->log_failed);
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
