// Checks every #include against src/LAYERS, the table of which folder of src/ may include which. CMake links by it too.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// The folders, and the single headers of other folders, that a folder may include.
using Allowed = std::set<std::string>;
using Table = std::map<std::string, Allowed>;

Table read_layers() {
  std::ifstream in(fs::path(R1_SOURCE_DIR) / "src/LAYERS");
  Table table;
  std::string folder;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#') || line.empty()) continue;
    std::istringstream words(line);
    if (line.front() != ' ') words >> folder;  // else it continues the row before
    Allowed& row = table[folder];
    for (std::string other; words >> other;) row.insert(other);
  }
  return table;
}
const Table& layers() {
  static const Table table = read_layers();
  return table;
}

// Tests and benchmarks may also include these, because they pass a kernel
// table and a thread pool to the code under test.
const Allowed kForTests{"core", "kernels/cpu"};

// The folder of the table that holds a file, directly or in a nested folder: "formats" for "formats/jinja/lexer.hpp".
// Empty if no folder of the table holds it.
std::string layer_of(const std::string& path) {
  for (fs::path folder = fs::path(path).parent_path(); !folder.empty(); folder = folder.parent_path())
    if (layers().contains(folder.string())) return folder.string();
  return "";
}

bool may_include(const std::string& file, const std::string& header) {
  const std::string from = layer_of(file), to = layer_of(header);
  if (from.empty() || to.empty()) return false;
  const Allowed& row = layers().at(from);
  if (from == to || row.contains(to) || row.contains(header)) return true;
  const std::string stem = fs::path(file).stem().string();
  const bool for_tests = stem.ends_with("_test") || stem.ends_with("_bench") || stem.starts_with("test_");
  return for_tests && kForTests.contains(to);
}

std::vector<std::string> includes(const fs::path& file) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*"([^"]+)".*)re");
  std::ifstream in(file);
  std::vector<std::string> out;
  std::smatch match;
  for (std::string line; std::getline(in, line);)
    if (std::regex_match(line, match, kInclude)) out.push_back(match[1]);
  return out;
}

std::vector<std::string> sources(const fs::path& root) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".hpp" || extension == ".cpp" || extension == ".cu" || extension == ".h")
      out.push_back(fs::relative(entry.path(), root).string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Layers, FilesIncludeOnlyFoldersThatTheirLayerAllows) {
  const fs::path root = fs::path(R1_SOURCE_DIR) / "src";
  const std::vector<std::string> files = sources(root);
  ASSERT_GT(files.size(), 50u) << "src/ was not found";
  for (const std::string& file : files) {
    EXPECT_NE(layer_of(file), "") << "src/" << file << ": src/LAYERS lacks its folder";
    for (const std::string& header : includes(root / file))
      EXPECT_TRUE(may_include(file, header)) << "src/" << file << " includes \"" << header << '"';
  }
}

TEST(Layers, EveryIncludedHeaderExists) {
  const fs::path root = fs::path(R1_SOURCE_DIR) / "src";
  for (const std::string& file : sources(root))
    for (const std::string& header : includes(root / file))
      EXPECT_TRUE(fs::exists(root / header))
          << "src/" << file << " includes \"" << header << "\", not a path from src/";
}

TEST(Layers, EveryFolderOfTheTableHoldsSources) {
  for (const auto& [folder, row] : layers()) {
    EXPECT_TRUE(fs::is_directory(fs::path(R1_SOURCE_DIR) / "src" / folder)) << "src/LAYERS names " << folder;
    for (const std::string& other : row)
      EXPECT_TRUE(layers().contains(other) || !layer_of(other).empty()) << folder << " may include " << other;
  }
}

TEST(Layers, TheTableHasNoCycle) {
  Table reach;
  for (const auto& [folder, row] : layers())
    for (const std::string& other : row) reach[folder].insert(layers().contains(other) ? other : layer_of(other));
  for (bool grew = true; grew;) {
    grew = false;
    for (auto& [folder, row] : reach)
      for (const std::string& other : Allowed(row))
        for (const std::string& far : Allowed(reach[other])) grew |= row.insert(far).second;
  }
  for (const auto& [folder, row] : reach)
    EXPECT_FALSE(row.contains(folder)) << folder << " may include itself through other folders";
}

// The types that a file defines outside anonymous namespaces, with the namespaces around them: "r1::Tensor".
std::vector<std::string> defined_types(const fs::path& file) {
  static const std::regex kOpens(R"re(^namespace ([a-z0-9_:]*) ?\{.*)re"), kCloses(R"re(^\}  // namespace.*)re");
  static const std::regex kType(R"re(^(?:struct|class|enum class) (\w+)(?: final)?(?: :.*)? \{.*)re");
  std::ifstream in(file);
  std::vector<std::string> around, out;
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (std::regex_match(line, match, kOpens)) {
      around.push_back(match[1]);
    } else if (std::regex_match(line, kCloses) && !around.empty()) {
      around.pop_back();
    } else if (std::regex_match(line, match, kType)) {
      std::string name;
      bool anonymous = false;
      for (const std::string& space : around) {
        anonymous |= space.empty();
        name += space + "::";
      }
      if (!anonymous) out.push_back(name + match[1].str());
    }
  }
  return out;
}

// Two types of one name in one namespace have one destructor for the linker, which may take either for both.
TEST(Layers, NoTypeIsDefinedTwice) {
  const fs::path root = fs::path(R1_SOURCE_DIR) / "src";
  std::map<std::string, std::string> defined_in;
  for (const std::string& file : sources(root))
    for (const std::string& type : defined_types(root / file)) {
      const auto [at, first] = defined_in.emplace(type, file);
      EXPECT_TRUE(first) << type << " is defined in src/" << at->second << " and in src/" << file;
    }
  EXPECT_TRUE(defined_in.contains("r1::Tensor"));
  EXPECT_GT(defined_in.size(), 200u);
}

// Reads the table of CONTRIBUTING.md, whose rows look like "| `ops` | core, kernels/cpu |".
Table read_contributing() {
  std::ifstream in(fs::path(R1_SOURCE_DIR) / "CONTRIBUTING.md");
  static const std::regex kRow(R"re(^\| `([a-z/]+)` \| ([^|]*) \|$)re");
  Table table;
  std::smatch match;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) inside = line == "## Layers";
    if (!inside || !std::regex_match(line, match, kRow)) continue;
    Allowed& row = table[match[1]];
    std::string names = match[2];
    std::replace(names.begin(), names.end(), ',', ' ');
    std::istringstream words(names);
    for (std::string other; words >> other;)
      if (other != "–") row.insert(other);
  }
  return table;
}

TEST(Layers, ContributingShowsTheSameTable) { EXPECT_EQ(read_contributing(), layers()); }

constexpr int kMostFiles = 40, kMostLines = 500;

TEST(Layers, NoFolderHoldsMoreThanFortySourcesAndHeaders) {
  const fs::path root = fs::path(R1_SOURCE_DIR) / "src";
  std::map<std::string, int> count;
  for (const std::string& file : sources(root)) ++count[fs::path(file).parent_path().string()];
  for (const auto& [folder, files] : count) EXPECT_LE(files, kMostFiles) << "src/" << folder;
}

// A file may be longer if its first comment says why: "Longer than 500 lines because ...".
TEST(Layers, FilesOverFiveHundredLinesGiveAReason) {
  const fs::path root(R1_SOURCE_DIR);
  for (const char* folder : {"src", "tests", "fuzz"})
    for (const std::string& file : sources(root / folder)) {
      std::ifstream in(root / folder / file);
      int lines = 0;
      bool comment = true, reason = false;
      for (std::string line; std::getline(in, line); ++lines) {
        comment &= line.starts_with("//");
        reason |= comment && line.find("Longer than 500 lines because") != std::string::npos;
      }
      EXPECT_TRUE(lines <= kMostLines || reason) << folder << "/" << file << " has " << lines << " lines";
    }
}

TEST(Layers, MayIncludeFindsForbiddenIncludes) {
  EXPECT_FALSE(may_include("core/tensor.cpp", "ops/ops.hpp"));
  EXPECT_FALSE(may_include("train/trainer.cpp", "infer/engine.hpp"));
  EXPECT_FALSE(may_include("kernels/cpu/gemm.cpp", "core/tensor.hpp"));
  EXPECT_FALSE(may_include("model/open.cpp", "kernels/cpu/kernels.hpp"));
  EXPECT_FALSE(may_include("ops/add.cpp", "rows.hpp")) << "the path does not start at src/";
  EXPECT_TRUE(may_include("kernels/cpu/gemm.cpp", "core/half.hpp"));
  EXPECT_TRUE(may_include("model/deepseek_v3_test.cpp", "kernels/cpu/kernels.hpp"));
  EXPECT_FALSE(may_include("formats/jinja/lexer.cpp", "text/chat.hpp"));
  EXPECT_FALSE(may_include("model/gguf/names.cpp", "convert/convert.hpp"));
  EXPECT_TRUE(may_include("recipe/recipe.cpp", "train/trainer.hpp"));
  EXPECT_TRUE(may_include("model/open.cpp", "model/gguf/names.hpp"));
}

}  // namespace
