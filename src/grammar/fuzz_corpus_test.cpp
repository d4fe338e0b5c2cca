// The inputs of the fuzz targets of this folder, once more.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "grammar/gbnf.hpp"
#include "grammar/json_schema.hpp"
#include "grammar/regex.hpp"
#include "grammar/test_drawn_text.hpp"

namespace r1 {
namespace {

// Calls `read` with each input; it says whether the input was a grammar. Returns how many were.
template <class Read>
int replay(const char* kind, Read read) {
  int grammars = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(R1_SOURCE_DIR) / "fuzz/corpus" / kind)) {
    SCOPED_TRACE(entry.path());
    const auto text = read_file(entry.path());
    EXPECT_TRUE(text) << text.error().what;
    grammars += text && read(*text);
  }
  return grammars;
}

TEST(FuzzCorpus, GrammarsAreReadAndTextsDrawn) {
  const auto draws = [](const Result<Grammar>& grammar) {
    if (grammar) static_cast<void>(drawn_text(*grammar, 1));
    return static_cast<bool>(grammar);
  };
  EXPECT_GE(replay("gbnf", [&](const std::string& text) { return draws(read_gbnf(text)); }), 4);
  EXPECT_GE(replay("schema",
                   [&](const std::string& text) {
                     const auto json = parse_json(text, "schema");
                     return json && draws(read_json_schema(*json));
                   }),
            4);
  EXPECT_GE(replay("regex",
                   [&](const std::string& text) {
                     auto expr = read_regex(text, RegexForm::whole);
                     Grammar grammar;
                     if (expr) grammar.root = grammar.add("root", std::move(*expr));
                     return expr && draws(std::move(grammar));
                   }),
            4);
}

}  // namespace
}  // namespace r1
