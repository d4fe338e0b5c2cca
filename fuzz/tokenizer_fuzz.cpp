// Fuzzes tokenizer.json. A tokenizer that loads must encode a text to ids in range, and must load again after it is
// written.
#include <cstdlib>
#include <string_view>

#include "formats/gguf.hpp"
#include "text/tokenizer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tokenizer = r1::Tokenizer::parse({reinterpret_cast<const char*>(data), size}, "tokenizer.json");
  if (!tokenizer) return 0;
  const std::string_view text = "Hello, hell! \u00e9 123\n<end> \xff";
  for (const auto special : {r1::Tokenizer::Special::as_text, r1::Tokenizer::Special::recognise})
    for (const r1::i32 id : tokenizer->encode(text, special))
      if (id < 0 || id >= tokenizer->size()) std::abort();
  (void)tokenizer->to_gguf();
  if (!r1::Tokenizer::parse(tokenizer->to_json(), "again", tokenizer->to_config_json())) std::abort();
  return 0;
}
