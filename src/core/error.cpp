#include "core/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace r1 {

void check_failed(const char* condition, const char* file, int line, const std::string& message) {
  fmt::print(stderr, "{}:{}: internal error: {} ({})\n", file, line, message, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace r1
