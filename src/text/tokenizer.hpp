// Byte-level BPE tokenizers, as described by a tokenizer.json or by the tokenizer.ggml keys of a GGUF.
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
class Json;

// Const member functions may be called from many threads at once.
class Tokenizer {
 public:
  // Opens a folder with tokenizer.json (and perhaps tokenizer_config.json), a tokenizer.json, or a .gguf file. The
  // input is untrusted: every number and string is checked.
  // Errors: a file that is missing or malformed; a feature that is not implemented, by its name.
  static Result<Tokenizer> open(const std::filesystem::path& path);
  // `config` is the text of tokenizer_config.json, which names the tokens of `roles`. It may be empty.
  static Result<Tokenizer> parse(std::string_view json, std::string_view source, std::string_view config = {});
  static Result<Tokenizer> from_gguf(const Gguf& file);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Says which added tokens are recognised in `text`. All others are encoded as ordinary text.
  //   as_text       only single letters (deepseek-llm and -coder have U+00FC as an added token), never a mark
  //   user_defined  also the tokens that a GGUF calls user-defined, as in llama.cpp unless it parses special tokens;
  //                 tokenizer.json has no such kind
  //   recognise     all added tokens
  enum class Special { as_text, user_defined, recognise };
  std::vector<i32> encode(std::string_view text, Special special = Special::as_text) const;
  // Recognises an added token only where it lies wholly inside one range of `trusted`; elsewhere the text is encoded as
  // with as_text. `trusted` holds byte ranges of `text` in ascending order. The text is cut only at the recognised
  // tokens, so an ordinary token may extend from trusted into untrusted text.
  struct Range {
    size_t begin, end;
  };
  std::vector<i32> encode(std::string_view text, std::span<const Range> trusted) const;
  std::string decode(std::span<const i32> ids) const;     // the exact bytes; special tokens appear as their text
  std::string_view bytes_of(i32 id) const;                // empty for an id without a token; valid as long as *this
  std::optional<i32> find(std::string_view token) const;  // finds an added token by its text, as "<think>"
  bool is_added(i32 id) const;
  bool is_control(i32 id) const;  // an added token that readers do not see ("special" in tokenizer.json)
  i64 size() const;               // 1 + largest id

  // Tokens with a role, as tokenizer_config.json, the post-processor or the GGUF names them. add_bos and add_eos apply
  // only to text that no chat template has rendered, because templates print their own begin-of-sentence token.
  struct Roles {
    std::optional<i32> bos, eos, eot, eom, pad, unknown;
    bool add_bos = false, add_eos = false;
    std::vector<i32> ends;  // every token that ends a generation, ascending; from a GGUF also those known by name
  };
  const Roles& roles() const;
  struct State;  // tokenizer_state.hpp

  // ---- for conversion
  // GGUF's name of the pre-tokenizer ("qwen2"), found by the exact patterns; empty if GGUF has no name for them.
  std::string_view pre() const;
  // The keys tokenizer.ggml.{model,pre,tokens,token_type,merges,*_token_id,add_bos_token}. If `rows`, the rows of the
  // embedding, exceed the ids, tokens named "[PADn]" fill the gap.
  // Errors: patterns that GGUF has no name for.
  Result<std::vector<std::pair<std::string, GgufValue>>> to_gguf(i64 rows = 0) const;
  // The text of a tokenizer.json and of a tokenizer_config.json that transformers loads with the same ids.
  std::string to_json() const;
  std::string to_config_json() const;
  // `chat_template` is the value of that name: a string or a list; null leaves it out.
  std::string to_config_json(const Json& chat_template) const;

 private:
  explicit Tokenizer(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace r1
