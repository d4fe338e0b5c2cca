// Fuzzes regular expressions, as a whole and as a JSON Schema's pattern: a random text is drawn from the masks of each.
#include "formats/json.hpp"
#include "grammar/json_schema.hpp"
#include "grammar/regex.hpp"
#include "grammar/test_drawn_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using r1::Json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto expr = r1::read_regex(text, r1::RegexForm::whole);
  if (!expr) return 0;
  r1::Grammar whole;
  whole.root = whole.add("root", std::move(*expr));
  (void)r1::drawn_text(whole, size);
  if (const auto part = r1::read_json_schema(Json::object({{"type", "string"}, {"pattern", text}})))
    (void)r1::drawn_text(*part, size);
  return 0;
}
