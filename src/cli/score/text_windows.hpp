// A text cut into windows of tokens that do not overlap, as llama.cpp's tools cut it: for perplexity and importance
// matrices.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "text/tokenizer.hpp"

namespace r1 {

// Each window is scored by itself, with bos as its first token if the tokenizer adds one.
struct Windows {
  std::vector<i32> ids;
  i64 context = 0;
  std::optional<i32> bos;
  i64 count() const { return static_cast<i64>(ids.size()) / context; }
  std::vector<i32> at(i64 w) const {
    std::vector<i32> out(ids.begin() + w * context, ids.begin() + (w + 1) * context);
    if (bos) out[0] = *bos;
    return out;
  }
};

// Errors: the text has fewer tokens than one window. `file` names the text.
Result<Windows> windows_of(const Tokenizer& tokenizer, const std::string& text, i64 context, const std::string& file);

}  // namespace r1
