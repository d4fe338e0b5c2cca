// The distance between two words, for suggestions of the kind "did you mean".
#pragma once
#include <cstddef>
#include <string_view>

namespace r1 {

// Levenshtein distance: the number of bytes to insert, delete or replace.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace r1
