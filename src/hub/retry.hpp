// Trying again, with longer and longer pauses, what a network may have broken.
#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "hub/http.hpp"

namespace r1 {

struct RetryPolicy {
  int attempts = 6;          // in a row without progress
  Milliseconds first{1000};  // pause after the first failure; doubles
  Milliseconds longest{30'000};
  Milliseconds patience{600'000};  // a server that asks for a longer pause (Retry-After) is not waited for
};

// One line for a person who waits: "connection reset; trying again in 4 s (2 of 6)".
using Notice = std::function<void(const std::string&)>;

// What an attempt came to: `failure` empty, all done; else why it is worth another.
struct Attempt {
  std::string failure;
  bool progress = false;             // something was gained: the count begins again
  std::optional<Milliseconds> wait;  // as the server asked

  static Attempt done() { return {}; }
};

// Err: an attempt's own error, an interrupt, or "WHAT: the last failure" after too many failures.
Status with_retries(const RetryPolicy& policy, std::string_view what, const Notice& notice,
                    const std::atomic<bool>* stop, const std::function<Result<Attempt>()>& attempt);

}  // namespace r1
