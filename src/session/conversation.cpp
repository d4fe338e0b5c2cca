#include "session/conversation.hpp"

#include <algorithm>

#include "core/file.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

constexpr i64 kMostBytes = i64{64} << 20;  // of a stored conversation

std::string stored_answer(const Turn& turn) {
  if (!turn.thought) return turn.answer;
  if (turn.thinking.empty() && turn.answer.empty()) return "<think>\n";  // interrupted at once
  return fmt::format("<think>\n{}{}</think>\n\n{}", turn.thinking, turn.thinking.ends_with('\n') ? "" : "\n",
                     turn.answer);
}

// The reverse of stored_answer.
void split_answer(std::string_view content, Turn& turn) {
  constexpr std::string_view kOpening = "<think>";
  const size_t close = content.find(kEndThink);
  turn.thought = content.starts_with(kOpening) || close != content.npos;
  if (!turn.thought) {
    turn.answer = content;
    return;
  }
  std::string_view thinking = content.substr(0, close);
  if (thinking.starts_with(kOpening)) thinking.remove_prefix(kOpening.size());
  if (thinking.starts_with('\n')) thinking.remove_prefix(1);
  if (thinking.ends_with('\n')) thinking.remove_suffix(1);
  turn.thinking = thinking;
  if (close == content.npos) return;
  std::string_view answer = content.substr(close + kEndThink.size());
  answer.remove_prefix(std::min(answer.find_first_not_of('\n'), answer.size()));
  turn.answer = answer;
}

Result<Json> first_row(std::string_view text, const std::string& source, i64& rows) {
  const auto is_blank = [](std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; };
  std::string_view first;
  rows = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (!is_blank(line) && rows++ == 0) first = line;
    begin = end + 1;
  }
  if (rows == 0) return fail(Errc::corrupt, "{}: the file is empty", source);
  return parse_json(first, source);
}

}  // namespace

std::vector<Message> Conversation::messages(std::string_view user, size_t first_turn) const {
  std::vector<Message> out;
  if (!system.empty()) out.push_back({"system", system});
  for (size_t i = first_turn; i < turns.size(); ++i) {
    out.push_back({"user", turns[i].user});
    out.push_back({"assistant", turns[i].answer});
  }
  out.push_back({"user", std::string(user)});
  return out;
}

Result<TurnPrompt> prompt_for_turn(const Session& session, const Conversation& conversation, std::string_view user,
                                   Think think, ContextFull when_full, i64 room, size_t dropped) {
  const i64 context = session.engine().context();
  TurnPrompt out;
  if (when_full == ContextFull::drop_oldest) out.dropped = std::min(dropped, conversation.turns.size());
  for (;; ++out.dropped) {
    const std::vector<Message> messages = conversation.messages(user, out.dropped);
    out.prompt = R1_TRY(session.chat_prompt({.messages = messages, .think = think}));
    const i64 tokens = std::ssize(out.prompt.ids);
    if (when_full == ContextFull::drop_oldest && tokens + room > context && out.dropped < conversation.turns.size())
      continue;
    if (tokens < context) return out;
    const bool alone = out.dropped == conversation.turns.size();
    return fail(Errc::exhausted, "the context is full: {} has {} tokens, the context holds {}",
                alone ? "this message" : "the conversation with this message", tokens, context);
  }
}

Json to_json(const Conversation& conversation) {
  Json messages = Json::Array{};
  const auto add = [&](const char* role, std::string_view content) {
    messages.push(Json::object({{"role", role}, {"content", content}}));
  };
  if (!conversation.system.empty()) add("system", conversation.system);
  for (const Turn& turn : conversation.turns) {
    add("user", turn.user);
    add("assistant", stored_answer(turn));
  }
  return Json::object({{"messages", std::move(messages)}});
}

Result<Conversation> conversation_from(const Json& json, const std::string& source) {
  const Json* messages = json.array() ? &json : json.find("messages");
  if (!messages || !messages->array())
    return fail(Errc::corrupt, "{}: expected an object with \"messages\", or an array of messages, found {}", source,
                json.describe());
  Conversation out;
  bool answered = true;
  i64 number = 0;
  for (const Json& message : *messages->array()) {
    const std::string where = fmt::format("{}: message {}", source, ++number);
    const JsonFields fields = R1_TRY(JsonFields::of(message, where));
    const std::string role = R1_TRY(fields.string("role")), content = R1_TRY(fields.string("content"));
    if (role == "system" && number == 1) {
      out.system = content;
    } else if (role == "user" && answered) {
      out.turns.push_back({.user = content});
      answered = false;
    } else if (role == "assistant" && !answered) {
      split_answer(content, out.turns.back());
      answered = true;
    } else {
      return fail(Errc::corrupt, "{}: the role is {}, expected {}", where, quoted_text(role),
                  number == 1 ? "\"system\" or \"user\""
                  : answered  ? "\"user\""
                              : "\"assistant\"");
    }
  }
  if (!answered) return fail(Errc::corrupt, "{}: the last of {} messages has no answer", source, number);
  return out;
}

Result<StoredConversation> read_conversation(const std::filesystem::path& path) {
  const std::string text = R1_TRY(read_file(path, kMostBytes)), source = path.string();
  StoredConversation out;
  // A pretty-printed file is one JSON value of many lines; the first line of a JSONL file is a value by itself.
  auto json = parse_json(text, source);
  if (!json) {
    i64 rows = 0;
    auto row = first_row(text, source, rows);
    if (!row) return tl::unexpected(std::move(json).error());
    json = std::move(row);
    out.rows = rows;
  }
  out.conversation = R1_TRY(conversation_from(*json, source));
  return out;
}

}  // namespace r1
