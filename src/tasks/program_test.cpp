#include "tasks/program.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

std::string python_in(std::string_view text) { return program_in(text, ProgramLanguage::python).value_or("(none)"); }

TEST(Program, TheLastBlockOfTheLanguageAfterTheThinkingCounts) {
  EXPECT_EQ(python_in("```python\na = 1\n```"), "a = 1\n");
  EXPECT_EQ(python_in("First:\n```python\na\n```\nbetter:\n```Python title=\"x\"\nb\n\nc\n```\nDone."), "b\n\nc\n");
  EXPECT_EQ(python_in("```python\na\n```\n</think>\nno block"), "(none)");
  EXPECT_EQ(python_in("```python\na\n```\n</think>\n```py\nb\n```"), "b\n");
  EXPECT_EQ(python_in("```cpp\nint a;\n```"), "(none)");
  EXPECT_EQ(program_in("```c++\nint a;\n```\n```python\nb\n```", ProgramLanguage::cpp), "int a;\n");
  EXPECT_EQ(python_in(""), "(none)");
  EXPECT_EQ(python_in("a = 1"), "(none)");
  EXPECT_EQ(python_in("Use ```a = 1``` here"), "(none)");
}

TEST(Program, ABlockWithoutANameCountsIfNoBlockNamesTheLanguage) {
  EXPECT_EQ(python_in("```\na\n```"), "a\n");
  EXPECT_EQ(python_in("```python\na\n```\nIt prints\n```\n42\n```"), "a\n");
  EXPECT_EQ(python_in("```\na\n```\n```text\n42\n```"), "a\n");
}

TEST(Program, ABlockWithoutAnEndIsCutOffAndNoProgram) {
  EXPECT_EQ(python_in("```python\na = 1"), "(none)");
  EXPECT_EQ(python_in("```python\na\n```\nor\n```python\nb = "), "(none)");
}

TEST(Program, FencesAreThoseOfCommonMark) {
  EXPECT_EQ(python_in("~~~python\na\n```\nb\n~~~"), "a\n```\nb\n");
  EXPECT_EQ(python_in("````python\na\n```\nb\n`````\nend"), "a\n```\nb\n");
  EXPECT_EQ(python_in("```python\n\"\"\"\n```python\nnested\n\"\"\"\n```"), "\"\"\"\n```python\nnested\n\"\"\"\n");
  EXPECT_EQ(python_in("1. So:\n   ```python\n   if a:\n     b\n   ```\n"), "if a:\n  b\n");
  EXPECT_EQ(python_in("```python\r\na\r\nb\r\n```\r\n"), "a\nb\n");
  EXPECT_EQ(python_in("```python\n\n  a\n\n```"), "\n  a\n\n");
  EXPECT_EQ(python_in("```python\n```"), "");
}

}  // namespace
}  // namespace r1
