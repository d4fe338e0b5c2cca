#include "cli/chat/edit_signals.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "core/dtype.hpp"

namespace r1 {
namespace {

std::atomic<int> g_descriptor{-1};
std::atomic<u64> g_noted{0};  // a bit for each signal

void note(int signal) {
  const int error = errno;
  g_noted |= u64{1} << signal;
  const u64 one = 1;
  if (::write(g_descriptor, &one, sizeof one) < 0) errno = error;  // full: it is readable already
  errno = error;
}

}  // namespace

EditSignals::EditSignals() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  g_descriptor = descriptor_;
  g_noted = 0;
  install();
}

EditSignals::~EditSignals() {
  restore();
  while (const int signal = take())
    if (signal != SIGWINCH) ::raise(signal);
  g_descriptor = -1;
  ::close(descriptor_);
}

void EditSignals::install() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
}

void EditSignals::restore() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

int EditSignals::take() {
  u64 count;
  if (::read(descriptor_, &count, sizeof count) < 0) count = 0;
  for (const int signal : kSignals)
    if (g_noted.fetch_and(~(u64{1} << signal)) >> signal & 1) {
      const u64 one = 1;  // others may be noted too
      if (g_noted && ::write(descriptor_, &one, sizeof one) < 0) break;
      return signal;
    }
  return 0;
}

void EditSignals::raise(int signal) {
  restore();
  ::raise(signal);
  install();
}

}  // namespace r1
