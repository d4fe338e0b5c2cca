// The distance between two words, for suggestions of the kind "did you mean".
#pragma once
#include <cstddef>
#include <string_view>

namespace r1 {

// The Damerau-Levenshtein distance that changes no part of a word twice ("optimal string alignment"): the number of
// bytes to insert, delete or replace and of neighbours to exchange.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace r1
