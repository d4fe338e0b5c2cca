// Common English words for letter-counting problems.
#pragma once
#include <string_view>
#include <vector>

namespace r1 {

const std::vector<std::string_view>& english_words();  // lower case, sorted, 3 to 12 letters

}  // namespace r1
