#include "hub/fit.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "core/file.hpp"

namespace r1 {

Fit fit_of(i64 weight_bytes, i64 memory_bytes) {
  constexpr i64 kRest = 500'000'000;
  if (weight_bytes > memory_bytes) return Fit::exceeds;
  return weight_bytes / 4 + kRest > memory_bytes - weight_bytes ? Fit::tight : Fit::fits;
}

i64 memory_limit() {
  const i64 pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  i64 limit = pages > 0 && page > 0 ? pages * page : 0;
  if (const auto group = read_file("/sys/fs/cgroup/memory.max")) {
    i64 bytes = 0;  // the file holds "max" if there is no limit
    if (std::from_chars(group->data(), group->data() + group->size(), bytes).ec == std::errc() && bytes > 0)
      limit = limit ? std::min(limit, bytes) : bytes;
  }
  return limit;
}

}  // namespace r1
