// Names of models: what ships, paths, and the cache of Hugging Face's tools.
#include "hub/models.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "core/file.hpp"
#include "hub/settings.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class Models : public testing::Test {
 protected:
  void SetUp() override {
    setenv("R1_HOME", folder_.c_str(), 1);
    setenv("HF_HUB_CACHE", (folder_ / "cache").c_str(), 1);
    fs::create_directories(folder_ / "cache");
  }
  void TearDown() override {
    unsetenv("R1_HOME");
    unsetenv("HF_HUB_CACHE");
    fs::remove_all(folder_);
  }
  static void touch(const fs::path& path, std::string_view content = "{}") {
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(write_file(path, content));
  }
  fs::path snapshot(const std::string& repo, const std::string& commit = "c0") const {
    return folder_ / "cache" / ("models--" + repo) / "snapshots" / commit;
  }
  fs::path put_folder(const std::string& repo, const std::string& commit = "c0") {
    touch(snapshot(repo, commit) / "config.json");
    touch(snapshot(repo, commit) / "model.safetensors", "12345");
    return snapshot(repo, commit);
  }
  fs::path put(const std::string& repo, const std::string& file, const std::string& commit = "c0") {
    touch(snapshot(repo, commit) / file, "GGUF");
    return snapshot(repo, commit) / file;
  }
  static std::string error(std::string_view name) {
    const auto path = find_model(name);
    EXPECT_FALSE(path) << name << " is " << path.value_or("");
    return path ? "" : path.error().what;
  }
  static void expect_words(const std::string& text, std::initializer_list<const char*> words) {
    for (const char* word : words) EXPECT_NE(text.find(word), text.npos) << word << " in: " << text;
  }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("r1_models_{}", getpid());
};

TEST_F(Models, WhatShipsIsFoundByItsNameAndAFolderByItsPath) {
  touch(folder_ / "models/tiny/config.json");
  touch(folder_ / "models/tiny/model.safetensors");
  EXPECT_EQ(find_model("tiny").value_or(""), fs::canonical(folder_ / "models/tiny"));
  EXPECT_EQ(find_model((folder_ / "models").string()).value_or(""), folder_ / "models");
  expect_words(error("tinny"), {"tinny", "no such model", "tiny", "r1 pull"});
  expect_words(error("/nowhere/x.gguf"), {"/nowhere/x.gguf", "no such file"});
  expect_words(error("../no-such-folder"), {"no such file"});
  EXPECT_EQ(error("").find("empty") != std::string::npos, true);
}

TEST_F(Models, TheFolderOfARunMeansItsNewestCheckpointAndThatOfARecipeItsModel) {
  const fs::path run = folder_ / "run", recipe = folder_ / "recipe";
  touch(run / "checkpoints/000009/config.json");
  touch(run / "checkpoints/000010/config.json");
  touch(run / "checkpoints/000011/state.json");  // no model: a checkpoint that is being removed
  touch(run / "checkpoints/000012.tmp/config.json");
  EXPECT_EQ(find_model(run.string()).value_or(""), run / "checkpoints/000010");
  EXPECT_EQ(find_model((run / "checkpoints/000009").string()).value_or(""), run / "checkpoints/000009");
  touch(recipe / "config.json");
  touch(recipe / "model/config.json");
  EXPECT_EQ(find_model(recipe.string()).value_or(""), recipe / "model");
  touch(recipe / "model.safetensors");
  EXPECT_EQ(find_model(recipe.string()).value_or(""), recipe);
}

TEST_F(Models, ASmallNameOfTheFamilyFindsItsGguf) {
  const fs::path q4 = put("unsloth--DeepSeek-R1-Distill-Qwen-7B-GGUF", "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf");
  EXPECT_EQ(find_model("deepseek-r1:7b").value_or(""), q4);
  expect_words(error("deepseek-r1:1.5b"), {"not on this machine", "r1 pull deepseek-r1:1.5b"});
}

TEST_F(Models, APulledFolderHasItsShortAndItsFullName) {
  const fs::path path = put_folder("deepseek-ai--DeepSeek-R1-Distill-Qwen-1.5B");
  for (const char* name :
       {"DeepSeek-R1-Distill-Qwen-1.5B", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "deepseek-r1-distill-qwen-1.5b"})
    EXPECT_EQ(find_model(name).value_or(""), path) << name;
  expect_words(error("DeepSeek-R1-Distill-Qwen-15B"), {"DeepSeek-R1-Distill-Qwen-1.5B"});
  expect_words(error("distill-qwen"), {"DeepSeek-R1-Distill-Qwen-1.5B"});
  expect_words(error("unsloth/DeepSeek-R1"), {"r1 pull unsloth/DeepSeek-R1"});
}

TEST_F(Models, AGgufIsNamedByItsQuantisationFileOrAPartOfIt) {
  const fs::path q4 = put("org--Some-Model-GGUF", "Some-Model-Q4_K_M.gguf"),
                 q8 = put("org--Some-Model-GGUF", "Some-Model-Q8_0.gguf");
  for (const char* name : {"Some-Model:Q4_K_M", "some-model:q4_k_m", "Some-Model-GGUF:Q4_K_M",
                           "org/Some-Model-GGUF:Q4_K_M", "org/Some-Model:Q4_K_M", "Some-Model-Q4_K_M",
                           "Some-Model-Q4_K_M.gguf", "Some-Model:Q4", "org/Some-Model-GGUF:Some-Model-Q4_K_M.gguf"})
    EXPECT_EQ(find_model(name).value_or(""), q4) << name;
  EXPECT_EQ(find_model("Some-Model:Q8_0").value_or(""), q8);
  expect_words(error("Some-Model"), {"several", "Some-Model:Q4_K_M", "Some-Model:Q8_0"});
  expect_words(error("Some-Model:Q5_0"), {"no such model", "Some-Model:Q4_K_M"});
}

TEST_F(Models, ALoneGgufNeedsNoQuantisation) {
  const fs::path path = put("org--Lone-GGUF", "Lone-Q4_K_M.gguf");
  EXPECT_EQ(find_model("Lone").value_or(""), path);
  EXPECT_EQ(find_model("org/Lone-GGUF").value_or(""), path);
}

TEST_F(Models, TheFolderOfANameGoesBeforeTheGgufsMadeOfIt) {
  const fs::path folder = put_folder("deepseek-ai--M");
  const fs::path gguf = put("other--M-GGUF", "M-Q4_K_M.gguf");
  EXPECT_EQ(find_model("M").value_or(""), folder);
  EXPECT_EQ(find_model("M:Q4_K_M").value_or(""), gguf);
}

TEST_F(Models, TwoOwnersOfANameAreToldApartByTheFullOne) {
  const fs::path a = put_folder("a--M"), b = put_folder("b--M");
  expect_words(error("M"), {"several", "a/M", "b/M"});
  EXPECT_EQ(find_model("a/M").value_or(""), a);
  EXPECT_EQ(find_model("b/M").value_or(""), b);
  std::vector<std::string> names;
  for (const LocalModel& m : local_models())
    if (!m.repo.empty()) names.push_back(m.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a/M", "b/M"}));
}

TEST_F(Models, AllShardsOfAGgufAreOneModelAndItsFirstIsItsPath) {
  const fs::path first = put("o--Big-GGUF", "Q4_K_M/Big-Q4_K_M-00001-of-00002.gguf");
  expect_words(error("Big:Q4_K_M"), {"not whole", "1 of 2 shards", "r1 pull o/Big-GGUF:Q4_K_M"});
  put("o--Big-GGUF", "Q4_K_M/Big-Q4_K_M-00002-of-00002.gguf");
  EXPECT_EQ(find_model("Big:Q4_K_M").value_or(""), first);
}

TEST_F(Models, AFolderThatLacksAShardOfItsIndexIsNotWhole) {
  const fs::path at = snapshot("o--S");
  touch(at / "config.json");
  touch(at / "model.safetensors.index.json",
        R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})");
  touch(at / "model-00001-of-00002.safetensors");
  expect_words(error("S"), {"not whole", "model-00002-of-00002.safetensors", "r1 pull o/S"});
  touch(at / "model-00002-of-00002.safetensors");
  EXPECT_EQ(find_model("S").value_or(""), at);
  touch(at / "model.safetensors.index.json", R"({"weight_map": [1]})");
  expect_words(error("S"), {"weight_map", "expected an object"});
}

TEST_F(Models, TheCommitOfMainGoesBeforeOthersAndAWholeModelBeforeAPartOfIt) {
  put_folder("o--V", "older");
  const fs::path newer = put_folder("o--V", "newer");
  touch(folder_ / "cache/models--o--V/refs/main", "newer");
  EXPECT_EQ(find_model("V").value_or(""), newer);
  fs::remove(newer / "model.safetensors");
  EXPECT_EQ(find_model("V").value_or(""), snapshot("o--V", "older"));
}

TEST_F(Models, WhatIsNoModelIsNotListed) {
  touch(snapshot("o--tokenizer-only") / "config.json");
  touch(snapshot("o--vision-GGUF") / "mmproj-F16.gguf");
  touch(folder_ / "cache/datasets--o--d/snapshots/c0/x.gguf");
  touch(folder_ / "cache/version.txt");
  fs::create_directories(snapshot("o--broken"));
  fs::create_symlink("../../blobs/none", snapshot("o--broken") / "x.gguf");
  const auto models = local_models();
  EXPECT_TRUE(std::none_of(models.begin(), models.end(), [](const LocalModel& m) { return !m.repo.empty(); }));
}

TEST_F(Models, AListedNameMeansTheModelItIsListedWith) {
  put_folder("a--M");
  put_folder("b--M");
  put("a--M-GGUF", "M-Q4_K_M.gguf");
  put("b--M-GGUF", "M-Q4_K_M.gguf");
  put("b--M-GGUF", "M-UD-Q4_K_XL.gguf");
  put("c--odd", "weights.gguf");
  put("c--odd", "more-weights.gguf");
  put("d--twice", "a/x-Q4_0.gguf");
  put("d--twice", "b/x-Q4_0.gguf");
  i64 seen = 0;
  for (const LocalModel& m : local_models()) {
    if (m.repo.empty()) continue;
    EXPECT_EQ(find_model(m.name).value_or(""), m.path) << m.name;
    ++seen;
  }
  EXPECT_EQ(seen, 9);
}

TEST_F(Models, TheCacheLiesWhereTheEnvironmentSays) {
  EXPECT_EQ(hub_cache(), folder_ / "cache");
  unsetenv("HF_HUB_CACHE");
  setenv("HF_HOME", "/hf", 1);
  EXPECT_EQ(hub_cache(), "/hf/hub");
  setenv("HF_HOME", "~/hf", 1);
  EXPECT_EQ(hub_cache(), fs::path(std::getenv("HOME")) / "hf/hub");
  unsetenv("HF_HOME");
  setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(hub_cache(), "/xdg/huggingface/hub");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(hub_cache(), fs::path(std::getenv("HOME")) / ".cache/huggingface/hub");
}

TEST_F(Models, WhatTheProgramRemembersLiesInTheStateFolder) {
  setenv("XDG_STATE_HOME", "/state", 1);
  EXPECT_EQ(state_folder(), "/state/r1");
  setenv("XDG_STATE_HOME", "relative", 1);
  EXPECT_EQ(state_folder(), fs::path(std::getenv("HOME")) / ".local/state/r1");
  unsetenv("XDG_STATE_HOME");
  EXPECT_EQ(state_folder(), fs::path(std::getenv("HOME")) / ".local/state/r1");
}

TEST_F(Models, TheTokenIsReadFromTheEnvironmentOrItsFileAndMustBeOne) {
  setenv("HF_HOME", folder_.c_str(), 1);
  EXPECT_EQ(HubSettings::from_environment()->token, "");
  touch(folder_ / "token", "hf_file\n");
  EXPECT_EQ(HubSettings::from_environment()->token, "hf_file");
  touch(folder_ / "other", " hf_other ");
  setenv("HF_TOKEN_PATH", (folder_ / "other").c_str(), 1);
  EXPECT_EQ(HubSettings::from_environment()->token, "hf_other");
  setenv("HF_TOKEN", "hf_env", 1);
  EXPECT_EQ(HubSettings::from_environment()->token, "hf_env");
  setenv("HF_TOKEN", "x\r\nHost: evil", 1);
  EXPECT_FALSE(HubSettings::from_environment());
  for (const char* name : {"HF_HOME", "HF_TOKEN", "HF_TOKEN_PATH"}) unsetenv(name);

  setenv("HF_ENDPOINT", "https://mirror.example/prefix/", 1);
  EXPECT_EQ(HubSettings::from_environment()->endpoint, "https://mirror.example/prefix");
  setenv("HF_ENDPOINT", "file:///models", 1);
  EXPECT_FALSE(HubSettings::from_environment());
  unsetenv("HF_ENDPOINT");
  setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_FALSE(HubSettings::from_environment());
  unsetenv("HF_HUB_OFFLINE");
}

}  // namespace
}  // namespace r1
