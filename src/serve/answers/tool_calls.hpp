// Calls of functions in the text of an answer, in the form in which the model's template shows them to the model:
//   DeepSeek  <｜tool▁calls▁begin｜>, the calls, <｜tool▁calls▁end｜>. A call is
//             <｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME, a line break, the arguments as a ```json block, and
//             <｜tool▁call▁end｜>. V3.1 leaves out `function` and the fence.
//   Qwen      <tool_call>{"name": ..., "arguments": {...}}</tool_call>, for each call
//   Llama     {"name": ..., "parameters": {...}} as the whole answer
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "formats/json.hpp"
#include "text/chat_template.hpp"

namespace r1 {

enum class ToolSyntax : u8 { deepseek, qwen, llama };
ToolSyntax tool_syntax_of(ChatTemplate::Kind kind);

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
  ToolCallStream(ToolSyntax syntax, std::vector<std::string> names);
  Part push(std::string_view text);
  Part finish();

 private:
  void take(bool last, Part& out);
  bool take_call(std::string_view begin, std::string_view end, bool last, Part& out);
  std::vector<ToolCall> calls_of(std::string_view text) const;

  ToolSyntax syntax_;
  std::vector<std::string> names_;
  std::string held_;
  size_t searched_ = 0;  // where the end of the call that has begun is to be looked for
  bool begun_ = false;   // some text that is no white space has been shown
};

}  // namespace r1
