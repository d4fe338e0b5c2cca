// Which words of the command line are a command, and commands that need no model: problems, models, rm, help.
#include "program.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include "formats/json.hpp"

namespace r1 {
namespace {

class Commands : public Program {
 protected:
  // The program with a cache of its own for pulled models.
  Outcome with_cache(const std::string& words) const {
    setenv("HF_HUB_CACHE", file("cache").c_str(), 1);
    const Outcome o = r1(words);
    unsetenv("HF_HUB_CACHE");
    return o;
  }
  // A file as a hub's tools store it: a blob, and a link from the snapshot.
  void put(const std::string& repo, const std::string& name, const std::string& hash, const std::string& bytes) const {
    const fs::path folder = file("cache") / ("models--" + repo);
    fs::create_directories(folder / "blobs");
    fs::create_directories(folder / "snapshots/c0");
    ASSERT_TRUE(write_file(folder / "blobs" / hash, bytes));
    fs::create_symlink("../../blobs/" + hash, folder / "snapshots/c0" / name);
  }
  bool is_there(const char* path) const { return fs::exists(file("cache") / path); }
};

TEST_F(Commands, AMistypedCommandIsAUsageErrorThatNamesTheCommand) {
  expect_failure(r1("pul x"), 2, {"\"pul\"", "\"pull\"", "r1 run -p \"pul x\""});
  expect_failure(r1("evla --json"), 2, {"\"eval\""});
  expect_failure(r1("modles"), 2, {"\"models\""});
  expect_failure(r1("trainn sft"), 2, {"\"train\""});
  expect_failure(r1("help pul"), 2, {"\"pull\""});
  expect_failure(r1("help me"), 2, {"no command \"me\""});
}

TEST_F(Commands, NamesFromOtherProgramsDoWhatTheySayOrAreRefused) {
  const std::string models = r1("models").out;
  EXPECT_NE(models.find("nano"), std::string::npos) << models;
  EXPECT_EQ(r1("list").out, models);
  EXPECT_EQ(r1("ls").out, models);
  EXPECT_EQ(r1("show nano").out, r1("inspect nano").out);
  EXPECT_EQ(r1("version").out, r1("--version").out);
  EXPECT_EQ(r1("help").out, r1("--help").out);
  EXPECT_EQ(r1("help pull").out, r1("pull --help").out);
  expect_failure(r1("ps"), 2, {"ps", "r1 models"});
  expect_failure(r1("stop nano"), 2, {"stop", "Ctrl-C"});
  expect_failure(r1("plan the party"), 2, {"plan", "does not exist yet"});
}

TEST_F(Commands, EverythingElseIsAPrompt) {
  for (const char* prompt : {"hello", "thanks", "1+1", "'help'\\''s on its way'", "list three fruits please",
                             "show me a prime", "version two of it", "fun", "'pull x'"}) {
    const Outcome o = r1(std::string(prompt) + " -n 1 --json < /dev/null");
    EXPECT_EQ(o.code, 0) << prompt << ": " << o.err;
    EXPECT_EQ(o.out.rfind("{\"prompt\"", 0), 0u) << prompt;
  }
}

TEST_F(Commands, ProblemsEndQuietlyWhenTheirReaderHasEnough) {
  // Far more rows than the test would wait for: they are written while they are made.
  const Outcome o = r1("problems --n 100000000 2> {}/complaint | head -n 2 > {}/rows; exit ${PIPESTATUS[0]}");
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(read_file(file("complaint")).value(), "");
  const std::string rows = read_file(file("rows")).value();
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 2) << rows;
}

TEST_F(Commands, ProblemsWithTracesHoldTheWholeCompletion) {
  const Outcome o = r1("problems --train --traces --tasks product:1,countdown:1 --n 3");
  ASSERT_EQ(o.code, 0) << o.err;
  const Json row = parse_json(o.out.substr(0, o.out.find('\n')), "row").value();
  EXPECT_TRUE(row.find("answer"));
  const Json::Array& turns = *row.find("messages")->array();
  ASSERT_EQ(turns.size(), 2u);
  EXPECT_EQ(*turns[0].find("content")->string(), *row.find("prompt")->string());
  const std::string completion = *turns[1].find("content")->string();
  EXPECT_EQ(completion.rfind("<think>\n", 0), 0u) << completion;
  EXPECT_NE(completion.find("</think>\n\n"), std::string::npos) << completion;
  EXPECT_EQ(r1("problems --n 1 --tasks sort").out.find("messages"), std::string::npos);
}

TEST_F(Commands, AnInterruptedEvaluationSaysSoInItsTable) {
  // The signal comes when the first completion has been logged. The shell's background jobs ignore SIGINT until the
  // program sets its own handler, which it has done by then.
  ASSERT_TRUE(write_file(file("script"), fmt::format("cd {0}\n{1}/r1 eval -m nano --tasks product,sort --n 4000 --log "
                                                     "{2}/log > {2}/table 2> {2}/noise < /dev/null &\n"
                                                     "until [ -s {2}/log ]; do sleep 0.01; done\n"
                                                     "kill -INT $!; wait $!\n",
                                                     R1_SOURCE_DIR, R1_BINARY_DIR, folder_.string())));
  const int status = std::system(("bash " + file("script").string()).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 130);
  const std::string table = *read_file(file("table"));
  EXPECT_NE(table.find("interrupted after "), std::string::npos) << table;
  EXPECT_NE(table.find(" of 8000 problems\n"), std::string::npos) << table;
}

TEST_F(Commands, RmRemovesOneModelOfARepositoryAndThenAllOfIt) {
  put("org--Some-GGUF", "Some-Q4_K_M.gguf", "aa", "GGUF of 4 bits");
  put("org--Some-GGUF", "Some-Q8_0.gguf", "bb", "GGUF of 8 bits");
  put("org--Some-GGUF", "README.md", "cc", "# Some");
  expect_failure(with_cache("rm Some:Q4_K_M < /dev/null"), 2, {"Some:Q4_K_M (", "--yes"});
  EXPECT_TRUE(is_there("models--org--Some-GGUF/blobs/aa"));
  EXPECT_EQ(with_cache("rm Some:Q4_K_M --yes").code, 0);
  EXPECT_FALSE(is_there("models--org--Some-GGUF/blobs/aa"));
  EXPECT_TRUE(is_there("models--org--Some-GGUF/blobs/bb"));
  EXPECT_TRUE(is_there("models--org--Some-GGUF/snapshots/c0/README.md"));
  EXPECT_EQ(with_cache("models").out.find("Q4_K_M"), std::string::npos);
  EXPECT_NE(with_cache("models").out.find("Q8_0"), std::string::npos);
  EXPECT_EQ(with_cache("rm Some:Q8_0 --yes").code, 0);
  EXPECT_FALSE(is_there("models--org--Some-GGUF"));
}

TEST_F(Commands, RmKeepsABlobThatAnotherModelUses) {
  put("org--Pair-GGUF", "Pair-Q4_0.gguf", "aa", "GGUF");
  put("org--Pair-GGUF", "Pair-Q8_0.gguf", "bb", "GGUF!");
  fs::create_directories(file("cache") / "models--org--Pair-GGUF/snapshots/c1");
  fs::create_symlink("../../blobs/aa", file("cache") / "models--org--Pair-GGUF/snapshots/c1/Pair-Q5_0.gguf");
  EXPECT_EQ(with_cache("rm Pair:Q4_0 --yes").code, 0);
  EXPECT_TRUE(is_there("models--org--Pair-GGUF/blobs/aa"));
  EXPECT_EQ(with_cache("rm org/Pair-GGUF --yes").code, 0);
  EXPECT_FALSE(is_there("models--org--Pair-GGUF"));
}

TEST_F(Commands, OnATerminalRmAsksAndOnlyYesRemoves) {
  put("org--Asked-GGUF", "Asked-Q8_0.gguf", "aa", "GGUF");
  const auto answered = [&](const std::string& reply) {
    int terminal = -1;
    setenv("HF_HUB_CACHE", file("cache").c_str(), 1);
    const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
      const std::string program = fmt::format("{}/r1", R1_BINARY_DIR);
      execl(program.c_str(), "r1", "rm", "Asked:Q8_0", nullptr);
      _exit(127);
    }
    unsetenv("HF_HUB_CACHE");
    std::string shown;
    char buffer[256];
    bool replied = false;
    for (ssize_t n; (n = read(terminal, buffer, sizeof buffer)) > 0;) {
      shown.append(buffer, n);
      if (replied || shown.find("[y/N] ") == shown.npos) continue;
      replied = true;
      EXPECT_EQ(write(terminal, reply.data(), reply.size()), std::ssize(reply));
    }
    close(terminal);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_NE(shown.find("remove Asked:Q8_0 (4 B)? [y/N] "), std::string::npos) << shown;
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(answered("n\n"), 130);
  EXPECT_EQ(answered("\n"), 130);
  EXPECT_TRUE(is_there("models--org--Asked-GGUF/blobs/aa"));
  EXPECT_EQ(answered("y\n"), 0);
  EXPECT_FALSE(is_there("models--org--Asked-GGUF"));
}

TEST_F(Commands, RmRefusesWhatWasNotPulled) {
  expect_failure(with_cache("rm nano --yes"), 1, {"nano", "ships"});
  expect_failure(with_cache("rm {}/stdout --yes"), 1, {"a path"});
  expect_failure(with_cache("rm nanno --yes"), 1, {"nanno", "no such model"});
  expect_failure(with_cache("rm org/none --yes"), 1, {"org/none"});
  expect_failure(with_cache("rm ../.. --yes"), 1, {"a path"});
  expect_failure(with_cache("rm"), 2, {"MODEL"});
}

}  // namespace
}  // namespace r1
