#include "session/answer_grammar.hpp"

#include "core/test_folder.hpp"
#include "core/threads/thread_pool.hpp"
#include "grammar/gbnf.hpp"
#include "grammar/json_schema.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

constexpr i64 kTestContext = 512;

std::vector<i32> tokens_in(std::span<const u64> mask) {
  std::vector<i32> out;
  for (i32 t = 0; t < 64 * std::ssize(mask); ++t)
    if (mask[t / 64] >> t % 64 & 1) out.push_back(t);
  return out;
}

CompletionRequest request_with(const AnswerGrammars& grammars, const char* gbnf, Channel channel, i32 open = -1) {
  CompletionRequest r;
  r.prompt = {1, 2, 3};
  r.max_tokens = 100;
  r.channel = channel;
  r.stop_ids = {kTestEos};
  r.think = {.tokens = -1, .open = open, .end = kTestEndThink, .close = {'\n', kTestEndThink, '\n', '\n'}};
  EXPECT_TRUE(grammars.constrain(r, *read_gbnf(gbnf), kTestContext));
  return r;
}

TEST(AnswerGrammar, BeginsBehindTheThinkingAndEndsWhereTheGrammarIsComplete) {
  const Tokenizer tokenizer = byte_tokenizer(Marks::r1);
  const AnswerGrammars grammars(tokenizer);
  const CompletionRequest r = request_with(grammars, "root ::= \"a\" \"b\"?", Channel::thinking);
  const auto constraint = r.constraint();
  const auto thinking = tokens_in(constraint->allowed());
  EXPECT_EQ(std::count(thinking.begin(), thinking.end(), 'x'), 1) << "the thinking is free";
  EXPECT_EQ(std::count(thinking.begin(), thinking.end(), kTestEos), 0) << "the sample does not end inside it";
  for (const i32 token : std::initializer_list<i32>{'x', 'a', kTestEndThink}) constraint->accept(token);
  EXPECT_EQ(tokens_in(constraint->allowed()), (std::vector<i32>{'\n', 'a'}));
  for (const i32 token : {'\n', '\n'}) constraint->accept(token);
  EXPECT_EQ(tokens_in(constraint->allowed()), std::vector<i32>{'a'});
  constraint->accept('a');
  EXPECT_EQ(tokens_in(constraint->allowed()), (std::vector<i32>{'b', kTestEos}));
  constraint->accept('b');
  EXPECT_EQ(tokens_in(constraint->allowed()), std::vector<i32>{kTestEos});
}

TEST(AnswerGrammar, AModelThatOpensItsThinkingMayThinkOrAnswer) {
  const Tokenizer tokenizer = byte_tokenizer(Marks::r1);
  const AnswerGrammars grammars(tokenizer);
  const CompletionRequest r = request_with(grammars, "root ::= \"a\"", Channel::answer, kTestThink);
  const auto one = r.constraint(), two = r.constraint();
  EXPECT_EQ(tokens_in(one->allowed()), (std::vector<i32>{'a', kTestThink}));
  one->accept(kTestThink);
  EXPECT_GT(tokens_in(one->allowed()).size(), 200u);
  two->accept('a');
  EXPECT_EQ(tokens_in(two->allowed()), std::vector<i32>{kTestEos});
}

TEST(AnswerGrammar, LeavesRoomForTheAnswer) {
  const Tokenizer tokenizer = byte_tokenizer(Marks::r1);
  const AnswerGrammars grammars(tokenizer);
  // Of 100 tokens, 50 are left for the answer, and 4 for closing the thinking.
  EXPECT_EQ(request_with(grammars, "root ::= \"a\"", Channel::thinking).think.tokens, 46);
  EXPECT_EQ(request_with(grammars, "root ::= \"a\"", Channel::answer).think.tokens, -1) << "no thinking, no limit";
}

class AnswerGrammarEngine : public testing::Test {
 protected:
  AnswerGrammarEngine() {
    write_test_session(folder_.path());
    SessionOptions options;
    options.max_sequences = 4;
    options.context = kTestContext;
    auto opened = Session::open(folder_.path(), pool_, options);
    R1_CHECK(opened, "{}", opened ? "" : opened.error().what);
    session_.emplace(std::move(*opened));
    grammars_.emplace(session_->tokenizer());
  }
  // The random model draws every token about equally often.
  CompletionRequest request(u64 seed) {
    CompletionRequest r = session_->defaults();
    r.prompt = {'h', 'i', static_cast<i32>('0' + seed)};
    r.sampling.temperature = 1;
    r.sampling.top_p = 1;
    r.sampling.seed = seed;
    r.channel = Channel::thinking;
    r.max_tokens = 200;
    r.stop_ids = {kTestEos};
    const auto schema = parse_json(
        R"({"properties": {"a": {"type": "integer"}, "b":
            {"type": "array", "items": {"enum": ["x", "y"]}, "maxItems": 3}},
            "required": ["a", "b"], "additionalProperties": false})",
        "schema");
    const Status done = grammars_->constrain(r, *read_json_schema(*schema), kTestContext);
    EXPECT_TRUE(done) << (done ? "" : done.error().what);
    return r;
  }
  std::map<u64, Completion> run(const std::vector<u64>& seeds) {
    Completions completions(session_->engine(), session_->tokenizer());
    std::map<RequestId, u64> seed_of;
    for (const u64 seed : seeds) seed_of[*completions.submit(request(seed))] = seed;
    std::map<u64, Completion> out;
    while (completions.busy()) {
      const auto events = completions.step();
      EXPECT_TRUE(events);
      if (!events) break;
      for (const CompletionEvent& e : *events) out[seed_of[e.request]].append(e);
    }
    return out;
  }

  TestFolder folder_;
  ThreadPool pool_{2};
  std::optional<Session> session_;
  std::optional<AnswerGrammars> grammars_;
};

TEST_F(AnswerGrammarEngine, AnswersFitAndAreTheSameAloneAndAmongOthers) {
  const std::vector<u64> seeds{1, 2, 3, 4, 5, 6};
  const auto together = run(seeds);
  ASSERT_EQ(together.size(), seeds.size());
  for (const auto& [seed, completion] : together) {
    ASSERT_EQ(completion.finish, FinishReason::stop_token) << completion.answer;
    const auto json = parse_json(completion.answer, "answer");
    ASSERT_TRUE(json) << completion.answer;
    EXPECT_TRUE(json->find("a") && json->find("a")->integer()) << completion.answer;
    EXPECT_TRUE(json->find("b") && json->find("b")->array()) << completion.answer;
    const auto alone = run({seed});
    EXPECT_EQ(alone.at(seed).tokens, completion.tokens) << seed;
    EXPECT_EQ(alone.at(seed).logprobs.size(), completion.logprobs.size());
  }
}

}  // namespace
}  // namespace r1
