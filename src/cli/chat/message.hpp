// How lines become a message: """ opens a block and closes it, and a \ at the end of a line continues it on the next.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

class MessageLines {
 public:
  // Adds a line, which may be a pasted text of several. Returns whether the message is complete.
  bool add(std::string_view line);
  bool begun() const { return begun_; }
  const std::string& text() const { return text_; }
  // The text stood between """ and """, so it is not a command even if it begins with /.
  bool quoted() const { return quoted_; }

 private:
  std::string text_;
  bool begun_ = false, quoted_ = false;
};

// The line that gives this text again when it is entered: the text itself if it can be, else between """ and """.
std::string as_typed(const std::string& text);

// The command of a text: its first word, which begins with /, and the rest without spaces around it. Empty if the text
// is a message. Spaces before the command do not matter.
struct CommandLine {
  std::string_view name, argument;
};
CommandLine command_of_line(std::string_view text);

}  // namespace r1
