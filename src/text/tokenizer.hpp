// Byte-level BPE tokenizers, as tokenizer.json or a GGUF's tokenizer.ggml keys describe them.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

class Gguf;
class GgufValue;

// Const calls are safe from many threads at once.
class Tokenizer {
 public:
  // A folder with tokenizer.json (and tokenizer_config.json), a tokenizer.json, or a .gguf. Hostile input: every number
  // and string is checked; what we do not implement is refused by name.
  static Result<Tokenizer> open(const std::filesystem::path& path);
  // `config` is the text of tokenizer_config.json, which names the tokens of `roles`; may be empty.
  static Result<Tokenizer> parse(std::string_view json, std::string_view source, std::string_view config = {});
  static Result<Tokenizer> from_gguf(const Gguf& file);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Which added tokens are recognised in `text`; the others are ordinary text.
  //   as_text       none that could be a mark: only single letters, as deepseek-llm and -coder have (U+00FC)
  //   user_defined  also those that a GGUF calls user-defined: as llama.cpp does unless told to parse special tokens;
  //                 tokenizer.json knows no such kind.
  //   recognise     all
  enum class Special { as_text, user_defined, recognise };
  std::vector<i32> encode(std::string_view text, Special special = Special::as_text) const;
  // All added tokens, but only where they lie wholly inside one of `trusted`, ascending byte ranges of `text`;
  // elsewhere it is as_text. The text is cut at those tokens alone: others may reach from trusted text into the rest.
  struct Range {
    size_t begin, end;
  };
  std::vector<i32> encode(std::string_view text, std::span<const Range> trusted) const;
  std::string decode(std::span<const i32> ids) const;     // bytes exact, special tokens included as their text
  std::string_view bytes_of(i32 id) const;                // empty for an id without a token; lives as long as *this
  std::optional<i32> find(std::string_view token) const;  // an added token by its text: "<think>"
  bool is_added(i32 id) const;
  bool is_control(i32 id) const;  // an added token that is hidden from readers: "special" in tokenizer.json
  i64 size() const;               // 1 + largest id

  // What tokenizer_config.json, the post-processor or the GGUF says. Templates print their own bos: add it (and eos)
  // where the file asks for it only to text that no template made.
  struct Roles {
    std::optional<i32> bos, eos, eot, eom, pad, unknown;
    bool add_bos = false, add_eos = false;
    std::vector<i32> ends;  // every token that ends a generation, ascending: eos, eot, eom and such by name in a GGUF
  };
  const Roles& roles() const;
  struct State;  // tokenizer_state.hpp

  // ---- for conversion
  // GGUF's name of the pre-tokenizer, decided by the exact patterns: "qwen2"; empty if it has none.
  std::string_view pre() const;
  // tokenizer.ggml.{model,pre,tokens,token_type,merges,*_token_id,add_bos_token}. `rows` of the embedding may exceed
  // the ids: "[PADn]" fills up. Err: patterns without a name.
  Result<std::vector<std::pair<std::string, GgufValue>>> to_gguf(i64 rows = 0) const;
  // tokenizer.json and tokenizer_config.json that transformers loads with the same ids.
  std::string to_json() const;
  std::string to_config_json(std::string_view chat_template = {}) const;

 private:
  explicit Tokenizer(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace r1
