// A model's own chat template: found in its files, run, and told apart by what it does.
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/jinja/jinja.hpp"
#include "text/chat.hpp"

namespace r1 {

class Gguf;

// What a template wants to know beside the messages.
struct ChatRequest {
  std::span<const Message> messages;
  GenerationPrompt generation = GenerationPrompt::add;
  Think think = Think::on;
  Json tools{};      // OpenAI's array of functions, or null
  Json variables{};  // an object of more variables, or null
};

struct ChatText {
  Rendered rendered;
  bool thinking = false;  // it ends inside the assistant's thinking
};
struct ChatPrompt {
  std::vector<i32> ids;
  bool thinking = false;
};

// Control tokens are recognised in the template's own text only; everything between them is encoded as one text.
std::vector<i32> encode_rendered(const Tokenizer& tokenizer, const Rendered& rendered);

class ChatTemplate {
 public:
  enum class Kind : u8 { r1, r1_distill, deepseek, chatml, llama3, other };
  struct Tokens {
    std::string bos, eos, pad, unknown;
  };

  // Of a folder (chat_template.jinja, else tokenizer_config.json, else chat_template.json) or a GGUF. A file without
  // one gets R1's if its tokenizer has R1's marks. Err: it has none and is no R1, or its template does not parse.
  static Result<ChatTemplate> open(const std::filesystem::path& model, const Tokenizer& tokenizer);
  // `with_tools` may be empty; else it is used where tools are given.
  static Result<ChatTemplate> parse(std::string_view source, std::string_view name, const Tokens& tokens,
                                    std::string_view with_tools = {});

  // The template's text, with two things seen to that some revisions of R1's leave out: a thinking that is wanted is
  // opened, one that is not is closed.
  Result<ChatText> render(const ChatRequest& request) const;
  // The begin-of-sentence token exactly once where the model has one in front of its prompts.
  Result<ChatPrompt> encode(const Tokenizer& tokenizer, const ChatRequest& request) const;
  // Whether a generation prompt after a user's turn ends inside the thinking.
  bool opens_thinking(Think think) const { return think == Think::on ? opens_ : opens_unasked_; }

  Kind kind() const { return kind_; }
  // "R1-Distill, from tokenizer_config.json; opens the thinking; tools"
  std::string describe() const;

 private:
  ChatTemplate(JinjaTemplate program, std::optional<JinjaTemplate> with_tools, Tokens tokens);
  void study();
  Result<Rendered> run(const ChatRequest& request, bool null_content, bool object_arguments) const;

  JinjaTemplate program_;
  std::optional<JinjaTemplate> with_tools_;
  Tokens tokens_;
  Kind kind_ = Kind::other;
  bool lacks_opening_ = false;     // thinks, but leaves <think> to the model or to us
  bool object_arguments_ = false;  // wants the arguments of calls as objects
  bool opens_ = false, opens_unasked_ = false;
};

const char* name_of(ChatTemplate::Kind kind);

// Tokens after which an answer is over, whatever generation_config.json says: those of the tokenizer's roles and those
// that every known template ends turns with.
std::vector<i32> end_tokens(const Tokenizer& tokenizer);

// DeepSeek's own, for files without one (chat_builtin.cpp).
extern const std::string_view kBuiltinR1, kBuiltinDistill;

}  // namespace r1
