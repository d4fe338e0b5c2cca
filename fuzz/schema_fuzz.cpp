// Fuzzes JSON Schemas: the input becomes a grammar, and a random text is drawn from its masks.
#include "formats/json.hpp"
#include "grammar/json_schema.hpp"
#include "grammar/test_drawn_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = r1::parse_json(text, "schema");
  if (!json) return 0;
  if (const auto grammar = r1::read_json_schema(*json)) (void)r1::drawn_text(*grammar, size);
  return 0;
}
