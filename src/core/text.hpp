// Functions on words: the distance between two words, for suggestions such as "did you mean"; removing white space
// around a text; lower case.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace r1 {

// The Damerau-Levenshtein distance that changes no part of a word twice ("optimal string alignment"): the number of
// bytes to insert, delete or replace and of neighbours to exchange.
size_t edit_distance(std::string_view a, std::string_view b);

// The name that is nearest to `word`, the first of equally near ones. Empty if every name is at a distance of more than
// half of the word's length.
std::string nearest_word(std::string_view word, std::span<const std::string> names);

// The text without the spaces, tabs and line ends around it.
std::string_view trimmed(std::string_view text);

// ASCII letters in lower case; other bytes stay.
std::string lower_case(std::string_view text);

}  // namespace r1
