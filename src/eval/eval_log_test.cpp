// Logs: going on after an interruption at any byte, and what is refused.
#include "eval/eval_log.hpp"

#include <algorithm>

#include "eval/test_eval.hpp"

namespace r1 {
namespace {

class EvalLogTest : public EvalTest {
 protected:
  EvalLogTest() {
    for (size_t i = 0; i < problems_.size(); ++i) {
      problems_[i].prompt = fmt::format("what is {}", i), problems_[i].kind = "random";
      problems_[i].checker = AnswerChecker{"1"};
    }
    options_.log = log_;
    options_.settings = Json::object({{"seed", 1}, {"model", "a"}});
  }
  Result<EvalResult> run() { return evaluate(engine_, tokenizer_, problems_, judge_, options_); }
  std::string text() const { return *read_file(log_); }
  // The lines of completions, in order; the settings come first.
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> out;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      out.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    std::sort(out.begin() + 1, out.end());
    return out;
  }
  void expect_refused(const std::string& part) {
    const std::string before = text();
    const auto result = run();
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().what.find(log_.string()), std::string::npos) << result.error().what;
    EXPECT_NE(result.error().what.find(part), std::string::npos) << result.error().what;
    EXPECT_EQ(text(), before);
  }

  const fs::path log_ = folder_ / "log.jsonl";
  const Tokenizer tokenizer_ = byte_tokenizer();
  Engine engine_ = engine();
  std::vector<Problem> problems_ = std::vector<Problem>(3);
  EvalOptions options_ = options(2, 6, tokenizer_);
};

TEST_F(EvalLogTest, AfterAnEndAtAnyByteTheResultIsThatOfAnUninterruptedRun) {
  const auto whole = run();
  ASSERT_TRUE(whole) << whole.error().what;
  const std::string all = text();
  ASSERT_EQ(lines(all).size(), 7u);
  const size_t header = all.find('\n') + 1;
  for (size_t end = 0; end <= all.size(); end += end < header ? 40 : 61) {
    ASSERT_TRUE(write_file(log_, all.substr(0, end)));
    const auto again = run();
    ASSERT_TRUE(again) << end << ": " << again.error().what;
    EXPECT_EQ(lines(text()), lines(all)) << end;
    EXPECT_EQ(dump(to_json(*again)), dump(to_json(*whole))) << end;
    EXPECT_EQ(again->resumed, std::max<i64>(0, std::count(all.begin(), all.begin() + end, '\n') - 1)) << end;
  }
}

TEST_F(EvalLogTest, CompletionsWithoutAVerdictAreJudgedAgainAndNotGeneratedAgain) {
  ASSERT_TRUE(run());
  const std::string all = text();
  std::string open = all;
  size_t changed = 0;
  constexpr std::string_view kWrong = "\"verdict\": \"wrong\"", kUnchecked = "\"verdict\": \"unchecked\"";
  for (size_t at = 0; (at = open.find(kWrong, at)) != open.npos; ++changed) open.replace(at, kWrong.size(), kUnchecked);
  ASSERT_EQ(changed, 6u);
  ASSERT_TRUE(write_file(log_, open));
  i64 tokens = 0;
  options_.progress = [&](const EvalProgress& p) { tokens += p.tokens_per_second > 0; };
  const auto again = run();
  ASSERT_TRUE(again);
  EXPECT_EQ(tokens, 0);
  EXPECT_EQ(again->verdicts.at(JudgementKind::wrong), 6);
  EXPECT_EQ(again->all.n, 3);
  EXPECT_EQ(lines(text()).size(), 13u) << "the new verdicts follow the old ones";
  EXPECT_EQ(dump(to_json(*run())), dump(to_json(*again))) << "of two lines the later one counts";
}

TEST_F(EvalLogTest, AnInterruptedRunKeepsWhatItHasAndGoesOn) {
  const auto whole = run();
  const std::string all = text();
  fs::remove(log_);
  std::atomic<bool> stop{false};
  options_.stop = &stop;
  i64 requests = 0;
  const auto request = options_.request;
  options_.request = [&](const Problem& p) {
    stop = ++requests == 3;  // before the first step
    return request(p);
  };
  const auto interrupted = run();
  ASSERT_TRUE(interrupted);
  EXPECT_TRUE(interrupted->interrupted);
  EXPECT_EQ(interrupted->all.n, 0);
  stop = false, requests = 10;
  EXPECT_EQ(dump(to_json(*run())), dump(to_json(*whole)));
  EXPECT_EQ(lines(text()), lines(all));
}

TEST_F(EvalLogTest, OtherSettingsAreRefusedByName) {
  ASSERT_TRUE(run());
  options_.settings = Json::object({{"seed", 2}, {"model", "a"}});
  expect_refused("its seed is 1, here it is 2");
  options_.settings = Json::object({{"seed", 1}, {"model", "a"}, {"--reward-program", "x"}});
  expect_refused("its --reward-program is nothing, here it is \"x\"");
  options_.settings = Json::object({{"seed", 1}});
  expect_refused("its model is \"a\", here it is nothing");
}

TEST_F(EvalLogTest, AFileThatIsNoLogIsNotTouched) {
  for (const char* content :
       {"notes", "notes\n", "{\"prompt\":\"a\"}\n", "{\"r1_eval\": 2, \"settings\": {}}\n", "[]\n"}) {
    ASSERT_TRUE(write_file(log_, content));
    expect_refused("is not a log of r1 eval");
  }
}

TEST_F(EvalLogTest, ALineThatIsBrokenOrOfOtherProblemsIsNamed) {
  ASSERT_TRUE(run());
  const std::string all = text(), header = all.substr(0, all.find('\n') + 1);
  const std::pair<const char*, const char*> bad[] = {
      {"{\"index\": 0\n", "log.jsonl:2"},
      {"{\"index\": 3}\n", "log.jsonl:2: index: expected"},
      {"{\"index\": 0, \"sample\": 2}\n", "log.jsonl:2: sample: expected"},
      {"{\"index\": 0, \"sample\": 0}\n", "log.jsonl:2: text: missing"}};
  for (const auto& [line, message] : bad) {
    ASSERT_TRUE(write_file(log_, header + line));
    expect_refused(message);
  }
}

TEST_F(EvalLogTest, TwoEvaluationsCannotWriteOneLog) {
  const auto first = EvalLog::open(log_, options_.settings, 3, 2);
  ASSERT_TRUE(first);
  expect_refused("another evaluation is writing this log");
}

TEST(Fingerprints, ChangeWithTheFilesAndWithTheProblems) {
  const TestFolder folder;
  const fs::path file = folder.path() / "model.safetensors";
  std::string bytes(5 << 20, 'a');
  ASSERT_TRUE(write_file(file, bytes));
  const std::string one = *model_fingerprint(folder.path());
  EXPECT_EQ(*model_fingerprint(folder.path()), one);
  ASSERT_TRUE(write_file(folder.path() / "README.md", "x"));
  EXPECT_EQ(*model_fingerprint(folder.path()), one);
  for (const size_t at : {size_t{0}, bytes.size() / 16 * 7}) {
    std::string other = bytes;
    other[at] = 'b';
    ASSERT_TRUE(write_file(file, other));
    EXPECT_NE(*model_fingerprint(folder.path()), one) << at;
  }
  std::vector<Problem> problems(1);
  const std::string of_one = problems_fingerprint(problems);
  problems[0].checker = MathChecker{"1"};
  EXPECT_NE(problems_fingerprint(problems), of_one);
}

}  // namespace
}  // namespace r1
