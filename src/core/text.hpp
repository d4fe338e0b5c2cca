// Words: how far one is from another, for "did you mean".
#pragma once
#include <cstddef>
#include <string_view>

namespace r1 {

// Levenshtein: insertions, deletions and replacements of bytes.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace r1
