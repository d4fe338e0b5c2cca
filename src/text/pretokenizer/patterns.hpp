// The pre-tokenizer patterns of published models, exactly as their files contain them.
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "text/pretokenizer/scan.hpp"

namespace r1 {

struct KnownPatterns {
  std::string_view pre;  // the name in tokenizer.ggml.pre
  std::vector<std::string_view> patterns;
  Scanner scan;  // null: PCRE2 cuts the text
  // What the name says besides the patterns. `ignored` is "ignore_merges" of a tokenizer.json: a piece that is a token
  // becomes that token. add_bos holds for a file without tokenizer.ggml.add_bos_token.
  enum class Merges : u8 { applied, ignored } merges = Merges::applied;
  bool add_bos = false;
};

std::span<const KnownPatterns> all_known_patterns();
// Finds patterns by their GGUF name, preferring the form that GGUF files use. Several names may mean the same patterns.
// Null if the name is unknown.
const KnownPatterns* known_patterns(std::string_view pre);
// Finds patterns by their exact texts, in order, and by `merges` if it is given: two names may differ in nothing else.
// Null if they are unknown.
const KnownPatterns* known_patterns(std::span<const std::string_view> patterns,
                                    std::optional<KnownPatterns::Merges> merges = {});

}  // namespace r1
