// Lines of text: typed at a terminal with editing, history and completion, or read from a pipe.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace r1 {

// What Tab may put in place of the end of a line.
struct TabWords {
  size_t begin = 0;                  // where the word to replace begins, in bytes
  std::vector<std::string> words{};  // all that fit what is typed
};
using TabCompleter = std::function<TabWords(std::string_view before_cursor)>;

class TerminalEditor;

class LineReader {
 public:
  struct Line {
    // dropped: by Ctrl-C. end: the input is over. interrupted: a signal ended the read of a pipe.
    enum class Kind { text, dropped, end, interrupted };
    Kind kind = Kind::text;
    std::string text{};  // without its end; a pasted text may have several lines. Of a dropped line what was typed
  };

  // Edits lines if stdin and stdout are terminals. The character set of the terminal is that of the first of the
  // environment's LC_ALL, LC_CTYPE and LANG that is not empty; UTF-8 if all are. The reader sets the locale of the
  // calling thread only while it reads, and of the locale only LC_CTYPE: everything else keeps the C locale.
  explicit LineReader(TabCompleter complete = {});
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  bool is_terminal() const { return terminal_ != nullptr; }
  // One line for the user if the environment names a character set other than UTF-8; else empty. read() then returns
  // only ASCII: other characters are ignored when they are typed.
  std::string notice() const;

  // The next line. At a terminal `prompt`, in ASCII, stands before it, and it begins as `prefill`. Ctrl-C sends no
  // signal while a line is typed. A text of several lines that is pasted stays one line of input.
  Line read(const char* prompt, std::string_view prefill = {});

  // Adds a text to what the Up key brings back.
  void remember(const std::string& text);

 private:
  std::unique_ptr<TerminalEditor> terminal_;  // null: lines come from a pipe
};

}  // namespace r1
