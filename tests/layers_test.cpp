// The layers: which folder of src/ may include which. The table is the one of CONTRIBUTING.md; CMake links by it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

// A folder, or one header of it.
using Allowed = std::set<std::string>;
const std::map<std::string, Allowed> kLayers{
    {"core", {}},
    {"kernels/cpu", {"core/dtype.hpp", "core/half.hpp", "core/math.hpp"}},
    {"kernels/cuda", {"core/dtype.hpp", "core/half.hpp", "core/math.hpp"}},
    {"ops", {"core", "kernels/cpu", "kernels/cuda"}},
    {"formats", {"core"}},
    {"model", {"core", "ops", "formats"}},
    {"infer", {"core", "ops", "formats", "model"}},
    {"verify", {"core"}},
    {"tasks", {"core", "formats", "verify"}},
    {"train", {"core", "ops", "formats", "model", "tasks"}},
    {"eval", {"core", "formats", "infer", "tasks", "verify"}},
    {"rl", {"core", "ops", "formats", "model", "infer", "train", "verify", "tasks", "eval"}},
    {"serve", {"core", "formats", "infer", "verify"}},
    {"hub", {"core", "formats"}},
    {"cli",
     {"core", "kernels/cpu", "kernels/cuda", "ops", "formats", "model", "infer", "train", "verify", "tasks", "eval", "rl",
      "serve", "hub"}},
};
// A test or benchmark takes a kernel table and a thread pool in hand, which the code that it tests is given.
const Allowed kForTests{"core", "kernels/cpu"};

// "kernels/cpu/gemm.hpp" → "kernels/cpu"; empty if no layer has it.
std::string layer_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return kLayers.contains(folder) ? folder : "";
}

bool may_include(const std::string& file, const std::string& header) {
  const std::string from = layer_of(file), to = layer_of(header);
  if (from.empty() || to.empty()) return false;
  const Allowed& row = kLayers.at(from);
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

TEST(Layers, NoFileIncludesAFolderThatItsOwnMayNot) {
  const fs::path root = fs::path(R1_SOURCE_DIR) / "src";
  const std::vector<std::string> files = sources(root);
  ASSERT_GT(files.size(), 50u) << "src/ was not found";
  for (const std::string& file : files) {
    EXPECT_NE(layer_of(file), "") << "src/" << file << " lies in no layer: add its folder to the table";
    for (const std::string& header : includes(root / file))
      EXPECT_TRUE(may_include(file, header)) << "src/" << file << " includes \"" << header << '"';
  }
}

TEST(Layers, HeadersThatAreIncludedExist) {
  const fs::path root = fs::path(R1_SOURCE_DIR) / "src";
  for (const std::string& file : sources(root))
    for (const std::string& header : includes(root / file))
      EXPECT_TRUE(fs::exists(root / header)) << "src/" << file << " includes \"" << header << "\", a path from src/";
}

// The folders order themselves: nobody may include, over any number of steps, something that may include it.
TEST(Layers, TheTableHasNoCycle) {
  std::map<std::string, Allowed> reach;
  for (const auto& [folder, row] : kLayers)
    for (const std::string& other : row) reach[folder].insert(kLayers.contains(other) ? other : layer_of(other));
  for (bool grew = true; grew;) {
    grew = false;
    for (auto& [folder, row] : reach)
      for (const std::string& other : Allowed(row))
        for (const std::string& far : Allowed(reach[other])) grew |= row.insert(far).second;
  }
  for (const auto& [folder, row] : reach) EXPECT_FALSE(row.contains(folder)) << folder << " may include itself by way of others";
}

TEST(Layers, ABreachIsSeen) {
  EXPECT_FALSE(may_include("core/tensor.cpp", "ops/ops.hpp"));
  EXPECT_FALSE(may_include("train/trainer.cpp", "infer/engine.hpp"));
  EXPECT_FALSE(may_include("kernels/cpu/gemm.cpp", "core/tensor.hpp"));
  EXPECT_FALSE(may_include("model/open.cpp", "kernels/cpu/kernels.hpp"));
  EXPECT_FALSE(may_include("ops/add.cpp", "rows.hpp")) << "a path that does not start at src/";
  EXPECT_TRUE(may_include("kernels/cpu/gemm.cpp", "core/half.hpp"));
  EXPECT_TRUE(may_include("model/deepseek_v3_test.cpp", "kernels/cpu/kernels.hpp"));
  EXPECT_TRUE(may_include("rl/recipe.cpp", "train/trainer.hpp"));
}

}  // namespace
