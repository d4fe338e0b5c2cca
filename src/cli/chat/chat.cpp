#include "cli/chat/chat.hpp"

#include <algorithm>
#include <utility>

#include "cli/prompt_input.hpp"

namespace r1 {

// Asks the text behind the turns of `before`, which then become the conversation.
Status Chat::answer(Conversation before, const std::string& text, u64 stream, i32 sample) {
  R1_TRY(check_utf8(text, "the text"));
  ChatAnswer answer = R1_TRY(source_->answer({before, text, when_full, left_out_, stream, sample}, display));
  if (answer.finish == FinishReason::interrupted) fmt::print(stderr, "(stopped)\n");
  before.turns.push_back(answer.turn);
  conversation_ = std::move(before);
  left_out_ = answer.left_out;
  last_ = std::move(answer);
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
  const CompletionRequest* defaults = source_->defaults();
  if (defaults ? defaults->sampling.temperature == 0 : source_->flags().temperature == 0.0)
    fmt::print(stderr, "(the temperature is 0, so the answer is always the same; /set temperature 0.6 draws others)\n");
  return answer(std::move(before), text, std::max<u64>(asked_, 1) - 1, sample_ + 1);
}

void Chat::clear() {
  conversation_.turns.clear();
  left_out_ = 0;
}

Status Chat::set_system(std::string text) {
  if (!text.empty()) R1_TRY(source_->check_system(text));
  conversation_.system = std::move(text);
  return {};
}

Status Chat::load(Conversation conversation) {
  if (!conversation.system.empty()) R1_TRY(source_->check_system(conversation.system));
  conversation_ = std::move(conversation);
  left_out_ = 0;
  return {};
}

Status Chat::open_model(const std::string& name) {
  R1_TRY(source_->open_model(name, conversation_.system));
  left_out_ = 0;
  return {};
}

}  // namespace r1
