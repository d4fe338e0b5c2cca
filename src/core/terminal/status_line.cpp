#include "core/terminal/status_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace r1 {
namespace {

constexpr const char* kErase = "\r\x1b[K";

// The first `columns` characters. Every character counts as one column; the bytes of a UTF-8 character stay together.
std::string_view cut(std::string_view text, size_t columns) {
  size_t at = 0;
  for (size_t shown = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && shown++ == columns) break;
  }
  return text.substr(0, at);
}

}  // namespace

bool is_rewritable_terminal(int fd) {
  const char* const term = std::getenv("TERM");
  return isatty(fd) == 1 && !(term && std::strcmp(term, "dumb") == 0);
}

bool color_refused() {
  const char* const set = std::getenv("NO_COLOR");
  return set && *set;
}

TerminalSize terminal_size(int fd) {
  winsize size{};
  TerminalSize out;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_row > 0) out.rows = size.ws_row;
  if (size.ws_col > 1) out.columns = size.ws_col;
  return out;
}

StatusLine::StatusLine() : terminal_(is_rewritable_terminal(STDERR_FILENO)) {}

// Uses stdio, which does not throw if stderr is closed. The last column stays free: some terminals wrap when it is
// written.
void StatusLine::show(std::string_view text) {
  if (!terminal_) return;
  text = cut(text, static_cast<size_t>(terminal_size(STDERR_FILENO).columns - 1));
  std::fputs(kErase, stderr);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  open_ = true;
}

void StatusLine::clear() {
  if (open_) std::fputs(kErase, stderr);
  open_ = false;
}

void StatusLine::end() {
  if (open_) std::fputs("\n", stderr);
  open_ = false;
}

}  // namespace r1
