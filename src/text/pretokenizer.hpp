// What happens to text before byte-pair merging: regular expressions cut it into pieces, and every byte gets a
// printable character. Both as tokenizer.json has them.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// Cuts text into matches and the gaps between them (Hugging Face's Split with behavior "Isolated"), one pattern after
// another: each cuts every piece the one before has left, and sees only that piece. Lists of patterns that published
// models have are known by their exact text and cut by a scanner of our own, all others by PCRE2; the pieces are the
// same. Safe to use from many threads.
class PreTokenizer {
 public:
  enum class Kind : u8 { regex, literal };
  struct Step {
    std::string pattern;
    Kind kind;
  };
  PreTokenizer();
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

  // What a GGUF's tokenizer.ggml.pre names. Err: a name that we do not know.
  static Result<PreTokenizer> named(std::string_view pre);
  // The name that a GGUF has for exactly these patterns; empty if there is none.
  std::string_view pre() const;

  Status add(std::string_view pattern, Kind kind = Kind::regex);
  const std::vector<Step>& steps() const { return steps_; }
  // The pieces, in order; together they are `text`. A run of bytes that are not UTF-8 is a piece of its own.
  void split(std::string_view text, const std::function<void(std::string_view piece)>& fn) const;

 private:
  struct Pattern;
  void split_by_patterns(std::string_view text, const std::function<void(std::string_view)>& fn) const;

  std::vector<Step> steps_;
  std::vector<std::unique_ptr<Pattern>> patterns_;
  const struct KnownPatterns* known_ = nullptr;
};

inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// GPT-2's byte alphabet: a printable character for every byte, space being U+0120.
u32 alphabet_of_byte(u8 byte);
std::string to_alphabet(std::string_view bytes);
// Appends the bytes that `text` spells; false (and something appended) if a character of it is not in the alphabet.
bool append_from_alphabet(std::string_view text, std::string& bytes);

}  // namespace r1
