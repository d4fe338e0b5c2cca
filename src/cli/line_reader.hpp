// Lines of text: typed at a terminal, with editing and history, or read from a pipe.
#pragma once
#include <memory>
#include <optional>
#include <string>

namespace r1 {

class LineReader {
 public:
  // Edits lines if stdin and stdout are terminals. The character set of the terminal is that of the first of the
  // environment's LC_ALL, LC_CTYPE and LANG that is not empty; UTF-8 if all are. The reader sets the locale of the
  // calling thread only while it reads, and of the locale only LC_CTYPE: everything else keeps the C locale.
  LineReader();
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // One line for the user if the environment names a character set other than UTF-8; else empty. read() then returns
  // only ASCII: other characters are ignored when they are typed.
  std::string notice() const;

  // The next line without its end. nullopt at the end of the input, or if a signal interrupts the read. Ctrl-C at a
  // terminal sends no signal while a line is typed: read() returns an empty line in place of the one it drops.
  std::optional<std::string> read();

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;  // null: lines come from a pipe
};

}  // namespace r1
