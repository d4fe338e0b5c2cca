#include "cli/chat/session_source.hpp"

#include <algorithm>
#include <utility>

#include "cli/interrupt.hpp"
#include "hub/models.hpp"

namespace r1 {

Result<std::unique_ptr<SessionSource>> SessionSource::open(GenerationFlags flags, ThreadPool& pool) {
  std::unique_ptr<SessionSource> source(new SessionSource(std::move(flags), pool));
  source->session_.emplace(R1_TRY(open_session(source->flags_, pool)));
  return source;
}

Result<ChatAnswer> SessionSource::answer(const Question& question, ThinkingDisplay display) {
  const InterruptFlag interrupted;
  const i64 room = std::min(session_->defaults().max_tokens, context() / 4);
  TurnPrompt prompt = R1_TRY(prompt_for_turn(*session_, question.before, question.text, flags_.thinking(),
                                             question.when_full, room, question.left_out));
  if (prompt.dropped > question.left_out)
    fmt::print(stderr, "(the context of {} tokens is full: the model no longer sees the oldest {} of {} turns)\n",
               context(), prompt.dropped, question.before.turns.size());
  CompletionRequest request = session_->request(std::move(prompt.prompt));
  request.stream = question.stream;
  request.first_sample = question.sample;
  const bool thinks = request.channel == Channel::thinking;
  AnswerPrinter printer(display);
  Completion answer = R1_TRY(complete(*session_, std::move(request), interrupted.raised(), &printer));
  finish_answer(printer, answer, context());
  std::string stats = stats_line(answer.stats);
  const bool thought = thinks || !answer.thinking.empty();
  return chat_answer(question, std::move(answer), thought, std::move(stats), prompt.dropped);
}

Status SessionSource::check_system(const std::string& system) const { return check_system_prompt(*session_, system); }

Status SessionSource::set_flags(const GenerationFlags& flags) {
  R1_TRY(flags.check());
  R1_TRY(session_->set_defaults(R1_TRY(flags.session_options())));
  flags_ = flags;
  return {};
}

Result<Session> SessionSource::open_for(const GenerationFlags& flags, const std::string& system) const {
  auto session = open_session(flags, *pool_);
  if (session && !system.empty()) R1_TRY(check_system_prompt(*session, system));
  return session;
}

Status SessionSource::open_model(const std::string& name, const std::string& system) {
  GenerationFlags flags = flags_;
  flags.model = name;
  auto opened = open_for(flags, system);
  if (!opened && opened.error().code == Errc::exhausted) {
    fmt::print(stderr, "(the memory does not hold both models: {} is closed first)\n", flags_.model);
    session_.reset();
    opened = open_for(flags, system);
    if (!opened) {
      auto again = open_for(flags_, system);
      if (!again)
        return fail(Errc::exhausted, "{}; {} cannot be opened again: {}", opened.error().what, flags_.model,
                    again.error().what);
      session_.emplace(std::move(*again));
    }
  }
  if (!opened) return tl::unexpected(std::move(opened).error());
  session_.emplace(std::move(*opened));
  flags_ = std::move(flags);
  return {};
}

std::string SessionSource::model_in_words() const {
  return fmt::format("{} parameters, context {}", session_->model().info().parameters, context());
}
std::string SessionSource::describe() const {
  return fmt::format("{}: {}", session_->path().string(), model_in_words());
}
std::string SessionSource::greeting() const {
  return fmt::format("{}: {}", session_->path().filename().string(), model_in_words());
}

std::vector<std::string> SessionSource::models() const {
  std::vector<std::string> names;
  for (const LocalModel& model : local_models()) names.push_back(model.name);
  return names;
}

}  // namespace r1
