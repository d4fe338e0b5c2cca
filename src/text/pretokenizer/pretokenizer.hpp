// The steps before byte-pair merging, as tokenizer.json describes them: regular expressions cut the text into pieces,
// and every byte is written as a printable character.
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

// Cuts text into matches and the gaps between them (Hugging Face's Split with behavior "Isolated"). Patterns are
// applied one after another; each cuts every piece that the pattern before it has left, and sees only that piece. The
// pattern lists of published models are recognised by their exact text and cut by a scanner of our own, all others by
// PCRE2. The pieces are the same either way. Safe to use from many threads.
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

  // The pre-tokenizer that a GGUF's tokenizer.ggml.pre names. Errors: an unknown name.
  static Result<PreTokenizer> named(std::string_view pre);
  // GGUF's name for exactly these patterns in a tokenizer with this `ignore_merges`, or empty if it has none.
  std::string_view pre(bool ignore_merges) const;

  Status add(std::string_view pattern, Kind kind = Kind::regex);
  const std::vector<Step>& steps() const { return steps_; }
  // Calls fn with the pieces in order; joined they are `text`. A run of bytes that are not UTF-8 is one piece.
  void split(std::string_view text, const std::function<void(std::string_view piece)>& fn) const;

 private:
  struct Pattern;
  void split_by_patterns(std::string_view text, const std::function<void(std::string_view)>& fn) const;

  std::vector<Step> steps_;
  std::vector<std::unique_ptr<Pattern>> patterns_;
  std::vector<std::string_view> texts() const;  // of the steps, as known_patterns() takes them
  const struct KnownPatterns* known_ = nullptr;
};

inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// GPT-2's byte alphabet has a printable character for every byte. A space is U+0120.
u32 alphabet_of_byte(u8 byte);
std::string to_alphabet(std::string_view bytes);
// Appends the bytes that `text` stands for. Returns false if a character of `text` is not in the alphabet; `bytes` may
// have grown then.
bool append_from_alphabet(std::string_view text, std::string& bytes);

}  // namespace r1
