// Filling in the middle: a prompt from the text before a gap and the text after it.
#pragma once
#include <string_view>

#include "serve/api_error.hpp"
#include "text/tokenizer.hpp"

namespace r1 {

// The tokens of the prompt, in the order in which models are trained: prefix, suffix, middle. Marks in the texts are
// ordinary text. Errors: a vocabulary without such marks.
ApiResult<std::vector<i32>> fim_prompt(const Tokenizer& tokenizer, std::string_view prefix, std::string_view suffix);

}  // namespace r1
