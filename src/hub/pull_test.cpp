// Whole pulls: the cache's layout, what is chosen, and listings and folders that try to lead elsewhere.
#include "hub/pull.hpp"

#include <gtest/gtest.h>

#include "hub/models.hpp"
#include "hub/test_case.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class Pull : public HubTest {
 protected:
  void answer_listing(std::string text) {
    hub_.mischief = [this, text = std::move(text)](const TestRequest& r, TestConnection& c) {
      if (r.path != hub_.api_path()) return false;
      c.answer(200, text);
      return true;
    };
  }
  // The listing with one member replaced, either of the entry for the weights or of the whole.
  std::string listing_with(const std::string& key, Json value) const {
    Json all = hub_.listing();
    if (all.find(key)) return dump(all.set(key, std::move(value)));
    Json files = *all.find("siblings");
    Json changed = Json::array({});
    for (Json file : *files.array()) {
      if (*file.find("rfilename")->string() == "model.safetensors") file.set(key, value);
      changed.push(file);
    }
    return dump(all.set("siblings", changed));
  }
};

TEST_F(Pull, AFolderLiesInTheCacheAsHuggingFacesToolsLayItOut) {
  const auto path = pull_now();
  ASSERT_TRUE(path) << path.error().what;
  EXPECT_EQ(*path, snapshot());
  expect_whole();
  EXPECT_EQ(*read_file(repo_folder() / "refs/main"), TestHub::kCommit) << "no line end: the commit alone";
  for (const auto& [name, kind, bytes] :
       {std::tuple{"config.json", HashKind::git_blob, hub_.small.at("config.json")},
        {"model.safetensors", HashKind::sha256, hub_.large.at("model.safetensors")}}) {
    EXPECT_EQ(fs::read_symlink(snapshot() / name), fs::path("../../blobs") / hash_of(kind, bytes));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(repo_folder() / "blobs" / hash_of(kind, bytes))));
  }
}

TEST_F(Pull, WhatIsThereIsNotFetchedAgain) {
  ASSERT_TRUE(pull_now()) << notices_;
  const size_t first = hub_.server.requests().size();
  ASSERT_TRUE(pull_now()) << notices_;
  EXPECT_EQ(hub_.server.requests().size(), first + 1) << "the listing alone";
}

TEST_F(Pull, ABlobThatAnotherToolFetchedIsLinked) {
  fs::create_directories(blob("model.safetensors").parent_path());
  ASSERT_TRUE(write_file(blob("model.safetensors"), hub_.large.at("model.safetensors")));
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(hub_.server.count(hub_.path_of("model.safetensors")), 0);
}

TEST_F(Pull, ABlobOfAnotherSizeIsReplaced) {
  fs::create_directories(blob("model.safetensors").parent_path());
  ASSERT_TRUE(write_file(blob("model.safetensors"), "cut off"));
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
}

TEST_F(Pull, AFileInAFolderLinksUpToItsBlob) {
  hub_.large = {{"Q4_K_M/x-Q4_K_M-00001-of-00002.gguf", "first"},
                {"Q4_K_M/x-Q4_K_M-00002-of-00002.gguf", "second"},
                {"x-Q8_0.gguf", "large"}};
  const auto path = pull_now("q4_k_m");
  ASSERT_TRUE(path) << path.error().what;
  EXPECT_EQ(*path, snapshot() / "Q4_K_M/x-Q4_K_M-00001-of-00002.gguf");
  expect_whole("Q4_K_M/x-Q4_K_M-00001-of-00002.gguf");
  expect_whole("Q4_K_M/x-Q4_K_M-00002-of-00002.gguf");
  EXPECT_EQ(fs::read_symlink(*path), fs::path("../../../blobs") / hash_of(HashKind::sha256, "first"));
  EXPECT_FALSE(fs::exists(snapshot() / "x-Q8_0.gguf"));
}

TEST_F(Pull, PickledWeightsAreLeftOut) {
  hub_.large["pytorch_model.bin"] = "pickle";
  hub_.large["model.onnx"] = "graph";
  hub_.small["pytorch_model.bin.index.json"] = "{}";
  hub_.small["onnx/config.json"] = "{}";
  hub_.small["LICENSE"] = "MIT";
  ASSERT_TRUE(pull_now()) << notices_;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(snapshot())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"LICENSE", "config.json", "model.safetensors", "tokenizer.json"}));
}

TEST_F(Pull, ARepositoryOfGgufsAsksWhichWithAllOfThemAndASuggestion) {
  hub_.large = {
      {"x-Q2_K.gguf", test_bytes(1000)}, {"x-Q4_K_M.gguf", test_bytes(2000)}, {"x-F16.gguf", test_bytes(9000)}};
  const std::string text = error_of({"3 GGUF models", "Q2_K (1.0 kB)", "F16 (9.0 kB)", "r1 pull org/model:Q4_K_M"});
  EXPECT_EQ(hub_.server.requests().size(), 1u) << "nothing but the listing was asked for";
}

TEST_F(Pull, AnIndexThatNamesAShardTheRepositoryLacksIsAnError) {
  hub_.large = {{"model-00001-of-00002.safetensors", "one"}};
  hub_.small["model.safetensors.index.json"] =
      R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})";
  const auto path = pull_now();
  ASSERT_FALSE(path);
  EXPECT_NE(path.error().what.find("lacks model-00002-of-00002.safetensors"), std::string::npos) << path.error().what;
}

TEST_F(Pull, SizesAndHashesThatTheListingLeavesOutAreAskedForByHead) {
  const std::string& weights = hub_.large.at("model.safetensors");
  TestServer cdn([&](const TestRequest& r, TestConnection& c) { TestHub::send_file(r, c, weights, "x"); });
  Json files = Json::array({});
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"})
    files.push(Json::object({{"rfilename", name}}));
  hub_.mischief = [&, text = dump(Json::object({{"sha", TestHub::kCommit}, {"siblings", files}}))](const auto& r,
                                                                                                   auto& c) {
    if (r.path == hub_.api_path()) return c.answer(200, text), true;
    if (r.path != hub_.path_of("model.safetensors")) return false;
    c.answer(302, "",
             {"Location: " + cdn.url() + "/x", fmt::format("X-Linked-Size: {}", weights.size()),
              fmt::format("X-Linked-ETag: \"{}\"", hash_of(HashKind::sha256, weights))});
    return true;
  };
  const auto path = pull_now();
  ASSERT_TRUE(path) << path.error().what;
  expect_whole();
  const auto asked = hub_.server.requests(), elsewhere = cdn.requests();
  EXPECT_EQ(std::count_if(asked.begin(), asked.end(), [](const TestRequest& r) { return r.method == "HEAD"; }), 3);
  ASSERT_EQ(elsewhere.size(), 1u) << "what the hub itself says is enough";
  EXPECT_EQ(elsewhere[0].method, "GET");
}

TEST_F(Pull, AFileTooLargeForTheDiskIsRefusedBeforeItIsAskedFor) {
  answer_listing(listing_with("lfs", Json::object({{"sha256", std::string(64, 'a')}, {"size", i64{1} << 49}})));
  error_of({"size 300000", "562949953421312"});  // the two sizes contradict each other
  Json files =
      Json::array({Json::object({{"rfilename", "x.gguf"},
                                 {"size", i64{1} << 49},
                                 {"lfs", Json::object({{"sha256", std::string(64, 'a')}, {"size", i64{1} << 49}})}})});
  answer_listing(dump(Json::object({{"sha", TestHub::kCommit}, {"siblings", files}})));
  error_of({"562950 GB to fetch", "free"});
  EXPECT_EQ(hub_.server.requests().size(), 2u);
}

TEST_F(Pull, NamesThatLeadOutOfAFolderRefuseTheListing) {
  for (const std::string name : {"../config.json", "a/../../x.json", "/etc/passwd", "a//b.json", "./config.json", "a/.",
                                 "a/..", "", "a\\b.json", "a\nb.json", "a/", "\x1b[2J.json"}) {
    answer_listing(listing_with("rfilename", name));
    error_of({"the file name", "refused"});
  }
  answer_listing(listing_with("rfilename", std::string("a\0b", 3)));
  error_of({"the file name", "refused"});
  answer_listing(listing_with("rfilename", std::string(2000, 'a')));
  error_of({"the file name", "refused", "2000 bytes"});
  answer_listing(listing_with("rfilename", std::string(300, 'a')));
  error_of({"the file name", "refused", "300 bytes"});
  EXPECT_FALSE(fs::exists(cache_)) << "nothing was written";
}

TEST_F(Pull, ListingsThatLieAreRefusedAndSayWhere) {
  const auto refused = [&](const std::string& text, std::initializer_list<std::string> words) {
    answer_listing(text);
    error_of(words);
  };
  refused("", {"/api/models/org/model/revision/main"});
  refused("<html>please log in</html>", {"/api/models/org/model"});
  refused("[]", {"expected an object"});
  refused(std::string(100'000, '['), {"/api/models/org/model"});
  refused(listing_with("sha", "main"), {"sha", "\"main\" is no commit"});
  refused(listing_with("sha", "../../../../../../../../../etc/cron.daily"), {"is no commit"});
  refused(listing_with("sha", 7), {"sha", "expected a string"});
  refused(listing_with("siblings", "none"), {"siblings", "expected an array"});
  refused(listing_with("siblings", Json::array({Json(1)})), {"expected an object"});
  refused(listing_with("rfilename", "config.json"), {"config.json", "listed twice"});
  refused(listing_with("rfilename", Json::array({})), {"rfilename", "expected a string"});
  refused(listing_with("size", -5), {"model.safetensors", "size", "-5"});
  refused(listing_with("size", i64{1} << 60), {"model.safetensors", "size"});
  refused(listing_with("size", 1.5), {"model.safetensors", "size", "1.5"});
  refused(listing_with("size", 5), {"size 5", "300000"});
  refused(listing_with("lfs", Json::object({{"sha256", "../../../etc/passwd"}, {"size", 300'000}})), {"is no SHA-256"});
  refused(listing_with("lfs", Json::object({{"sha256", std::string(64, 'A')}, {"size", 300'000}})), {"is no SHA-256"});
  refused(listing_with("lfs", 3), {"lfs", "expected an object"});
  Json many = Json::array({});
  for (int i = 0; i < 3; ++i) many.push(Json::object({{"rfilename", fmt::format("{}", i)}, {"size", i64{1} << 49}}));
  refused(dump(Json::object({{"sha", TestHub::kCommit}, {"siblings", many}})), {"more than"});
  EXPECT_FALSE(fs::exists(cache_)) << "nothing was written";
}

TEST_F(Pull, AListingWithoutEndIsGivenUp) {
  hub_.mischief = [](const TestRequest&, TestConnection& c) {
    c.head(200);
    for (int i = 0; i < 2000; ++i) c.send(std::string(10'000, ' '));
    return true;
  };
  error_of({"an answer of more than 16777216 bytes"});
}

TEST_F(Pull, AFolderOfTheSnapshotThatIsALinkIsNotWrittenThrough) {
  hub_.large = {{"sub/x.gguf", "weights"}};
  const fs::path elsewhere = folder_ / "elsewhere";
  fs::create_directories(elsewhere);
  fs::create_directories(snapshot());
  fs::create_symlink(elsewhere, snapshot() / "sub");
  const auto path = pull_now();
  ASSERT_FALSE(path);
  EXPECT_NE(path.error().what.find("a link where a folder belongs"), std::string::npos) << path.error().what;
  EXPECT_TRUE(fs::is_empty(elsewhere));
}

TEST_F(Pull, ALinkInTheSnapshotToSomewhereElseIsReplacedNotFollowed) {
  const fs::path victim = folder_ / "victim";
  ASSERT_TRUE(write_file(victim, "precious"));
  fs::create_directories(snapshot());
  fs::create_symlink(victim, snapshot() / "model.safetensors");
  ASSERT_TRUE(pull_now()) << notices_;
  expect_whole();
  EXPECT_EQ(*read_file(victim), "precious");
}

TEST_F(Pull, NamesOfRepositoriesAndRevisionsAreChecked) {
  for (const char* good : {"deepseek-ai/DeepSeek-R1", "gpt2", "a/b.c_d-e", "TheBloke/X-GGUF"})
    EXPECT_TRUE(check_repo(good)) << good;
  for (const char* bad :
       {"", "/", "a/", "/a", "a/b/c", "../b", "a/..", "a--b/c", "a/b..c", "a b/c", "a/b:c", "a/-b", ".a/b", "a/b?x"})
    EXPECT_FALSE(check_repo(bad)) << bad;
  for (const char* good : {"main", "v1.0", "refs/pr/1", TestHub::kCommit}) EXPECT_TRUE(check_revision(good)) << good;
  for (const char* bad : {"", "..", "a/../b", "/main", "a b", "main?x", "main#x"})
    EXPECT_FALSE(check_revision(bad)) << bad;
}

TEST_F(Pull, TheModelIsFoundByItsShortNameAfterwards) {
  setenv("HF_HUB_CACHE", cache_.c_str(), 1);
  setenv("R1_HOME", folder_.c_str(), 1);
  EXPECT_FALSE(find_model("model"));
  const auto path = pull_now();
  ASSERT_TRUE(path);
  for (const char* name : {"model", "org/model", "MODEL", "Org/Model"})
    EXPECT_EQ(find_model(name).value_or(""), *path) << name;
  unsetenv("HF_HUB_CACHE");
  unsetenv("R1_HOME");
}

}  // namespace
}  // namespace r1
