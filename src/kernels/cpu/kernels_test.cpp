#include "kernels/cpu/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace r1::cpu {
namespace {

std::string output_of(const std::string& command) {
  std::string out;
  if (FILE* pipe = popen(command.c_str(), "r")) {
    std::array<char, 4096> buffer;
    while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
    pclose(pipe);
  }
  return out;
}

// A weak symbol (an inline function, a template) compiled for AVX-512 could be the copy that the linker gives to
// everyone, and would then crash older processors.
TEST(Kernels, ObjectsOfALevelExportOnlyThatLevelsTables) {
  const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "CMakeFiles";
  int objects = 0;
  for (const char* level : {"portable", "avx2", "avx512", "avx512bf16", "amx", "neon"}) {
    const auto folder = build / ("r1_level_" + std::string(level) + ".dir/src/kernels/cpu");
    if (!std::filesystem::exists(folder)) continue;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() != ".o") continue;
      ++objects;
      const std::string symbols = output_of("nm -C --defined-only --extern-only '" + file.path().string() + "'");
      ASSERT_FALSE(symbols.empty()) << file.path();
      size_t begin = 0;
      for (size_t end; (end = symbols.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const std::string line = symbols.substr(begin, end - begin);  // "0000000000000000 D r1::cpu::avx2::gemm_table"
        ASSERT_GT(line.size(), 19u) << line;
        EXPECT_EQ(std::string("WVuwv").find(line[17]), std::string::npos) << "weak: " << line;
        EXPECT_EQ(line.substr(19).rfind("r1::cpu::" + std::string(level) + "::", 0), 0u) << line;
      }
    }
  }
  EXPECT_GT(objects, 0) << "no objects under " << build;
}

TEST(Kernels, LevelsRunFromSlowestToFastestAndTheActiveOneIsAmongThem) {
  const auto all = levels();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front()->level, Level::portable);
  const auto slower = [](const Kernels* a, const Kernels* b) { return a->level < b->level; };
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), slower));
  EXPECT_NE(std::find(all.begin(), all.end(), &active()), all.end());
}

TEST(Kernels, LevelsAreFoundByName) {
  for (const Kernels* k : levels()) EXPECT_EQ(find_level(k->name), k);
  EXPECT_EQ(find_level("sse9"), nullptr);
}

}  // namespace
}  // namespace r1::cpu
