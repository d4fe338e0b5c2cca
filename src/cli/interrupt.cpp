#include "cli/interrupt.hpp"

#include <unistd.h>

#include <cstring>

namespace r1 {
namespace {

std::atomic<bool> g_raised{false};
std::atomic<const char*> g_last_words{nullptr};

void on_interrupt(int) {
  if (!g_raised.exchange(true)) return;
  if (const char* text = g_last_words.load())
    if (write(STDOUT_FILENO, text, std::strlen(text)) < 0) _exit(130);
  _exit(130);
}

}  // namespace

InterruptFlag::InterruptFlag() {
  g_raised = false;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);  // without SA_RESTART a blocked read returns
  sigaction(SIGINT, &action, &before_);
}

InterruptFlag::~InterruptFlag() { sigaction(SIGINT, &before_, nullptr); }

const std::atomic<bool>& InterruptFlag::raised() const { return g_raised; }
void set_last_words(const char* text) { g_last_words = text; }

}  // namespace r1
