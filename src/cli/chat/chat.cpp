#include "cli/chat/chat.hpp"

#include <algorithm>
#include <utility>

#include "cli/interrupt.hpp"
#include "formats/utf8.hpp"

namespace r1 {

Result<Chat> Chat::open(GenerationFlags flags, std::string system, ThreadPool& pool) {
  Chat chat(std::move(flags), pool);
  chat.session_.emplace(R1_TRY(open_session(chat.flags_, pool)));
  if (!system.empty()) R1_TRY(chat.set_system(std::move(system)));
  return chat;
}

// Asks the text behind the turns of `before`, which then become the conversation.
Status Chat::answer(Conversation before, const std::string& text, u64 stream, i32 sample) {
  if (const size_t at = first_invalid_utf8(text); at < text.size())
    return fail(Errc::invalid_argument, "the text is not UTF-8 from byte {} on", at);
  const InterruptFlag interrupted;
  const i64 context = session_->engine().context();
  const i64 room = std::min(session_->defaults().max_tokens, context / 4);
  TurnPrompt prompt = R1_TRY(prompt_for_turn(*session_, before, text, flags_.thinking(), when_full, room, left_out_));
  if (prompt.dropped > left_out_)
    fmt::print(stderr, "(the context of {} tokens is full: the model no longer sees the oldest {} of {} turns)\n",
               context, prompt.dropped, before.turns.size());
  CompletionRequest request = session_->request(std::move(prompt.prompt));
  request.stream = stream;
  request.first_sample = sample;
  const bool thinks = request.channel == Channel::thinking;
  AnswerPrinter printer(display);
  Completion answer = R1_TRY(complete(*session_, std::move(request), interrupted.raised(), &printer));
  printer.finish(answer, context);
  if (answer.finish == FinishReason::length && answer.stats.prompt_tokens + answer.stats.tokens >= context)
    fmt::print(stderr, "({})\n", kFullContextAdvice);
  if (answer.finish == FinishReason::interrupted) fmt::print(stderr, "(stopped)\n");
  before.turns.push_back({text, answer.thinking, answer.answer, thinks || !answer.thinking.empty()});
  conversation_ = std::move(before);
  last_ = std::move(answer);
  left_out_ = prompt.dropped;
  asked_ = stream + 1;
  sample_ = sample;
  return {};
}

Status Chat::say(const std::string& text) {
  const std::string attached = std::exchange(attached_, {});
  return answer(conversation_, attached.empty() ? text : text + "\n\n" + attached, asked_, 0);
}

Status Chat::replace(const std::string& text) {
  if (conversation_.turns.empty()) return fail(Errc::invalid_argument, "there is no turn yet");
  Conversation before = conversation_;
  before.turns.pop_back();
  return answer(std::move(before), text, asked_, 0);
}

Status Chat::regenerate() {
  if (conversation_.turns.empty()) return fail(Errc::invalid_argument, "there is no turn yet");
  Conversation before = conversation_;
  const std::string text = before.turns.back().user;
  before.turns.pop_back();
  if (session_->defaults().sampling.temperature == 0)
    fmt::print(stderr, "(the temperature is 0, so the answer is always the same; /set temperature 0.6 draws others)\n");
  return answer(std::move(before), text, std::max<u64>(asked_, 1) - 1, sample_ + 1);
}

void Chat::clear() {
  conversation_.turns.clear();
  left_out_ = 0;
}

Status Chat::set_system(std::string text) {
  if (!text.empty()) R1_TRY(check_system_prompt(*session_, text));
  conversation_.system = std::move(text);
  return {};
}

Status Chat::load(Conversation conversation) {
  if (!conversation.system.empty()) R1_TRY(check_system_prompt(*session_, conversation.system));
  conversation_ = std::move(conversation);
  left_out_ = 0;
  return {};
}

Status Chat::set_flags(const GenerationFlags& flags) {
  R1_TRY(flags.check());
  R1_TRY(session_->set_defaults(R1_TRY(flags.session_options())));
  flags_ = flags;
  return {};
}

Result<Session> Chat::open_for_conversation(const GenerationFlags& flags) const {
  auto session = open_session(flags, *pool_);
  if (session && !conversation_.system.empty()) R1_TRY(check_system_prompt(*session, conversation_.system));
  return session;
}

Status Chat::open_model(const std::string& name) {
  GenerationFlags flags = flags_;
  flags.model = name;
  auto opened = open_for_conversation(flags);
  if (!opened && opened.error().code == Errc::exhausted) {
    fmt::print(stderr, "(the memory does not hold both models: {} is closed first)\n", flags_.model);
    session_.reset();
    opened = open_for_conversation(flags);
    if (!opened) {
      auto again = open_for_conversation(flags_);
      if (!again)
        return fail(Errc::exhausted, "{}; {} cannot be opened again: {}", opened.error().what, flags_.model,
                    again.error().what);
      session_.emplace(std::move(*again));
    }
  }
  if (!opened) return tl::unexpected(std::move(opened).error());
  session_.emplace(std::move(*opened));
  flags_ = std::move(flags);
  left_out_ = 0;
  return {};
}

}  // namespace r1
