#include "serve/random_id.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

std::string random_id() {
  u64 words[2];
  // A request for at most 256 bytes is never cut or interrupted.
  R1_CHECK(getrandom(words, sizeof(words), 0) == sizeof(words), "the kernel has no random numbers");
  return fmt::format("{:016x}{:016x}", words[0], words[1]);
}

}  // namespace r1
