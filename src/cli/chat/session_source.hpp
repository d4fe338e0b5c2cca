// Answers of a model that this program has opened.
#pragma once
#include <memory>
#include <optional>

#include "cli/chat/answer_source.hpp"

namespace r1 {

class SessionSource : public AnswerSource {
 public:
  // Opens the model. `flags` must have passed check(). Errors: those of open_session.
  static Result<std::unique_ptr<SessionSource>> open(GenerationFlags flags, ThreadPool& pool);

  Result<ChatAnswer> answer(const Question& question, ThinkingDisplay display) override;
  Status check_system(const std::string& system) const override;
  Status set_flags(const GenerationFlags& flags) override;
  const CompletionRequest* defaults() const override { return &session_->defaults(); }
  i64 context() const override { return session_->engine().context(); }
  // If both models do not fit into the memory, the old one is closed first, and opened again after an error.
  // Errors: those of open_session and check_system_prompt; Errc::exhausted, if the old one cannot be opened again.
  Status open_model(const std::string& name, const std::string& system) override;
  bool has_model() const override { return session_.has_value(); }
  std::string describe() const override;
  std::string greeting() const override;
  std::vector<std::string> models() const override;

 private:
  SessionSource(GenerationFlags flags, ThreadPool& pool) : AnswerSource(std::move(flags)), pool_(&pool) {}
  Result<Session> open_for(const GenerationFlags& flags, const std::string& system) const;
  std::string model_in_words() const;

  ThreadPool* pool_;
  std::optional<Session> session_;
};

}  // namespace r1
