// Answers of a server with OpenAI's API.
#pragma once
#include <memory>

#include "cli/chat/answer_source.hpp"
#include "client/chat_server.hpp"

namespace r1 {

// A request has a field for a flag only if the flag was given. Otherwise the server's own default holds; and a server
// may refuse fields that OpenAI's API does not have.
class ServerSource : public AnswerSource {
 public:
  // Asks the server which models it has. `model` names the one that answers; without it that is the server's first.
  // `flags` must have passed check() and check_for_server(). Errors: those of ChatServer; no name is given and the
  // server has no model.
  static Result<std::unique_ptr<ServerSource>> open(GenerationFlags flags, const std::optional<std::string>& model,
                                                    ServerAddress address, std::string key);

  Result<ChatAnswer> answer(const Question& question, ThinkingDisplay display) override;
  Status check_system(const std::string& system) const override;
  Status set_flags(const GenerationFlags& flags) override;
  const CompletionRequest* defaults() const override { return nullptr; }
  i64 context() const override;
  // Also takes a name that the server does not list, because some servers answer to more names than they list.
  Status open_model(const std::string& name, const std::string& system) override;
  std::string describe() const override;
  std::string greeting() const override { return describe(); }
  std::vector<std::string> models() const override;

 private:
  ServerSource(GenerationFlags flags, ChatServer server) : AnswerSource(std::move(flags)), server_(std::move(server)) {}
  Json request(const Question& question, size_t left_out) const;
  Result<ChatAnswer> ask(const Question& question, size_t left_out, ThinkingDisplay display);

  ChatServer server_;
  std::vector<ServerModel> models_;
};

// Errors: usage, a flag that only a model in this program can follow.
Status check_for_server(const GenerationFlags& flags);

// The key for a server: the first one of `file`; without a file that of the environment, which may be empty. Errors:
// those of read_api_keys.
Result<std::string> server_key(const std::optional<std::string>& file);

}  // namespace r1
