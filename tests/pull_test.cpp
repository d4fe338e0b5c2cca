// The commands pull and models, run against a hub server inside the test: killed, interrupted and run again.
#include <csignal>
#include <thread>

#include "hub/test_server.hpp"
#include "program.hpp"
#include "started_program.hpp"

namespace r1 {
namespace {

constexpr const char* kWeights = "model.safetensors";

class PullProgram : public Program {
 protected:
  PullProgram() {
    for (const auto& entry : fs::directory_iterator(fs::path(R1_SOURCE_DIR) / "models/nano")) {
      const std::string name = entry.path().filename();
      (name == kWeights ? hub_.large : hub_.small)[name] = *read_file(entry.path());
    }
    hub_.repo = "org/tiny";
  }

  pid_t start(const std::vector<std::string>& words) {
    return start_r1(words,
                    {.without = {"HF_", "no_proxy"},
                     .with = {"HF_ENDPOINT=" + hub_.server.url(), "HF_HOME=" + (folder_ / "hf").string(), "no_proxy=*"},
                     .out = file("out"),
                     .err = file("err")});
  }
  int run(const std::vector<std::string>& words) { return end_of(start(words)); }
  std::string out() const { return *read_file(file("out")); }
  std::string err() const { return *read_file(file("err")); }

  // The CDN sends this many bytes of the weights, and then nothing more until the client closes the connection.
  void stop_after(i64 bytes) {
    hub_.mischief = [this, bytes](const TestRequest& r, TestConnection& c) {
      if (r.path != TestHub::cdn_path(kWeights)) return false;
      const std::string& all = hub_.large.at(kWeights);
      c.head(200, {fmt::format("Content-Length: {}", all.size())});
      c.send(std::string_view(all).substr(0, bytes));
      c.hang();
      return true;
    };
  }
  void behave() { hub_.mischief = nullptr; }
  fs::path partial() const {
    return folder_ / "hf/hub/models--org--tiny/blobs" /
           (hash_of(HashKind::sha256, hub_.large.at(kWeights)) + ".incomplete");
  }
  // Waits until the program has written this many bytes of the weights. False after 30 seconds.
  bool wait_for(i64 bytes) const {
    for (int i = 0; i < 3000; ++i) {
      std::error_code none;
      if (fs::exists(partial(), none) && static_cast<i64>(fs::file_size(partial(), none)) >= bytes) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  fs::path snapshot() const { return folder_ / "hf/hub/models--org--tiny/snapshots" / TestHub::kCommit; }
  i64 last_range() const {
    i64 range = -1;
    for (const TestRequest& r : hub_.server.requests())
      if (r.path == TestHub::cdn_path(kWeights)) range = r.range();
    return range;
  }

  TestHub hub_;
};

TEST_F(PullProgram, APulledModelAnswersByItsShortName) {
  ASSERT_EQ(run({"pull", "org/tiny"}), 0) << err();
  EXPECT_EQ(out(), snapshot().string() + "\n");
  for (const char* word : {"org/tiny at main (0123456)", "5 files", "disk:", "memory: fits", "r1 run -m tiny"})
    EXPECT_NE(err().find(word), std::string::npos) << word << " in: " << err();
  EXPECT_EQ(*read_file(snapshot() / kWeights) == hub_.large.at(kWeights), true);

  ASSERT_EQ(run({"models", "--json"}), 0) << err();
  const auto models = parse_json(out(), "models");
  ASSERT_TRUE(models) << out();
  const Json& last = models->array()->back();
  EXPECT_EQ(*last.find("name")->string(), "tiny");
  EXPECT_EQ(*last.find("repo")->string(), "org/tiny");
  EXPECT_EQ(*last.find("path")->string(), snapshot().string());
  EXPECT_TRUE(last.find("missing")->is_null());

  ASSERT_EQ(run({"logprobs", "-m", "tiny", "--tokens", "1,2,3"}), 0) << err();
  const std::string scores = out();
  ASSERT_EQ(run({"logprobs", "-m", std::string(R1_SOURCE_DIR) + "/models/nano", "--tokens", "1,2,3"}), 0) << err();
  EXPECT_EQ(scores.substr(0, scores.find("\"model\"")), out().substr(0, out().find("\"model\"")));
}

TEST_F(PullProgram, AfterAKillTheDownloadResumesAndNoPartialFileHasTheFinalName) {
  constexpr i64 kSome = 3'000'000;
  stop_after(kSome);
  const pid_t pid = start({"pull", "org/tiny"});
  ASSERT_TRUE(wait_for(kSome)) << err();
  kill(pid, SIGKILL);
  EXPECT_EQ(end_of(pid), -SIGKILL);
  EXPECT_FALSE(fs::exists(snapshot() / kWeights));
  EXPECT_EQ(fs::file_size(partial()), static_cast<std::uintmax_t>(kSome));

  behave();
  ASSERT_EQ(run({"pull", "org/tiny"}), 0) << err();
  EXPECT_EQ(last_range(), kSome);
  EXPECT_EQ(*read_file(snapshot() / kWeights) == hub_.large.at(kWeights), true);
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(PullProgram, AnInterruptPrintsHowMuchIsThereAndExitsWith130) {
  constexpr i64 kSome = 2'000'000;
  stop_after(kSome);
  const pid_t pid = start({"pull", "org/tiny"});
  ASSERT_TRUE(wait_for(kSome)) << err();
  kill(pid, SIGINT);
  EXPECT_EQ(end_of(pid), 130) << err();
  for (const char* word : {"interrupted: 2.0 MB of 7.9 MB", "goes on from there"})
    EXPECT_NE(err().find(word), std::string::npos) << word << " in: " << err();
  EXPECT_EQ(out(), "");
  EXPECT_EQ(fs::file_size(partial()), static_cast<std::uintmax_t>(kSome));
}

TEST_F(PullProgram, AModelTooLargeForTheMachineIsNotFetchedAndADryRunFetchesNothing) {
  Json files =
      Json::array({Json::object({{"rfilename", "x-Q8_0.gguf"},
                                 {"size", i64{1} << 44},
                                 {"lfs", Json::object({{"sha256", std::string(64, 'a')}, {"size", i64{1} << 44}})}})});
  hub_.mischief = [this, text = dump(Json::object({{"sha", TestHub::kCommit}, {"siblings", files}}))](const auto& r,
                                                                                                      auto& c) {
    if (r.path == hub_.api_path()) c.answer(200, text);
    return r.path == hub_.api_path();
  };
  EXPECT_EQ(run({"pull", "org/tiny"}), 1);
  EXPECT_NE(err().find("17592 GB"), std::string::npos) << err();  // more than either the disk or the memory has
  behave();
  EXPECT_EQ(run({"pull", "org/tiny", "--dry-run"}), 0) << err();
  EXPECT_FALSE(fs::exists(folder_ / "hf"));
}

TEST_F(PullProgram, AnAddressOfTheHubIsUnderstood) {
  EXPECT_EQ(run({"pull", hub_.server.url() + "/org/tiny", "--dry-run"}), 0) << err();
  EXPECT_NE(err().find("org/tiny at main"), std::string::npos) << err();
  EXPECT_EQ(run({"pull", "https://huggingface.co/org/tiny/tree/main", "--dry-run"}), 0) << err();
}

TEST_F(PullProgram, WithoutAConnectionItFailsAtOnceAndSaysWhatToSet) {
  setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);  // nobody listens there
  setenv("no_proxy", "*", 1);
  const Outcome o = r1("pull org/tiny");
  unsetenv("HF_ENDPOINT"), unsetenv("no_proxy");
  expect_failure(o, 1, {"127.0.0.1:1", "connected?", "https_proxy", "HF_ENDPOINT"});
}

TEST_F(PullProgram, UsageErrorsAreFoundBeforeAnyRequest) {
  EXPECT_EQ(run({"pull"}), 2);
  EXPECT_EQ(run({"pull", "../x"}), 2) << err();
  EXPECT_EQ(run({"pull", "org/tiny", "--revision", "../x"}), 2) << err();
  EXPECT_EQ(run({"pull", "tiny"}), 2);
  EXPECT_NE(err().find("ORG/NAME"), std::string::npos) << err();
  EXPECT_EQ(run({"pull", "https://example.com/org/tiny"}), 2);
  EXPECT_NE(err().find("ORG/NAME"), std::string::npos) << err();
  EXPECT_EQ(hub_.server.requests().size(), 0u);
  EXPECT_EQ(run({"pull", "org/other"}), 1);
  const std::string missing = err();
  EXPECT_NE(missing.find("404"), std::string::npos) << missing;
  EXPECT_EQ(std::count(missing.begin(), missing.end(), '\n'), 1) << missing;
  EXPECT_EQ(run({"run", "-m", "org/other", "-p", "hi"}), 1);
  EXPECT_NE(err().find("r1 pull org/other"), std::string::npos) << err();
}

}  // namespace
}  // namespace r1
