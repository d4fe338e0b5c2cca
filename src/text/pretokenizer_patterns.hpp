// The patterns of published models, exactly as their files have them.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "text/pretokenizer_scan.hpp"

namespace r1 {

struct KnownPatterns {
  std::string_view pre;  // GGUF's name
  std::vector<std::string_view> patterns;
  Scanner scan;  // null: left to PCRE2
};

std::span<const KnownPatterns> all_known_patterns();
// By name, a GGUF's own form first; several names may mean the same. Null if there is none.
const KnownPatterns* known_patterns(std::string_view pre);
// By the exact text of the patterns, in order.
const KnownPatterns* known_patterns(std::span<const std::string_view> patterns);

}  // namespace r1
