// The command sample, run as people and scripts run it: conversations, decisions, interruptions, and fine-tuning on the
// result.
#include <map>

#include "formats/json.hpp"
#include "program.hpp"

namespace r1 {
namespace {

class SampleCli : public Program {
 protected:
  std::string written(const char* name) const {
    const auto text = read_file(file(name));
    EXPECT_TRUE(text) << name;
    return text.value_or("");
  }
  std::vector<Json> rows(const char* name) const {
    std::vector<Json> out;
    EXPECT_TRUE(for_each_jsonl(file(name), [&](i64, Json row) -> Status {
      out.push_back(std::move(row));
      return {};
    }));
    return out;
  }
  static std::string text(const Json& row, const char* key) {
    const Json* value = row.find(key);
    return value && value->string() ? *value->string() : "";
  }
  static std::pair<i64, i64> number(const Json& row) {
    return {*row.find("index")->integer(), *row.find("sample")->integer()};
  }
  // Runs lines of bash in the root of the source tree, with the program as $R1 and the test's folder as $F.
  int bash(const std::string& lines) const {
    EXPECT_TRUE(write_file(file("script"), fmt::format("cd {}; R1={}/r1 F={}; exec < /dev/null\n{}\n", R1_SOURCE_DIR,
                                                       R1_BINARY_DIR, folder_.string(), lines)));
    const int status = std::system(("bash " + file("script").string()).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

constexpr const char* kSample = "sample --tasks product:2,sort:1 --n 5 -k 4 --temperature 1 -n 100";

TEST_F(SampleCli, VerifiedAnswersBecomeConversationsAndFineTuningReadsThem) {
  const Outcome o = r1(fmt::format("{} -o {{}}/rows.jsonl", kSample));
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find("10 prompts, 40 samples, "), std::string::npos) << o.err;
  const auto decisions = rows("rows.decisions.jsonl");
  ASSERT_EQ(decisions.size(), 41u) << "the settings, and a line for every sample";
  std::map<std::pair<i64, i64>, Json> kept;
  std::map<std::string, i64> count;
  for (size_t i = 1; i < decisions.size(); ++i) {
    const Json& d = decisions[i];
    EXPECT_EQ(number(d), (std::pair<i64, i64>((i - 1) / 4, (i - 1) % 4))) << "in the order of problems and samples";
    ++count[text(d, "decision")];
    EXPECT_TRUE(text(d, "verdict") == "right" || text(d, "decision") != "kept");
    if (text(d, "decision") == "kept") kept.emplace(number(d), d);
    EXPECT_EQ(d.find("duplicate_of") != nullptr, text(d, "decision") == "duplicate");
  }
  for (const auto& [name, n] : count)
    EXPECT_NE(o.err.find(name == "kept" ? fmt::format("{} kept", n) : fmt::format("{} {}", name, n)), std::string::npos)
        << name << " in " << o.err;
  ASSERT_GT(count["kept"], 0);
  const auto conversations = rows("rows.jsonl");
  ASSERT_EQ(std::ssize(conversations), count["kept"]);
  for (const Json& row : conversations) {
    const Json& d = kept.at(number(row));
    const Json::Array& turns = *row.find("messages")->array();
    ASSERT_EQ(turns.size(), 2u);
    EXPECT_EQ(text(turns[0], "role"), "user");
    EXPECT_EQ(text(turns[0], "content"), text(d, "prompt"));
    EXPECT_EQ(text(turns[1], "role"), "assistant");
    EXPECT_EQ(text(turns[1], "content"), "<think>\n" + text(d, "text"));
  }
  const Outcome trained =
      r1("train sft --config recipes/examples/sft.toml --steps 2 --data.file {}/rows.jsonl --data.weight 1000 --out "
         "{}/run");
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(trained.err.find("has thinking"), std::string::npos) << trained.err;
}

TEST_F(SampleCli, TheSameSeedGivesTheSameFilesWhateverRunsAtOnce) {
  ASSERT_EQ(r1(fmt::format("{} -t 1 -b 64 -o {{}}/a.jsonl", kSample)).code, 0);
  ASSERT_EQ(r1(fmt::format("{} -t 2 -b 3 -o {{}}/b.jsonl", kSample)).code, 0);
  EXPECT_EQ(written("b.jsonl"), written("a.jsonl"));
  EXPECT_EQ(written("b.decisions.jsonl"), written("a.decisions.jsonl"));
}

// The settings of nano are greedy.
TEST_F(SampleCli, SeveralSamplesOfAGreedyModelAreDrawnFromTheDistributionOfTraining) {
  const std::string sample = "sample --tasks product:2 --n 2 -n 40 ";
  ASSERT_EQ(r1(sample + "-k 3 -o {}/default.jsonl").code, 0);
  ASSERT_EQ(r1(sample + "-k 3 --temperature 1 --top-p 1 -o {}/whole.jsonl").code, 0);
  EXPECT_EQ(written("default.decisions.jsonl"), written("whole.decisions.jsonl"));
  const auto temperature_of = [&](const char* name) {
    const Json settings = rows(name).at(0);
    return *settings.find("settings")->find("--temperature")->number();
  };
  EXPECT_EQ(temperature_of("default.decisions.jsonl"), 1);
  ASSERT_EQ(r1(sample + "-k 1 -o {}/one.jsonl").code, 0);
  EXPECT_EQ(temperature_of("one.decisions.jsonl"), 0) << "a single sample is greedy, as the model recommends";
}

// The problems are of the training side, so that none of r1 eval is learnt from.
TEST_F(SampleCli, GeneratedProblemsAreThoseOfTheTrainingSide) {
  ASSERT_EQ(r1(fmt::format("{} -o {{}}/rows.jsonl", kSample)).code, 0);
  const std::string problems = r1("problems --tasks product:2,sort:1 --n 5 --train").out;
  for (const Json& row : rows("rows.jsonl"))
    EXPECT_NE(problems.find(dump(*(*row.find("messages")->array())[0].find("content"))), std::string::npos);
}

TEST_F(SampleCli, KilledOrInterruptedItGoesOnToTheSameFiles) {
  // Waits until three samples have been logged. The shell's background jobs ignore SIGINT until the program sets its
  // own handler, which it has done by then.
  const std::string until =
      "until [ -e $F/$N.decisions.jsonl ] && [ $(wc -l < $F/$N.decisions.jsonl) -ge 4 ]; do "
      "sleep 0.01; done\n";
  const std::string many = "sample --tasks product:2,sort:1 --n 20 -k 4 --temperature 1 -n 100 -t 1 -b 4 --keep 2";
  ASSERT_EQ(bash(fmt::format("$R1 {0} -o $F/whole.jsonl 2> $F/summary || exit 9\n"
                             "N=killed; $R1 {0} -o $F/killed.jsonl 2> $F/noise & {1}"
                             "kill -9 $!; wait $! 2> $F/noise; [ -e $F/killed.jsonl ] && exit 8\n"
                             "truncate -s -7 $F/killed.decisions.jsonl\n"  // as if killed within the last line
                             "$R1 {0} -o $F/killed.jsonl 2> $F/killed.summary || exit 7\n"
                             "N=stopped; $R1 {0} -o $F/stopped.jsonl 2> $F/stopped.message & {1}"
                             "kill -INT $!; wait $!; echo $? > $F/code; [ -e $F/stopped.jsonl ] && exit 6\n"
                             "$R1 {0} -o $F/stopped.jsonl 2> $F/stopped.summary || exit 5\n",
                             many, until)),
            0);
  EXPECT_EQ(written("code"), "130\n");
  EXPECT_NE(written("stopped.message").find("interrupted; "), std::string::npos) << written("stopped.message");
  for (const std::string name : {"killed", "stopped"}) {
    EXPECT_EQ(written((name + ".jsonl").c_str()), written("whole.jsonl"));
    EXPECT_EQ(written((name + ".decisions.jsonl").c_str()), written("whole.decisions.jsonl"));
    EXPECT_EQ(written((name + ".summary").c_str()), written("summary"));
  }
}

// A mark in the text of a logged sample shows that the sample was not generated again.
TEST_F(SampleCli, OtherRulesChooseFromTheSameSamples) {
  ASSERT_EQ(r1(fmt::format("{} -o {{}}/rows.jsonl --similarity 0", kSample)).code, 0);
  std::string decisions = written("rows.decisions.jsonl");
  const size_t right = decisions.find("\"verdict\": \"right\""), at = decisions.find("\"text\": \"", right) + 9;
  ASSERT_NE(right, decisions.npos);
  ASSERT_TRUE(write_file(file("rows.decisions.jsonl"), decisions.insert(at, "marked ")));
  const auto kept = [&](const std::string& flags) {
    const Outcome o = r1(fmt::format("{} -o {{}}/rows.jsonl {}", kSample, flags));
    EXPECT_EQ(o.code, 0) << o.err;
    return rows("rows.jsonl");
  };
  const auto all = kept("--similarity 0"), one = kept("--similarity 0 --keep 1"), distinct = kept("");
  EXPECT_NE(written("rows.jsonl").find("marked "), std::string::npos);
  EXPECT_LT(one.size(), all.size());
  EXPECT_LT(distinct.size(), all.size());
  std::map<std::string, int> of_prompt;
  for (const Json& row : one) EXPECT_EQ(++of_prompt[text((*row.find("messages")->array())[0], "content")], 1);
}

TEST_F(SampleCli, AnswersWithoutThinkingBecomeRowsWithoutIt) {
  ASSERT_TRUE(
      write_file(file("problems.jsonl"), "{\"prompt\":\"Say hello.\",\"check\":\"chat\",\"id\":\"greeting\"}\n"));
  const Outcome o = r1("sample --file {}/problems.jsonl --no-think -k 1 --temperature 0 -o {}/rows.jsonl");
  ASSERT_EQ(o.code, 0) << o.err;
  for (const Json& row : rows("rows.jsonl")) {
    EXPECT_EQ(text(row, "id"), "greeting");
    EXPECT_EQ(text((*row.find("messages")->array())[1], "content").find("think>"), std::string::npos);
  }
}

TEST_F(SampleCli, MistakesAreNamedAndNoFileIsLost) {
  expect_failure(r1("sample --tasks sort"), 2, {"--out"});
  expect_failure(r1("sample -o {}/x.jsonl"), 2, {"--data", "--tasks"});
  expect_failure(r1("sample --tasks sort -o {}/x.jsonl --prefer fast"), 2, {"--prefer fast", "short"});
  expect_failure(r1("sample --tasks sort -o {}/x.jsonl --language latin"), 2, {"--language latin", "chinese"});
  expect_failure(r1("sample --tasks sort -o {}/x.jsonl --similarity 2"), 2, {"--similarity: 2"});
  expect_failure(r1("sample --tasks sort -o {}/x.jsonl --temperature 0"), 2, {"-k 8", "--temperature"});
  expect_failure(r1("sample --tasks sort --n 1 -k 1 -o {}/none/x.jsonl"), 1, {"none/x.jsonl"});
  EXPECT_FALSE(fs::exists(file("x.jsonl")));
  ASSERT_TRUE(write_file(file("mine.jsonl"), "mine"));
  expect_failure(r1("sample --tasks sort --n 1 -k 1 -o {}/mine.jsonl"), 2, {"mine.jsonl", "exists"});
  expect_failure(r1("sample --tasks sort --n 1 -k 1 -o {}/x.jsonl --decisions {}/mine.jsonl"), 1,
                 {"mine.jsonl: is not a log", "--decisions"});
  EXPECT_EQ(written("mine.jsonl"), "mine");
  ASSERT_EQ(r1("sample --tasks sort --n 1 -k 1 -o {}/rows.jsonl").code, 0);
  const std::string before = written("rows.jsonl");
  expect_failure(r1("sample --tasks sort --n 1 -k 1 --temperature 0.5 -o {}/rows.jsonl"), 1,
                 {"its --temperature is 0.0, here it is 0.5", "--decisions"});
  EXPECT_EQ(written("rows.jsonl"), before);
}

}  // namespace
}  // namespace r1
