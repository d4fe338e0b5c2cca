// The pre-tokenizer patterns of published models, exactly as their files contain them.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "text/pretokenizer/scan.hpp"

namespace r1 {

struct KnownPatterns {
  std::string_view pre;  // the name in tokenizer.ggml.pre
  std::vector<std::string_view> patterns;
  Scanner scan;  // null: PCRE2 cuts the text
};

std::span<const KnownPatterns> all_known_patterns();
// Finds patterns by their GGUF name, preferring the form that GGUF files use. Several names may mean the same patterns.
// Null if the name is unknown.
const KnownPatterns* known_patterns(std::string_view pre);
// Finds patterns by their exact texts, in order. Null if they are unknown.
const KnownPatterns* known_patterns(std::span<const std::string_view> patterns);

}  // namespace r1
