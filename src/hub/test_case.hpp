// For tests: a hub that behaves unless a test changes it, a cache of its own, and short pauses.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "core/file.hpp"
#include "hub/pull.hpp"
#include "hub/test_server.hpp"

namespace r1 {

class HubTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
      unsetenv(name);
    std::filesystem::create_directories(folder_);
    hub_.small = {{"config.json", "{\"model_type\": \"test\"}"}, {"tokenizer.json", "{}"}};
    hub_.large = {{"model.safetensors", test_bytes(300'000)}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  HubSettings settings() const { return {hub_.server.url(), token_, cache_}; }
  HubOptions options() {
    HubOptions o;
    o.limits = {Milliseconds(5000), stall_, 1, 5};
    o.retries = {4, Milliseconds(2), Milliseconds(8), Milliseconds(10'000)};
    o.notice = [this](const std::string& text) { notices_ += text + "\n"; };
    o.stop = &stop_;
    return o;
  }
  Result<std::filesystem::path> pull_now(std::string_view what = "") {
    const HubSettings s = settings();
    Hub hub = R1_TRY(Hub::open(s, options()));
    const PullPlan plan = R1_TRY(plan_pull(hub, s, hub_.repo, what, "main", memory_));
    return pull(hub, s, plan, progress_);
  }
  // Runs a pull that must fail with an error that contains `words`, and checks that no weights have their final name.
  std::string error_of(std::initializer_list<std::string> words, std::string_view what = "") {
    const auto path = pull_now(what);
    EXPECT_FALSE(path);
    const std::string text = path ? "" : path.error().what;
    for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
    for (const auto& [name, bytes] : hub_.large) {
      EXPECT_FALSE(std::filesystem::exists(blob(name))) << name;
      EXPECT_FALSE(std::filesystem::exists(snapshot() / name)) << name;
    }
    return text;
  }

  std::filesystem::path repo_folder() const { return cache_ / "models--org--model"; }
  std::filesystem::path snapshot() const { return repo_folder() / "snapshots" / TestHub::kCommit; }
  std::filesystem::path blob(const std::string& name) const {
    return repo_folder() / "blobs" / hash_of(HashKind::sha256, hub_.large.at(name));
  }
  std::filesystem::path partial(const std::string& name) const { return blob(name).string() + ".incomplete"; }
  void expect_whole(const std::string& name = "model.safetensors") const {
    EXPECT_TRUE(read_file(snapshot() / name).value_or("") == hub_.large.at(name)) << name << " is not what the hub has";
    EXPECT_FALSE(std::filesystem::exists(partial(name)));
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / fmt::format("r1_hub_{}", getpid());
  std::filesystem::path cache_ = folder_ / "cache";
  std::string token_, notices_;
  Milliseconds stall_{10'000};  // long enough that a busy machine does not look like a stalled server
  std::atomic<bool> stop_{false};
  i64 memory_ = 8'000'000'000;
  std::function<void(const PullProgress&)> progress_;
  TestHub hub_;
};

}  // namespace r1
