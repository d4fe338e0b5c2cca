#include "cli/chat/server_source.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "cli/interrupt.hpp"
#include "cli/prompt_input.hpp"
#include "core/clock.hpp"
#include "core/network/api_keys.hpp"
#include "core/text.hpp"
#include "formats/utf8.hpp"
#include "text/text_stream.hpp"

namespace r1 {
namespace {

// Servers know two forms: "thinking" is that of DeepSeek and of r1 serve, "chat_template_kwargs" that of llama-server,
// vLLM and SGLang. Both are sent.
void set_thinking(Json& request, const GenerationFlags& flags) {
  const bool on = flags.think || flags.think_budget > 0;
  if (!on && !flags.no_think) return;
  Json thinking = Json::object({{"type", on ? "enabled" : "disabled"}});
  if (flags.think_budget > 0) {
    thinking.set("budget_tokens", flags.think_budget);
    request.set("thinking_budget_tokens", flags.think_budget);
  }
  request.set("thinking", std::move(thinking));
  request.set("chat_template_kwargs", Json::object({{"enable_thinking", on}}));
}

// What came of an answer so far. The text is printed as it comes.
class ReceivedAnswer {
 public:
  explicit ReceivedAnswer(ThinkingDisplay display) : printer_(display) {}

  Status take(const ReplyText& text) {
    // A server that does not part thinking and answer sends both as the answer, with tags.
    TextDelta delta = text.answer.empty() ? TextDelta{} : tags_.push(text.answer);
    delta.thinking.insert(0, text.thinking);
    show(std::move(delta));
    return {};
  }
  Completion finish(const Result<ChatReply>& reply) {
    show(tags_.finish());
    CompletionStats& s = answer_.stats;
    if (first_ > 0) s.prefill_seconds = first_ - asked_, s.decode_seconds = last_ - first_;
    if (!reply) {
      answer_.finish = FinishReason::interrupted;
      return std::move(answer_);
    }
    answer_.finish = reply->finish == "length" ? FinishReason::length : FinishReason::stop_token;
    if (reply->usage) {
      s.prompt_tokens = reply->usage->prompt_tokens, s.tokens = reply->usage->tokens;
      s.thinking_tokens = reply->usage->thinking_tokens;
    }
    return std::move(answer_);
  }
  AnswerPrinter& printer() { return printer_; }
  bool begun() const { return first_ > 0; }

 private:
  void show(TextDelta delta) {
    // vLLM leaves the line ends after </think> in the answer.
    if (answer_.answer.empty() && !answer_.thinking.empty())
      delta.answer.erase(0, std::min(delta.answer.find_first_not_of('\n'), delta.answer.size()));
    if (delta.thinking.empty() && delta.answer.empty()) return;
    last_ = seconds_now();
    if (first_ == 0) first_ = last_;
    answer_.thinking += delta.thinking;
    answer_.answer += delta.answer;
    printer_.print(delta);
  }

  AnswerPrinter printer_;
  TextStream tags_{TextStreamOptions{}};
  Completion answer_;
  double asked_ = seconds_now(), first_ = 0, last_ = 0;
};

// Ends the line of the answer. Says on stderr if the answer was cut, and any other reason that the server gives for its
// end.
void print_end(AnswerPrinter& printer, const Completion& answer, const Result<ChatReply>& reply, i64 context) {
  if (reply && reply->usage) {
    finish_answer(printer, answer, context > 0 ? context : std::numeric_limits<i64>::max());
  } else {
    printer.finish();
    if (answer.finish == FinishReason::length) fmt::print(stderr, "r1: the server cut the answer; -n allows more\n");
  }
  if (reply && !reply->finish.empty() && reply->finish != "stop" && reply->finish != "length")
    fmt::print(stderr, "r1: the server ended the answer: {}\n", printable(reply->finish, 100));
}

std::string stats_of(const Completion& answer, const Result<ChatReply>& reply) {
  if (reply && reply->usage) return stats_line(answer.stats);
  return fmt::format("the server did not count the tokens, first after {:.0f} ms", 1e3 * answer.stats.prefill_seconds);
}

}  // namespace

Result<std::unique_ptr<ServerSource>> ServerSource::open(GenerationFlags flags, const std::optional<std::string>& model,
                                                         ServerAddress address, std::string key) {
  const InterruptFlag interrupted;
  ChatServer server = R1_TRY(ChatServer::open(std::move(address), std::move(key), &interrupted.raised()));
  std::unique_ptr<ServerSource> source(new ServerSource(std::move(flags), std::move(server)));
  auto listed = source->server_.models();
  // Some servers have no list.
  if (!listed && !(model && listed.error().code == Errc::unsupported)) return tl::unexpected(listed.error());
  if (listed) source->models_ = std::move(*listed);
  const std::string& base = source->server_.address().base;
  if (!model && source->models_.empty())
    return fail(Errc::invalid_argument, "{}: the server lists no model: --model names one", base);
  source->flags_.model = model ? *model : source->models_.front().name;
  if (source->flags_.verbose)
    for (const ServerModel& m : source->models_) fmt::print(stderr, "{}: {}\n", base, printable(m.name, 200));
  return source;
}

Json ServerSource::request(const Question& question, size_t left_out) const {
  Json messages = Json::Array{};
  for (const Message& m : question.before.messages(question.text, left_out))
    messages.push(Json::object({{"role", m.role}, {"content", m.content}}));
  Json out = Json::object({{"model", flags_.model}, {"messages", std::move(messages)}});
  const auto set = [&](const char* name, const auto& value) {
    if (value) out.set(name, *value);
  };
  set("temperature", flags_.temperature);
  set("top_p", flags_.top_p);
  set("top_k", flags_.top_k);
  set("min_p", flags_.min_p);
  set("repetition_penalty", flags_.repetition_penalty);
  if (flags_.max_tokens && *flags_.max_tokens > 0) out.set("max_tokens", *flags_.max_tokens);
  // /regen asks the same again; with the same seed the answer would be the same, too.
  if (flags_.seed) out.set("seed", *flags_.seed + static_cast<u64>(question.sample));
  set_thinking(out, flags_);
  return out;
}

Result<ChatAnswer> ServerSource::ask(const Question& question, size_t left_out, ThinkingDisplay display) {
  ReceivedAnswer received(display);
  const auto reply =
      server_.chat(request(question, left_out), [&](const ReplyText& text) { return received.take(text); });
  if (!reply && reply.error().code != Errc::interrupted) {
    Error error = reply.error();
    if (received.begun()) {
      received.printer().finish();
      error.code = Errc::io;  // asked again, the question would have a second answer below this part of one
    }
    return tl::unexpected(std::move(error));
  }
  Completion answer = received.finish(reply);
  print_end(received.printer(), answer, reply, context());
  std::string stats = stats_of(answer, reply);
  const bool thought = !answer.thinking.empty();
  return chat_answer(question, std::move(answer), thought, std::move(stats), left_out);
}

// Only the server can count tokens, so turns are left out one by one until it takes the rest.
Result<ChatAnswer> ServerSource::answer(const Question& question, ThinkingDisplay display) {
  const InterruptFlag interrupted;  // one for all requests: a Ctrl-C between two of them counts, too
  const size_t turns = question.before.turns.size();
  const bool shift = question.when_full == ContextFull::drop_oldest;
  size_t left_out = shift ? std::min(question.left_out, turns) : 0;
  for (const size_t before = left_out;; ++left_out) {
    auto answer = ask(question, left_out, display);
    const bool full = !answer && answer.error().code == Errc::exhausted;
    if (full && shift && left_out < turns) continue;
    if (answer && left_out > before)
      fmt::print(stderr, "(the context is full: the model no longer sees the oldest {} of {} turns)\n", left_out,
                 turns);
    return answer;
  }
}

Status ServerSource::check_system(const std::string& system) const { return check_utf8(system, "the system prompt"); }

Status ServerSource::set_flags(const GenerationFlags& flags) {
  R1_TRY(flags.check());
  flags_ = flags;
  return {};
}

i64 ServerSource::context() const {
  const auto at = std::find_if(models_.begin(), models_.end(),
                               [&](const ServerModel& model) { return model.name == flags_.model; });
  return at == models_.end() ? 0 : at->context;
}

Status ServerSource::open_model(const std::string& name, const std::string&) {
  const InterruptFlag interrupted;
  auto listed = server_.models();
  if (!listed && listed.error().code != Errc::unsupported) return tl::unexpected(listed.error());
  models_ = listed ? std::move(*listed) : std::vector<ServerModel>();
  const std::vector<std::string> names = models();
  if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
    const std::string nearest = nearest_word(name, names);
    fmt::print(stderr, "(the server does not list {}{})\n", shown(name),
               nearest.empty() ? "" : fmt::format("; did you mean {}?", shown(nearest)));
  }
  flags_.model = name;
  return {};
}

std::string ServerSource::describe() const {
  const std::string size = context() > 0 ? fmt::format(", context {}", context()) : "";
  return fmt::format("{} at {}{}", printable(flags_.model, 200), server_.address().base, size);
}

std::vector<std::string> ServerSource::models() const {
  std::vector<std::string> names;
  for (const ServerModel& model : models_) names.push_back(model.name);
  return names;
}

Status check_for_server(const GenerationFlags& flags) {
  const auto refused = [](const char* flag) -> Status {
    return fail(Errc::usage, "{} is for a model in this program; with --connect the server decides", flag);
  };
  if (flags.threads != ThreadPool::default_threads()) return refused("--threads");
  if (flags.context != 0) return refused("--context");
  if (flags.memory) return refused("--memory");
  if (flags.kv) return refused("--kv");
  return {};
}

Result<std::string> server_key(const std::optional<std::string>& file) {
  if (!file) return api_key_of_environment();
  return R1_TRY(read_api_keys(*file)).front().key;
}

}  // namespace r1
