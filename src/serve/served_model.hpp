// A model as clients see it: a name, and requests made from the fields of the API.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "serve/answers/tool_calls.hpp"
#include "serve/requests/chat_messages.hpp"
#include "serve/requests/generation_fields.hpp"
#include "serve/requests/think_fields.hpp"
#include "session/answer_grammar.hpp"
#include "session/engine_host.hpp"

namespace r1 {

class ServedModel {
 public:
  struct Names {
    std::string id;  // never a path
    std::vector<std::string> aliases{};
    bool has(std::string_view name) const;
  };
  ServedModel(Names names, Session session, const EngineHostOptions& options);

  const Names& names() const { return names_; }
  EngineHost& host() { return host_; }
  const EngineHost& host() const { return host_; }
  const Session& session() const { return host_.session(); }
  const AnswerGrammars& grammars() const;            // made by the first call
  CallForm call_form() const { return call_form_; }  // of the calls of functions in answers

  // The prompt of a conversation. Errors: those of the chat template.
  ApiResult<ChatPrompt> chat_prompt(const ChatMessages& messages, const Json& tools, Think think) const;
  // The engine's request for this prompt, with the settings of the fields. `seed` receives its seed, which is random if
  // the fields have none. Errors: a prompt that fills the context, sampling parameters out of range, a bias of a token
  // that the model does not have.
  ApiResult<CompletionRequest> request(ChatPrompt prompt, const GenerationFields& fields, const ThinkFields& think,
                                       u64& seed) const;

 private:
  const Names names_;
  EngineHost host_;
  const CallForm call_form_;
  mutable std::once_flag grammars_once_;
  mutable std::unique_ptr<AnswerGrammars> grammars_;
};

// The name of a model's file or folder, without .gguf and the number of the first part: "DeepSeek-R1-Q4_K_M" for
// ".../DeepSeek-R1-Q4_K_M-00001-of-00009.gguf".
std::string short_name(const std::filesystem::path& path);

}  // namespace r1
