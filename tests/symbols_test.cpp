// Object files that are compiled for a level (AVX-512, AMX, ...) must not define a symbol that another object file can
// define too. Of two such definitions the linker keeps one, so code of a higher level could run on a processor that
// lacks its instructions. Therefore every global symbol must lie in the namespace of its level, and none may be weak or
// unique (inline functions, template instantiations, static variables of inline functions).
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Symbol {
  std::string name;  // mangled
  char type;         // as nm prints it: upper case is global, W and V are weak, u is unique
};

std::vector<Symbol> defined_symbols(const fs::path& object) {
  const std::string command = "nm --defined-only --format=posix '" + object.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::vector<Symbol> out;
  std::array<char, 65536> line;
  while (pipe && std::fgets(line.data(), line.size(), pipe.get())) {
    const std::string_view text(line.data());
    const size_t space = text.find(' ');
    if (space != text.npos && space + 1 < text.size())
      out.push_back({std::string(text.substr(0, space)), text[space + 1]});
  }
  return out;
}

// The reason why an object file of this level must not define the symbol; empty if it may.
std::string fault(const Symbol& s, const std::string& level) {
  if (s.type == 'W' || s.type == 'V' || s.type == 'w' || s.type == 'v') return "weak: another object may define it too";
  if (s.type == 'u') return "unique: one for the whole program";
  if (s.type >= 'a' && s.type <= 'z') return "";                               // a local symbol
  const std::string space = "2r13cpu" + std::to_string(level.size()) + level;  // r1::cpu::LEVEL, mangled
  for (const char* prefix : {"_ZN", "_ZNK"})
    if (s.name.starts_with(prefix + space)) return "";
  return "outside namespace r1::cpu::" + level;
}

bool optimised_build() {
  std::ifstream cache(fs::path(R1_BINARY_DIR) / "CMakeCache.txt");
  for (std::string line; std::getline(cache, line);)
    if (line.starts_with("CMAKE_BUILD_TYPE:")) return line.ends_with("=Release") || line.ends_with("=RelWithDebInfo");
  return false;
}

// The object files of each level.
std::map<std::string, std::vector<fs::path>> level_objects() {
  std::map<std::string, std::vector<fs::path>> out;
  const std::string_view prefix = "r1_level_", suffix = ".dir";
  for (const auto& entry : fs::directory_iterator(fs::path(R1_BINARY_DIR) / "CMakeFiles")) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    const std::string level = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
    for (const auto& file : fs::recursive_directory_iterator(entry.path()))
      if (file.path().extension() == ".o") out[level].push_back(file.path());
  }
  return out;
}

TEST(Symbols, ObjectFilesOfALevelDefineSymbolsOfThatLevelOnly) {
  if (!optimised_build())
    GTEST_SKIP() << "without optimisation the compiler emits inline functions; such a build is never shipped";
  const auto objects = level_objects();
  ASSERT_GE(objects.size(), 2u) << "no objects of levels under " << R1_BINARY_DIR;
  for (const auto& [level, files] : objects) {
    EXPECT_FALSE(files.empty()) << level;
    for (const fs::path& file : files) {
      const std::vector<Symbol> symbols = defined_symbols(file);
      EXPECT_FALSE(symbols.empty()) << file << ": nm lists nothing";
      for (const Symbol& s : symbols) EXPECT_EQ(fault(s, level), "") << file.filename() << ": " << s.name;
    }
  }
}

TEST(Symbols, FaultFindsWeakUniqueAndForeignSymbols) {
  EXPECT_EQ(fault({"_ZN2r13cpu4avx27softmaxEPfPKfl", 'T'}, "avx2"), "");
  EXPECT_EQ(fault({"_ZL3expf", 't'}, "avx2"), "");
  EXPECT_NE(fault({"_ZN2r13cpu4avx27softmaxEPfPKfl", 'W'}, "avx2"), "");
  EXPECT_NE(fault({"_ZN2r13cpu6avx5127softmaxEPfPKfl", 'T'}, "avx2"), "");
  EXPECT_NE(fault({"_ZSt3maxIfERKT_S2_S2_", 'W'}, "avx2"), "");
  EXPECT_NE(fault({"_ZZN2r13cpu4avx25tableEvE1t", 'u'}, "avx2"), "");
}

}  // namespace
