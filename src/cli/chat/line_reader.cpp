#include "cli/chat/line_reader.hpp"

#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "cli/chat/terminal_editor.hpp"
#include "core/error.hpp"

namespace r1 {

LineReader::LineReader(TabCompleter complete) {
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) terminal_ = std::make_unique<TerminalEditor>(std::move(complete));
}

LineReader::~LineReader() = default;

std::string LineReader::notice() const {
  if (!terminal_ || terminal_->characters().utf8()) return "";
  return fmt::format(
      "the locale \"{}\" is not UTF-8: only ASCII can be typed. LC_ALL=C.UTF-8 in the environment allows all "
      "characters",
      terminal_->characters().name());
}

LineReader::Line LineReader::read(const char* prompt, std::string_view prefill) {
  if (terminal_) return terminal_->read(prompt, prefill);
  Line line;
  errno = 0;
  if (std::getline(std::cin, line.text)) return line;
  line.kind = errno == EINTR ? Line::Kind::interrupted : Line::Kind::end;
  std::cin.clear();
  return line;
}

void LineReader::remember(const std::string& text) {
  if (terminal_) terminal_->remember(text);
}

}  // namespace r1
