// A line on stderr that long work rewrites: "42 %  1.3 GiB of 3.1 GiB  210 MiB/s  left 0m09s". See
// StatusLine.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "core/dtype.hpp"
#include "core/terminal/status_line.hpp"

namespace r1 {

class ProgressMeter {
 public:
  using AmountText = std::string (*)(i64 amount);  // "1.3 GiB"

  explicit ProgressMeter(AmountText amount_text);
  ~ProgressMeter();  // clears the line
  ProgressMeter(const ProgressMeter&) = delete;
  ProgressMeter& operator=(const ProgressMeter&) = delete;

  // `detail` goes to the end of the line. Calls within 200 ms of the last line print nothing.
  void show(i64 done, i64 total, std::string_view detail = {});

 private:
  using Clock = std::chrono::steady_clock;
  const AmountText amount_text_;
  StatusLine line_;
  Clock::time_point start_ = Clock::now(), last_ = Clock::now();
};

// A large number for people: "671.03 B", "7.62 M", "640".
std::string count_text(i64 n);

}  // namespace r1
