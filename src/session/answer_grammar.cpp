#include "session/answer_grammar.hpp"

#include <algorithm>

#include "grammar/grammar_matcher.hpp"
#include "text/chat.hpp"

namespace r1 {
namespace {

constexpr i64 kRoomForAnswer = 1024;

void set_bit(std::vector<u64>& words, i32 token) {
  if (token >= 0 && token / 64 >= std::ssize(words)) words.resize(token / 64 + 1);
  if (token >= 0) words[token / 64] |= u64{1} << token % 64;
}
void clear_bit(std::vector<u64>& words, i32 token) {
  if (token >= 0 && token / 64 < std::ssize(words)) words[token / 64] &= ~(u64{1} << token % 64);
}

// What all samples of a request share.
struct ConstraintPlan {
  std::shared_ptr<const GrammarProgram> program;
  const Tokenizer* tokenizer = nullptr;
  bool thinks = false;  // the sample begins inside the thinking
  i32 open = -1;        // a first token that opens the thinking; -1: there is none
  std::vector<i32> stop_ids, line_breaks;
  std::vector<u64> thinking;  // the mask during the thinking
};

class AnswerConstraint : public TokenConstraint {
 public:
  explicit AnswerConstraint(std::shared_ptr<const ConstraintPlan> plan)
      : plan_(std::move(plan)), matcher_(plan_->program), phase_(plan_->thinks ? Phase::thinking : Phase::begin) {}

  std::span<const u64> allowed() override {
    if (phase_ == Phase::thinking) return plan_->thinking;
    const auto mask = matcher_.allowed();
    if (phase_ == Phase::answer && !matcher_.is_complete()) return mask;
    words_.assign(mask.begin(), mask.end());
    if (phase_ == Phase::begin) set_bit(words_, plan_->open);
    if (phase_ == Phase::behind_thinking)
      for (const i32 token : plan_->line_breaks) set_bit(words_, token);
    if (matcher_.is_complete())
      for (const i32 stop : plan_->stop_ids) set_bit(words_, stop);
    return words_;
  }

  std::string_view failure() const override { return matcher_.failure(); }

  void accept(i32 token) override {
    if (std::find(plan_->stop_ids.begin(), plan_->stop_ids.end(), token) != plan_->stop_ids.end()) return;
    if (phase_ == Phase::begin && token == plan_->open) {
      phase_ = Phase::thinking;
    } else if (phase_ == Phase::thinking) {
      think(plan_->tokenizer->bytes_of(token));
    } else if (phase_ == Phase::behind_thinking && is_line_breaks(plan_->tokenizer->bytes_of(token))) {
      // At most two tokens of line breaks come before the answer, drawn or forced by the thinking budget.
      phase_ = line_breaks_++ == 0 ? Phase::behind_thinking : Phase::answer;
    } else {
      phase_ = Phase::answer;
      matcher_.push_token(token);
    }
  }

 private:
  enum class Phase : u8 { begin, thinking, behind_thinking, answer };

  static bool is_line_breaks(std::string_view bytes) { return bytes.find_first_not_of('\n') == bytes.npos; }

  // Looks for the closing tag in the text, as TextStream does. What follows it in the same token is answer.
  void think(std::string_view bytes) {
    tail_ += bytes;
    const size_t tag = tail_.find(kEndThink);
    if (tag == tail_.npos) {
      tail_.erase(0, tail_.size() - std::min(tail_.size(), std::string_view(kEndThink).size() - 1));
      return;
    }
    phase_ = Phase::behind_thinking;
    std::string_view rest = std::string_view(tail_).substr(tag + std::string_view(kEndThink).size());
    while (rest.starts_with('\n')) rest.remove_prefix(1);
    if (!rest.empty()) phase_ = Phase::answer;
    for (const char byte : rest) matcher_.push(static_cast<u8>(byte));
  }

  const std::shared_ptr<const ConstraintPlan> plan_;
  GrammarMatcher matcher_;
  Phase phase_;
  int line_breaks_ = 0;
  std::string tail_;  // of the thinking
  std::vector<u64> words_;
};

// Closes the thinking early enough.
void leave_room(CompletionRequest& request, i64 context) {
  if (request.think.close.empty() || (request.channel != Channel::thinking && request.think.open < 0)) return;
  const i64 most = std::min(request.max_tokens, context - std::ssize(request.prompt));
  const i64 room = std::min(most / 2, kRoomForAnswer);
  const i64 thinking = std::max<i64>(0, most - room - std::ssize(request.think.close));
  request.think.tokens = request.think.tokens < 0 ? thinking : std::min(request.think.tokens, thinking);
}

}  // namespace

AnswerGrammars::AnswerGrammars(const Tokenizer& tokenizer)
    : tokenizer_(tokenizer), lexicon_(std::make_shared<Lexicon>(TokenTrie::of(tokenizer))) {
  for (i32 id = 0; id < tokenizer.size(); ++id)
    if (const std::string_view bytes = tokenizer.bytes_of(id); bytes == "\n" || bytes == "\n\n")
      line_breaks_.push_back(id);
}

Status AnswerGrammars::constrain(CompletionRequest& request, const Grammar& grammar, i64 context) const {
  auto plan = std::make_shared<ConstraintPlan>();
  plan->program = R1_TRY(GrammarProgram::compile(grammar, lexicon_));
  plan->program->warm();
  plan->tokenizer = &tokenizer_;
  plan->thinks = request.channel == Channel::thinking;
  plan->open = request.think.open;
  plan->stop_ids = request.stop_ids;
  plan->line_breaks = line_breaks_;
  plan->thinking.assign((tokenizer_.size() + 63) / 64, ~u64{0});
  for (const i32 stop : request.stop_ids) clear_bit(plan->thinking, stop);
  leave_room(request, context);
  request.constraint = [plan] { return std::make_unique<AnswerConstraint>(plan); };
  return {};
}

}  // namespace r1
