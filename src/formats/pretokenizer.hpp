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
// another: each cuts every piece the one before has left, and sees only that piece. Safe to use from many threads.
class PreTokenizer {
 public:
  enum class Kind : u8 { regex, literal };
  PreTokenizer();
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

  Status add(std::string_view pattern, Kind kind = Kind::regex);
  // The pieces, in order; together they are `text`. A run of bytes that are not UTF-8 is a piece of its own.
  void split(std::string_view text, const std::function<void(std::string_view piece)>& fn) const;

 private:
  struct Pattern;
  std::vector<std::unique_ptr<Pattern>> patterns_;
};

inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// GPT-2's byte alphabet: a printable character for every byte, space being U+0120.
u32 alphabet_of_byte(u8 byte);
std::string to_alphabet(std::string_view bytes);
// The bytes that `text` spells, or nothing if a character of it is not in the alphabet.
std::optional<std::string> from_alphabet(std::string_view text);

// Unicode's White_Space.
bool is_white_space(u32 code_point);

}  // namespace r1
