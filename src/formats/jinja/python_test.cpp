// Expressions and what Python's jinja2 prints for them: every operator, filter, method and test with many values.
// tests/golden/make_template_cases.py makes the file.
#include <gtest/gtest.h>

#include <filesystem>

#include "formats/jinja/jinja.hpp"

namespace r1 {
namespace {

Result<std::string> printed(const std::string& expression) {
  const JinjaTemplate program = R1_TRY(JinjaTemplate::parse("{{ " + expression + " }}", "t"));
  return R1_TRY(program.render(Json::object({}))).text;
}

TEST(JinjaGrid, EveryExpressionPrintsWhatPythonPrintsOrFailsWhereItFails) {
  const Json file = read_json(std::filesystem::path(R1_SOURCE_DIR) / "tests/data/templates/python_grid.json").value();
  size_t different = 0;
  for (const Json& c : *file.find("cases")->array()) {
    const Json::Array& row = *c.array();
    const std::string& expression = *row[0].string();
    const std::string* const want = row.size() > 1 ? row[1].string() : nullptr;
    const auto got = printed(expression);
    if (want ? got && *got == *want : !got) continue;
    if (++different > 200) continue;
    ADD_FAILURE() << expression << "\n  Python: " << (want ? *want : "an error")
                  << "\n  here:   " << (got ? *got : "error: " + got.error().what);
  }
  EXPECT_EQ(different, 0u);
  EXPECT_GT(file.find("cases")->array()->size(), 7000u);
}

}  // namespace
}  // namespace r1
