// The answer of a server with OpenAI's API: the chunks of a stream, or one object.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/dtype.hpp"
#include "formats/json.hpp"

namespace r1 {

struct ReplyUsage {
  i64 prompt_tokens = 0, tokens = 0, thinking_tokens = 0;  // `tokens` are those of the answer with its thinking
};

// What is known of an answer besides its text.
struct ChatReply {
  std::string finish;  // "stop", "length", ...; empty: the answer has not ended
  std::optional<ReplyUsage> usage;
};

struct ReplyText {
  std::string_view thinking, answer;
};
using OnReplyText = std::function<Status(const ReplyText&)>;

class ReplyReader {
 public:
  // Reads the data of an event. `source` stands for the server in errors. Errors: no JSON, no object, an error that the
  // server reports (error_of), fields of another type, an error of `on_text`.
  Status read(std::string_view data, std::string_view source, const OnReplyText& on_text);
  // The same for an object that was parsed: of an event, or a whole answer that does not come as a stream.
  Status read_object(const Json& object, std::string_view source, const OnReplyText& on_text);

  bool done() const { return done_; }  // the event [DONE] came
  const ChatReply& reply() const { return reply_; }

 private:
  Status read_choice(const JsonFields& choice, const OnReplyText& on_text);

  ChatReply reply_;
  bool done_ = false;
};

// What an object of the server says about an error: {"error": {"message": ...}}, {"error": "..."}, {"message": ...} or
// {"detail": ...}. Control characters are escaped, and texts are cut after 400 bytes. Empty if the object says nothing.
struct ServerError {
  std::string message, code;
};
ServerError server_error(const Json& json);

// "CONTEXT: what the server says". Errc::exhausted if it says that the prompt is longer than the context, else
// Errc::io.
Error error_of(const ServerError& said, std::string_view context);

}  // namespace r1
