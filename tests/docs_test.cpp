// The documentation fits the tree: links lead to files, every folder has a README, every package has its reason.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = R1_SOURCE_DIR;

std::string read(const fs::path& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

std::vector<fs::path> pages() {
  std::vector<fs::path> out;
  for (const char* folder : {"docs", "src", "tests", "recipes", "models", "scripts", "bench"}) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder))
      if (entry.path().extension() == ".md") out.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(kRoot))
    if (entry.path().extension() == ".md") out.push_back(entry.path());
  return out;
}

TEST(Docs, LinksWithinTheTreeLeadToFiles) {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  size_t seen = 0;
  for (const fs::path& page : pages()) {
    const std::string text = read(page);
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at, ++seen)
      EXPECT_TRUE(fs::exists(page.parent_path() / (*at)[1].str())) << page << " links to " << (*at)[1];
  }
  EXPECT_GT(seen, 5u);
}

TEST(Docs, EverySourceFolderHasAReadme) {
  for (const auto& entry : fs::directory_iterator(kRoot / "src"))
    if (entry.is_directory()) {
      const bool nested = entry.path().filename() == "kernels";
      EXPECT_TRUE(fs::exists(entry.path() / (nested ? "cpu/README.md" : "README.md"))) << entry.path();
    }
}

TEST(Docs, TheReadmeExplainsEveryPackage) {
  std::ifstream packages(kRoot / "scripts/packages.txt");
  const std::string readme = read(kRoot / "README.md");
  size_t seen = 0;
  for (std::string line; std::getline(packages, line);) {
    if (line.empty() || line[0] == '#') continue;
    EXPECT_NE(readme.find(line), std::string::npos) << line;
    ++seen;
  }
  EXPECT_GT(seen, 5u);
}

}  // namespace
