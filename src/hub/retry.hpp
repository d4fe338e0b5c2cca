// Repeats what a network failure has broken, with longer and longer pauses.
#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "hub/http.hpp"

namespace r1 {

struct RetryPolicy {
  int attempts = 6;          // attempts in a row without progress before giving up
  Milliseconds first{1000};  // the pause after the first failure; it doubles with each further one
  Milliseconds longest{30'000};
  Milliseconds patience{600'000};  // if a server asks for a longer pause (Retry-After), we give up
};

// Receives one line for a waiting user: "connection reset; trying again in 4 s (2 of 6)".
using Notice = std::function<void(const std::string&)>;

// The result of an attempt. An empty `failure` means success; else it says why another attempt may help.
struct Attempt {
  std::string failure;
  bool progress = false;             // the attempt made progress, so counting starts again
  std::optional<Milliseconds> wait;  // the pause that the server asked for

  static Attempt done() { return {}; }
};

// Errors: the error of an attempt; an interrupt; after too many failures, "WHAT: the last failure".
Status with_retries(const RetryPolicy& policy, std::string_view what, const Notice& notice,
                    const std::atomic<bool>* stop, const std::function<Result<Attempt>()>& attempt);

}  // namespace r1
