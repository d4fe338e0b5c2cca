// Byte-level BPE tokenizers as tokenizer.json describes them.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

class Tokenizer {
 public:
  // A folder with tokenizer.json, or the file itself. Hostile input: every number and string is checked.
  static Result<Tokenizer> open(const std::filesystem::path& path);
  static Result<Tokenizer> parse(std::string_view json, std::string_view source);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Added tokens (specials) are recognised in `text` only when asked for; otherwise they are ordinary text.
  enum class Special { as_text, recognise };
  std::vector<i32> encode(std::string_view text, Special special = Special::as_text) const;
  // The same with added tokens recognised only where they lie wholly inside one of `trusted`, ascending byte ranges of
  // `text`. The text is cut at those alone: elsewhere a token may reach from trusted text into the rest.
  struct Range {
    size_t begin, end;
  };
  std::vector<i32> encode(std::string_view text, std::span<const Range> trusted) const;
  std::string decode(std::span<const i32> ids) const;  // bytes exact, special tokens included as their text
  const std::string& bytes_of(i32 id) const;           // empty for an id without a token
  std::optional<i32> find(std::string_view token) const;  // an added token by its text: "<think>"
  bool is_added(i32 id) const;
  i64 size() const;  // 1 + largest id

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace r1
