// Fuzzes grammars in GBNF: a random text is drawn from the masks of the input.
#include "grammar/gbnf.hpp"
#include "grammar/test_drawn_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto grammar = r1::read_gbnf({reinterpret_cast<const char*>(data), size}))
    (void)r1::drawn_text(*grammar, size);
  return 0;
}
