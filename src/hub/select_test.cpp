// Which files of a repository are meant.
#include "hub/select.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "hub/fit.hpp"

namespace r1 {
namespace {

constexpr i64 kGB = 1'000'000'000;

std::vector<FileSize> files(std::initializer_list<const char*> names, i64 bytes = kGB) {
  std::vector<FileSize> all;
  for (const char* name : names) all.push_back({name, bytes});
  return all;
}

// The paths chosen, or the error's text.
std::vector<std::string> chosen(const std::vector<FileSize>& all, std::string_view what, i64 memory = 24 * kGB) {
  const auto s = select_files(all, what, "org/repo", memory);
  if (!s) return {"ERROR " + s.error().what};
  std::vector<std::string> paths;
  for (const size_t i : s->files) paths.push_back(all[i].path);
  return paths;
}
using Paths = std::vector<std::string>;

// Names as they are on hubs today.
const std::vector<FileSize> kGgufs =
    files({"README.md", "imatrix.gguf", "mmproj-F16.gguf", "M-Q4_K_M.gguf", "M-Q4_K_S.gguf", "M-UD-Q4_K_XL.gguf",
           "M-Q8_0.gguf", "M.IQ2_XXS.gguf", "BF16/M-BF16-00001-of-00002.gguf", "BF16/M-BF16-00002-of-00002.gguf"});

TEST(Select, QuantisationsAreReadFromNames) {
  std::map<std::string, std::string> quants;
  for (const GgufGroup& g : gguf_groups(kGgufs)) quants[g.name] = g.quant;
  EXPECT_EQ(quants, (std::map<std::string, std::string>{{"BF16/M-BF16", "BF16"},
                                                        {"M-Q4_K_M", "Q4_K_M"},
                                                        {"M-Q4_K_S", "Q4_K_S"},
                                                        {"M-Q8_0", "Q8_0"},
                                                        {"M-UD-Q4_K_XL", "UD-Q4_K_XL"},
                                                        {"M.IQ2_XXS", "IQ2_XXS"}}));
  for (const auto& [name, quant] : {std::pair{"DeepSeek-R1-0528-Qwen3-8B-Q4_0", "Q4_0"},
                                    {"Qwen2.5-7B", ""},
                                    {"model", ""},
                                    {"gpt-oss-20b-mxfp4", "mxfp4"},
                                    {"x-TQ1_0", "TQ1_0"},
                                    {"x-f16", "f16"},
                                    {"Q3-model", "Q3"}}) {
    const std::vector<FileSize> one{{fmt::format("{}.gguf", name), 1}};
    EXPECT_EQ(gguf_groups(one)[0].quant, quant) << name;
  }
}

TEST(Select, AQuantisationIsOneGgufWithAllItsShards) {
  EXPECT_EQ(chosen(kGgufs, "Q4_K_M"), Paths{"M-Q4_K_M.gguf"});
  EXPECT_EQ(chosen(kGgufs, "q4_k_m"), Paths{"M-Q4_K_M.gguf"});
  EXPECT_EQ(chosen(kGgufs, "q4_k_xl"), Paths{"M-UD-Q4_K_XL.gguf"});
  EXPECT_EQ(chosen(kGgufs, "iq2"), Paths{"M.IQ2_XXS.gguf"});
  EXPECT_EQ(chosen(kGgufs, "bf16"), (Paths{"BF16/M-BF16-00001-of-00002.gguf", "BF16/M-BF16-00002-of-00002.gguf"}));
}

TEST(Select, AnExactQuantisationGoesBeforeNamesThatHoldIt) {
  EXPECT_EQ(chosen(files({"a-Q8_0.gguf", "a-Q8_0_L.gguf"}), "Q8_0"), Paths{"a-Q8_0.gguf"});
  EXPECT_EQ(chosen(files({"a-Q4_K_M.gguf", "Q4_K_M.gguf"}), "Q4_K_M"), Paths{"Q4_K_M.gguf"})
      << "a file's own name before that";
}

TEST(Select, FilesAndGlobs) {
  EXPECT_EQ(chosen(kGgufs, "M-Q8_0.gguf"), Paths{"M-Q8_0.gguf"});
  EXPECT_EQ(chosen(kGgufs, "M-Q8_0"), Paths{"M-Q8_0.gguf"});
  EXPECT_EQ(chosen(kGgufs, "*Q4_K_?.gguf"), (Paths{"M-Q4_K_M.gguf", "M-Q4_K_S.gguf"}));
  EXPECT_EQ(chosen(kGgufs, "*00002-of-00002.gguf"),
            (Paths{"BF16/M-BF16-00001-of-00002.gguf", "BF16/M-BF16-00002-of-00002.gguf"}))
      << "no shard without the others";
  EXPECT_EQ(chosen(kGgufs, "BF16/*"), (Paths{"BF16/M-BF16-00001-of-00002.gguf", "BF16/M-BF16-00002-of-00002.gguf"}));
  EXPECT_EQ(chosen(kGgufs, "README.md"), Paths{"README.md"});
  EXPECT_EQ(chosen(kGgufs, "mmproj-F16.gguf"), Paths{"mmproj-F16.gguf"}) << "named in full, it is meant";
}

TEST(Select, WhatIsAmbiguousOrNothingIsAnErrorThatListsTheChoice) {
  const std::string several = chosen(kGgufs, "Q4_K")[0], none = chosen(kGgufs, "Q6_K")[0];
  for (const char* name : {"ERROR", "org/repo", "\"Q4_K\" is ambiguous", "M-Q4_K_M", "M-Q4_K_S", "M-UD-Q4_K_XL"})
    EXPECT_NE(several.find(name), several.npos) << name << " in: " << several;
  EXPECT_EQ(several.find("Q8_0"), several.npos) << several;
  for (const char* name : {"ERROR", "no GGUF is \"Q6_K\"", "Q8_0 (1.00 GB)", "BF16 (2.00 GB)"})
    EXPECT_NE(none.find(name), none.npos) << name << " in: " << none;
  EXPECT_EQ(none.find("mmproj"), none.npos) << none;
}

TEST(Select, ASplitGgufThatLacksAShardIsRefused) {
  const std::string text = chosen(files({"x-Q4_0-00001-of-00003.gguf", "x-Q4_0-00003-of-00003.gguf"}), "Q4_0")[0];
  EXPECT_NE(text.find("2 of 3 shards"), text.npos) << text;
}

TEST(Select, ShardNumbersThatAreNoneAreNames) {
  for (const char* name : {"x-00000-of-00002.gguf", "x-00003-of-00002.gguf", "x-0001-of-00002.gguf",
                           "x-00001-of-0000a.gguf", "-00001-of-00001.gguf"}) {
    const std::vector<FileSize> one = files({name});
    ASSERT_EQ(gguf_groups(one).size(), 1u);
    EXPECT_EQ(gguf_groups(one)[0].shards, 1) << name;
  }
}

TEST(Select, AFolderIsItsTextsAndSafetensors) {
  EXPECT_EQ(chosen(files({".gitattributes", "LICENSE", "README.md", "config.json", "figures/x.png",
                          "generation_config.json", "model-00001-of-00002.safetensors",
                          "model-00002-of-00002.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                          "consolidated.safetensors", "original/params.json", "tokenizer.json"}),
                   ""),
            (Paths{"LICENSE", "config.json", "generation_config.json", "model-00001-of-00002.safetensors",
                   "model-00002-of-00002.safetensors", "model.safetensors.index.json", "tokenizer.json"}));
  EXPECT_EQ(chosen(files({"additional_chat_templates/notes.txt", "additional_chat_templates/tool_use.jinja",
                          "chat_template.jinja", "config.json", "merges.txt", "model.safetensors", "tokenizer.model"}),
                   ""),
            (Paths{"additional_chat_templates/tool_use.jinja", "chat_template.jinja", "config.json", "merges.txt",
                   "model.safetensors", "tokenizer.model"}));
  EXPECT_EQ(chosen(files({"config.json", "model.safetensors", "x-Q4_0.gguf"}), ""),
            (Paths{"config.json", "model.safetensors"}));
  const std::string text = chosen(files({"config.json", "pytorch_model.bin"}), "")[0];
  EXPECT_NE(text.find("neither config.json with safetensors nor GGUF"), text.npos) << text;
}

TEST(Select, TheSuggestionFitsTheMemory) {
  std::vector<FileSize> all{
      {"m-Q2_K.gguf", 3 * kGB}, {"m-Q4_K_M.gguf", 5 * kGB}, {"m-Q6_K.gguf", 7 * kGB}, {"m-F16.gguf", 15 * kGB}};
  const auto suggested = [&](i64 memory) {
    const std::string text = chosen(all, "", memory)[0];
    return text.substr(text.rfind(' ') + 1);
  };
  EXPECT_EQ(suggested(64 * kGB), "org/repo:Q4_K_M");
  EXPECT_EQ(suggested(5 * kGB), "org/repo:Q2_K");
  EXPECT_EQ(suggested(1 * kGB), "org/repo:Q2_K") << "the smallest where none fits";
  all.erase(all.begin() + 1);
  EXPECT_EQ(suggested(12 * kGB), "org/repo:Q6_K");
}

TEST(Select, ALongListingMakesNoLongError) {
  std::vector<FileSize> all;
  for (int i = 0; i < 5000; ++i) all.push_back({fmt::format("file-{}.gguf", i), 1});
  EXPECT_LT(chosen(all, "none")[0].size(), 2000u);
  EXPECT_NE(chosen(all, "none")[0].find("and 4960 more"), std::string::npos);
}

TEST(Fit, ComparesWeightsAndWhatComesOnTopWithTheMemory) {
  EXPECT_EQ(fit_of(10 * kGB, 24 * kGB), Fit::fits);
  EXPECT_EQ(fit_of(10 * kGB, 13 * kGB), Fit::fits);  // 10 + 2.5 + 0.5
  EXPECT_EQ(fit_of(10 * kGB, 13 * kGB - 1), Fit::tight);
  EXPECT_EQ(fit_of(10 * kGB, 10 * kGB), Fit::tight);
  EXPECT_EQ(fit_of(10 * kGB + 1, 10 * kGB), Fit::exceeds);
  EXPECT_EQ(fit_of(i64{1} << 50, 24 * kGB), Fit::exceeds);
  EXPECT_GT(memory_limit(), 0);
}

TEST(Fit, AvailableMemoryIsWhatTheTightestControlGroupLeaves) {
  const TestFolder root;
  const auto put = [&](const char* name, const std::string& text) {
    std::filesystem::create_directories((root.path() / name).parent_path());
    ASSERT_TRUE(write_file(root.path() / name, text));
  };
  put("proc/meminfo", "MemTotal:       20000000 kB\nMemFree:         1000000 kB\nMemAvailable:   15000000 kB\n");
  EXPECT_EQ(machine_memory(root.path()).total, 20'480'000'000);
  EXPECT_EQ(machine_memory(root.path()).available, 15'360'000'000);
  EXPECT_FALSE(machine_memory(root.path()).group_limits);

  put("proc/self/cgroup", "0::/user/job\n");
  put("sys/fs/cgroup/user/job/memory.max", "max\n");
  put("sys/fs/cgroup/user/memory.max", "8000000000\n");
  put("sys/fs/cgroup/user/memory.current", "5000000000\n");
  put("sys/fs/cgroup/user/memory.stat", "anon 1000000000\ninactive_file 3000000000\nactive_file 1000000000\n");
  EXPECT_EQ(machine_memory(root.path()).total, 8'000'000'000);
  EXPECT_EQ(machine_memory(root.path()).available, 7'000'000'000);
  EXPECT_TRUE(machine_memory(root.path()).group_limits);

  put("proc/self/cgroup", "4:memory:/docker/x\n0::/\n");  // version 1, whose path lies outside of the container
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "4000000000\n");
  put("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000000000\n");
  put("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 200000000\ntotal_active_file 0\n");
  EXPECT_EQ(machine_memory(root.path()).available, 3'200'000'000);
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(machine_memory(root.path()).available, 15'360'000'000);
}

TEST(SizeText, IsDecimalAsOnHubs) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1500), "1.5 kB");
  EXPECT_EQ(size_text(1'120'000'000), "1.12 GB");
  EXPECT_EQ(size_text(404'000'000'000), "404 GB");
}

}  // namespace
}  // namespace r1
