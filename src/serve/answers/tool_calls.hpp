// Calls of functions in the text of an answer, in the form in which the model's template shows them to the model.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "formats/json.hpp"
#include "text/chat_template.hpp"

namespace r1 {

// Forms in which models write calls:
//   deepseek       <｜tool▁calls▁begin｜>, the calls, <｜tool▁calls▁end｜>. A call is
//                  <｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME, a line break, the arguments as a ```json block, and
//                  <｜tool▁call▁end｜>. A line break stands between two calls.
//   deepseek_bare  the same without `function`, the line breaks and the fence; DeepSeek-V3.1's
//   hermes         <tool_call>{"name": ..., "arguments": {...}}</tool_call>, for each call; Qwen's
//   llama          {"name": ..., "parameters": {...}} as the whole answer
//   unknown        a form that this server cannot write
enum class CallForm : u8 { deepseek, deepseek_bare, hermes, llama, unknown };

// The form of the calls that the template prints. If it prints none: llama for a template of Llama's, else hermes.
CallForm call_form_of(const ChatTemplate& chat);

inline constexpr std::string_view kCallsBegin = "<｜tool▁calls▁begin｜>", kCallsEnd = "<｜tool▁calls▁end｜>",
                                  kCallBegin = "<｜tool▁call▁begin｜>", kCallEnd = "<｜tool▁call▁end｜>",
                                  kCallSeparator = "<｜tool▁sep｜>", kHermesBegin = "<tool_call>",
                                  kHermesEnd = "</tool_call>";

struct ToolCall {
  std::string name;
  std::string arguments;  // the text of a JSON object
  std::string id{};       // by which the result refers to the call
};

// Separates the calls from the text around them. What does not turn out to be a call of a known function stays text.
class ToolCallStream {
 public:
  struct Part {
    std::string text;             // that can be shown now, before the calls
    std::vector<ToolCall> calls;  // complete ones
  };
  ToolCallStream(CallForm form, std::vector<std::string> names);
  Part push(std::string_view text);
  Part finish();

 private:
  void take(bool last, Part& out);
  bool take_call(std::string_view begin, std::string_view end, bool last, Part& out);
  std::vector<ToolCall> calls_of(std::string_view text) const;

  CallForm form_;
  std::vector<std::string> names_;
  std::string held_;
  size_t searched_ = 0;  // where the end of the call that has begun is to be looked for
  bool begun_ = false;   // some text that is no white space has been shown
};

}  // namespace r1
