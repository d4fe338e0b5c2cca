// A model's own chat template: found in the model's files, run, and classified by what it prints.
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

// The messages and the other inputs of a template.
struct ChatRequest {
  std::span<const Message> messages;
  GenerationPrompt generation = GenerationPrompt::add;
  Think think = Think::on;
  Json tools{};      // functions as OpenAI's array, or null
  Json variables{};  // an object of further variables, or null
};

struct ChatText {
  Rendered rendered;
  bool thinking = false;  // the text ends inside the assistant's thinking
};
struct ChatPrompt {
  std::vector<i32> ids;
  bool thinking = false;
};

// Recognises control tokens in the template's own text only. Everything between two of them is encoded as one text.
std::vector<i32> encode_rendered(const Tokenizer& tokenizer, const Rendered& rendered);

class ChatTemplate {
 public:
  enum class Kind : u8 { r1, r1_distill, deepseek, chatml, llama3, other };
  struct Tokens {
    std::string bos, eos, pad, unknown;
  };

  // The template of a folder or a GGUF file, found where formats/chat_templates.hpp says. A model without a template
  // gets R1's if its tokenizer has R1's marks.
  // Errors: the model has no template and no R1 marks; its template cannot be read or does not parse.
  static Result<ChatTemplate> open(const std::filesystem::path& model, const Tokenizer& tokenizer);
  // `with_tools` is the template for requests that have tools; empty if `source` serves both.
  static Result<ChatTemplate> parse(std::string_view source, std::string_view name, const Tokens& tokens,
                                    std::string_view with_tools = {});

  // The template's text. Some revisions of R1's template neither open nor close the thinking. Therefore render() opens
  // the thinking if it is wanted and the template has not, and closes it if it is not wanted and the template has
  // opened it. Some models open it themselves, in their answer: Qwen3, whose template closes it on request, and
  // R1-0528, for which render() closes it.
  Result<ChatText> render(const ChatRequest& request) const;
  // The rendered prompt as tokens. The begin-of-sentence token stands in front exactly once if the model's prompts
  // begin with one.
  Result<ChatPrompt> encode(const Tokenizer& tokenizer, const ChatRequest& request) const;

  Kind kind() const { return kind_; }
  // Errors: the template refuses a system message, or prints nothing of it.
  Status check_system() const;
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
  bool lacks_opening_ = false;     // the model thinks, but the template leaves <think> to the model or to us
  bool model_opens_ = false;       // the template leaves <think> to the model alone
  bool object_arguments_ = false;  // the template needs the arguments of calls as objects
  bool opens_ = false;             // a prompt for an answer with thinking ends inside the thinking
};

const char* name_of(ChatTemplate::Kind kind);

// Tokens that end an answer whatever generation_config.json says: those with such a role in the tokenizer, and those
// with which any known template ends its turns.
std::vector<i32> end_tokens(const Tokenizer& tokenizer);

// DeepSeek's own templates, for files without one (chat_builtin.cpp).
extern const std::string_view kBuiltinR1, kBuiltinDistill;

}  // namespace r1
