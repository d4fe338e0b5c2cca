#include "core/terminal/status_line.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace r1 {
namespace {

// What `f` writes to stderr, which is a terminal of 20 columns.
template <class Function>
std::string on_terminal(const char* term, Function f) {
  const winsize size{.ws_row = 24, .ws_col = 20, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1, program = -1;
  EXPECT_EQ(openpty(&terminal, &program, nullptr, nullptr, &size), 0);
  std::fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  dup2(program, STDERR_FILENO);
  setenv("TERM", term, 1);
  f();
  std::fputs("|", stderr);  // so that there is something to read
  std::fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  std::string text;
  char buffer[4096];
  while (text.empty() || text.back() != '|') {
    const ssize_t n = read(terminal, buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, n);
  }
  close(program), close(terminal);
  return text;
}

TEST(StatusLine, IsCutToTheWidthOfTheTerminalAndRewritten) {
  EXPECT_EQ(on_terminal("xterm",
                        [] {
                          StatusLine line;
                          line.show("0123456789012345678901234567890");
                          line.show("äöüäöüäöüäöüäöüäöüäöü");
                          line.show("short");
                        }),
            "\r\x1b[K0123456789012345678\r\x1b[Käöüäöüäöüäöüäöüäöüä\r\x1b[Kshort\r\n|");
}

TEST(StatusLine, DisappearsOrEndsOnceAndOnlyIfItWasShown) {
  EXPECT_EQ(on_terminal("xterm",
                        [] {
                          StatusLine line;
                          line.clear(), line.end();
                          line.show("a");
                          line.clear(), line.clear(), line.end();
                        }),
            "\r\x1b[Ka\r\x1b[K|");
}

TEST(StatusLine, ADumbTerminalGetsNoEscapeSequences) {
  EXPECT_EQ(on_terminal("dumb",
                        [] {
                          StatusLine line;
                          EXPECT_FALSE(line.visible());
                          line.show("a");
                          line.end();
                        }),
            "|");
}

}  // namespace
}  // namespace r1
