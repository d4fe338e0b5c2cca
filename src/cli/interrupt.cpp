#include "cli/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

namespace r1 {
namespace {

std::atomic<bool> g_raised{false};
struct sigaction g_before;

void on_interrupt(int) {
  if (g_raised.exchange(true)) _exit(130);
}

}  // namespace

InterruptFlag::InterruptFlag() {
  g_raised = false;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);  // no SA_RESTART: a blocked read returns
  sigaction(SIGINT, &action, &g_before);
}

InterruptFlag::~InterruptFlag() { sigaction(SIGINT, &g_before, nullptr); }

const std::atomic<bool>& InterruptFlag::raised() const { return g_raised; }
void InterruptFlag::lower() { g_raised = false; }

}  // namespace r1
