// A line on stderr that long work rewrites. Nothing is printed if stderr is no terminal, or one that understands no
// escape sequences (TERM=dumb).
#pragma once
#include <string_view>

namespace r1 {

// Whether a file descriptor is a terminal that understands escape sequences.
bool is_rewritable_terminal(int fd);

// Whether the user wants no colors: NO_COLOR is set and not empty (https://no-color.org).
bool color_refused();

struct TerminalSize {
  int rows = 24, columns = 80;  // the defaults for a terminal that does not report its size
};
TerminalSize terminal_size(int fd);

class StatusLine {
 public:
  StatusLine();
  ~StatusLine() { end(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  bool visible() const { return terminal_; }
  // Replaces the line. A text that is wider than the terminal is cut, because a line of two rows cannot be rewritten.
  void show(std::string_view text);
  void clear();  // the line disappears
  void end();    // the line stays, and later output begins on a new line

 private:
  const bool terminal_;
  bool open_ = false;
};

}  // namespace r1
