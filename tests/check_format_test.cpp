// What scripts/check-format finds, and its messages.
#include "program.hpp"

#include <fmt/format.h>

namespace r1 {
namespace {

class CheckFormat : public Program {
 protected:
  void SetUp() override {
    if (std::system("command -v clang-format-14 > /dev/null") != 0) GTEST_SKIP() << "no clang-format-14";
    fs::create_directories(folder_ / "scripts");
    fs::copy_file(fs::path(R1_SOURCE_DIR) / "scripts/check-format", folder_ / "scripts/check-format");
    fs::copy_file(fs::path(R1_SOURCE_DIR) / ".clang-format", folder_ / ".clang-format");
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    ASSERT_TRUE(write_file(folder_ / name, std::string_view(text)));
  }
  Outcome check(const std::string& environment = "") const {
    const std::string command = fmt::format("cd / && {} {}/scripts/check-format > {} 2> {}", environment,
                                            folder_.string(), file("out").string(), file("err").string());
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, *read_file(file("out")), *read_file(file("err"))};
  }
};

std::string repeated(const std::string& character, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += character;
  return out;
}

TEST_F(CheckFormat, SourcesThatClangFormatWouldChangeAreNamedWithTheCommandThatFormatsThem) {
  write("src/good.cpp", "int main() { return 0; }\n");
  EXPECT_EQ(check().code, 0) << check().out;
  write("src/a/bad.hpp", "int  f( );\nint   g( );\n");
  write("tests/bad.cpp", "int main ()\n{ return 0 ; }\n");
  const Outcome o = check();
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out,
            "check-format: src/a/bad.hpp is not as clang-format writes it\n"
            "check-format: tests/bad.cpp is not as clang-format writes it\n"
            "check-format: this formats what was named: clang-format-14 -i src/a/bad.hpp tests/bad.cpp\n");
  EXPECT_EQ(o.err, "");
  ASSERT_EQ(std::system(("cd " + folder_.string() + " && clang-format-14 -i src/a/bad.hpp tests/bad.cpp").c_str()), 0);
  EXPECT_EQ(check().code, 0) << check().out;
}

TEST_F(CheckFormat, LinesHaveAtMost120CharactersWhateverTheirBytes) {
  for (const char* name : {"README.md", "docs/page.md", "scripts/setup", "test", "src/LAYERS", "cmake/folders.cmake",
                           "recipes/nano/sft.toml", "CMakeLists.txt", "tests/golden/make.py"}) {
    SCOPED_TRACE(name);
    for (const char* character : {"x", "·", "→", "你", "😀"}) {
      write(name, "#\n" + repeated(character, 120) + "\n");
      EXPECT_EQ(check().code, 0) << check().out;
    }
    write(name, "#\n" + repeated("·", 121) + "\n");
    const Outcome o = check();
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.out, fmt::format("check-format: {}:2 has 121 characters, 120 are allowed\n", name));
    fs::remove(folder_ / name);
  }
}

TEST_F(CheckFormat, WhatCannotBeBrokenMayBeLonger) {
  const std::string words = repeated("x", 200);
  write("docs/page.md", "| " + words + " |\n\n    " + words + "\n\n```\n" + words + "\n```\n");
  write("recipes/run.toml", "tasks = \"" + words + "\"\n");
  write("src/a.hpp", "const char* const kWords =\n    \"" + words + "\";\n");
  write("tests/data/ORIGIN.md", words + "\n");
  write("tests/golden/v3/config.json", words + "\n");
  write("fuzz/corpus/template/a.md", words + "\n");
  write("build/release/b.cpp", "int  f( );\n");
  EXPECT_EQ(check().code, 0) << check().out;
  write("docs/page.md", "```\n" + words + "\n```\n" + words + "\n");
  write("src/a.hpp", "// " + words + "\n");
  EXPECT_EQ(check().out,
            "check-format: docs/page.md:4 has 200 characters, 120 are allowed\n"
            "check-format: src/a.hpp:1 has 203 characters, 120 are allowed\n");
}

TEST_F(CheckFormat, WithoutClangFormatItIsSkippedAndAConfigurationThatIsWrongFails) {
  write("src/good.cpp", "int main() { return 0; }\n");
  EXPECT_EQ(check("CLANG_FORMAT=no-such-program").code, 77);
  write(".clang-format", "NoSuchKey: 1\n");
  EXPECT_EQ(check().code, 1) << check().out;
}

}  // namespace
}  // namespace r1
