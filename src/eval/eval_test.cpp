#include "eval/eval.hpp"

#include <unistd.h>

#include <filesystem>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "infer/test_model.hpp"
#include "kernels/cpu/kernels.hpp"
#include "tasks/rows.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class EvalTest : public testing::Test {
 protected:
  EvalTest() : folder_(fs::temp_directory_path() / fmt::format("r1-eval-{}", ::getpid())) {
    fs::create_directories(folder_);
  }
  ~EvalTest() override { fs::remove_all(folder_); }

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
  // One token a byte, the printable ones first, so that prompts stay inside the test model's vocabulary.
  static Tokenizer tokenizer() {
    std::vector<int> bytes;
    for (int b = 33; b <= 126; ++b) bytes.push_back(b);
    for (int b = 161; b <= 255; ++b)
      if (b != 173) bytes.push_back(b);
    std::vector<std::string> names(256);
    for (const int b : bytes) append_utf8(static_cast<u32>(b), names[b]);
    u32 next = 256;
    for (auto& name : names)
      if (name.empty()) append_utf8(next++, name);
    Json vocab = Json::Object{};
    for (int b = 0; b < 256; ++b) vocab.set(names[b], b);
    const Json json = Json::object(
        {{"added_tokens", Json::Array{}},
         {"pre_tokenizer", Json::object({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}})},
         {"decoder", Json::object({{"type", "ByteLevel"}})},
         {"model", Json::object({{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::Array{}}})}});
    auto t = Tokenizer::parse(dump(json), "test tokenizer");
    R1_CHECK(t, "{}", t ? "" : t.error().what);
    return std::move(*t);
  }

  fs::path folder_;
  ThreadPool pool_{1};
  std::unique_ptr<Model> model_ = test_model();
};

TEST_F(EvalTest, ReadsRowsAndNamesTheLineOfABadOne) {
  const auto rows =
      read_problems(file("a.jsonl",
                         "{\"prompt\":\"1+1\",\"answer\":\"2\",\"kind\":\"sum\"}\n\n"
                         "{\"prompt\":\"2+2\",\"answer\":4}\n"
                         "{\"prompt\":\"make 46\",\"check\":\"countdown\",\"numbers\":[3,7,25],\"target\":46}\n"));
  ASSERT_TRUE(rows) << (rows ? "" : rows.error().what);
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[0].kind, "sum");
  EXPECT_EQ((*rows)[1].answer, "4");
  EXPECT_EQ((*rows)[2].numbers, (std::vector<i64>{3, 7, 25}));
  EXPECT_EQ((*rows)[2].target, 46);

  const auto bad = read_problems(file("b.jsonl", "{\"prompt\":\"1\",\"answer\":\"2\"}\n{\"prompt\":\"1\"}\n"));
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("b.jsonl"), std::string::npos) << bad.error().what;
  EXPECT_NE(bad.error().what.find("2"), std::string::npos) << bad.error().what;
  EXPECT_NE(bad.error().what.find("answer"), std::string::npos) << bad.error().what;
  EXPECT_FALSE(read_problems(file("c.jsonl", "\n")));
  EXPECT_FALSE(read_problems(file("d.jsonl", "{\"prompt\":\"1\",\"check\":\"luck\"}\n")));
}

TEST_F(EvalTest, TheSameSeedGivesTheSameResultAndALineForEveryCompletion) {
  Engine e = engine();
  const Tokenizer t = tokenizer();
  std::vector<Problem> problems(3);
  for (size_t i = 0; i < problems.size(); ++i)
    problems[i].prompt = fmt::format("what is {}", i), problems[i].answer = "1", problems[i].kind = "random";
  EvalOptions options;
  options.k = 4, options.max_tokens = 12, options.starts_thinking = false, options.log = folder_ / "log.jsonl";
  i64 done = 0, all = 0;
  options.progress = [&](i64 d, i64 total) { done = d, all = total; };
  const auto first = evaluate(e, t, problems, options);
  ASSERT_TRUE(first) << (first ? "" : first.error().what);
  const auto second = evaluate(e, t, problems, options);
  ASSERT_TRUE(second);
  EXPECT_EQ(to_json(*first), to_json(*second));
  EXPECT_EQ(first->all.n, 3);
  EXPECT_EQ(first->truncated, 12);  // nothing stops a random model
  EXPECT_EQ(done, 12);
  EXPECT_EQ(all, 12);
  i64 lines = 0;
  ASSERT_TRUE(for_each_jsonl(options.log, [&](i64, const Json& row) -> Status {
    EXPECT_EQ(*row.find("tokens")->integer(), 12);
    return ++lines, Status();
  }));
  EXPECT_EQ(lines, 12);
}

TEST_F(EvalTest, ThinkingThatNeverEndsIsNoAnswer) {
  Engine e = engine();
  const Tokenizer t = tokenizer();
  std::vector<Problem> problems(1);
  problems[0].prompt = "hello", problems[0].answer = "unknown yet";
  EvalOptions options;
  options.max_tokens = 8;
  options.starts_thinking = false;
  options.log = folder_ / "log.jsonl";
  ASSERT_TRUE(evaluate(e, t, problems, options));
  ASSERT_TRUE(for_each_jsonl(options.log, [&](i64, const Json& row) -> Status {
    return problems[0].answer = *row.find("given")->string(), Status();  // what this model happens to say is right
  }));
  options.log.clear();
  const auto open = evaluate(e, t, problems, options);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->all.pass_at_1, 1);
  options.starts_thinking = true;
  const auto thinking = evaluate(e, t, problems, options);
  ASSERT_TRUE(thinking);
  EXPECT_EQ(thinking->all.pass_at_1, 0);
  EXPECT_EQ(thinking->mean_thinking_tokens, 8);
}

TEST_F(EvalTest, PromptsAreEncodedByTheCallersFunctionAndItsErrorsAreReported) {
  Engine e = engine();
  const Tokenizer t = tokenizer();
  std::vector<Problem> problems(2);
  for (Problem& p : problems) p.prompt = "hello", p.answer = "1";
  EvalOptions options;
  options.max_tokens = 4, options.starts_thinking = false;
  i64 encoded = 0;
  options.encode = [&](const Problem&) -> Result<std::vector<i32>> { return ++encoded, std::vector<i32>{1, 2, 3}; };
  ASSERT_TRUE(evaluate(e, t, problems, options));
  EXPECT_EQ(encoded, 2);
  options.encode = [](const Problem& p) -> Result<std::vector<i32>> { return fail(Errc::corrupt, "no {}", p.prompt); };
  const auto refused = evaluate(e, t, problems, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "no hello");
}

TEST_F(EvalTest, ALogThatCannotBeWrittenEndsTheEvaluationEarlyAndIsSaid) {
  Engine e = engine();
  const Tokenizer t = tokenizer();
  std::vector<Problem> problems(40);  // 320 completions, 64 at a time
  for (Problem& p : problems) p.prompt = "hello", p.answer = "1";
  EvalOptions options;
  options.k = 8, options.max_tokens = 4, options.starts_thinking = false, options.log = "/dev/full";
  const auto result = evaluate(e, t, problems, options);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->log_failed);
  EXPECT_FALSE(result->interrupted);
  EXPECT_LT(result->all.n, 40);
}

TEST_F(EvalTest, GeneratedProblemsAreTheSameEveryTimeAndCycleThroughDifficulties) {
  const Kind& kind = kinds().front();
  const auto a = generate_problems(kind.name, 1, kind.max_difficulty, 10, Split::test, 3);
  const auto b = generate_problems(kind.name, 1, kind.max_difficulty, 10, Split::test, 3);
  ASSERT_EQ(a.size(), 10u);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].prompt, b[i].prompt);
    EXPECT_EQ(a[i].difficulty, 1 + static_cast<int>(i) % kind.max_difficulty);
  }
}

}  // namespace
}  // namespace r1
