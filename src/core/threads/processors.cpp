#include "core/threads/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "core/control_group.hpp"
#include "core/integer.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<i64> number(std::string_view text) {
  i64 value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// A list of the kernel: "0-3,8". Empty if it is no such list.
std::set<int> processor_list(const std::string& text) {
  std::set<int> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    const size_t dash = std::min(part.find('-'), part.size());
    const auto first = number(part.substr(0, dash));
    const auto last = dash < part.size() ? number(part.substr(dash + 1)) : first;
    if (!first || !last || *first < 0 || *last > 65535) return {};
    for (i64 p = *first; p <= *last; ++p) out.insert(static_cast<int>(p));
    at = end + 1;
  }
  return out;
}

i64 performance_cores(std::span<const int> allowed, const fs::path& root) {
  const std::set<int> intel = processor_list(first_line(root / "sys/devices/cpu_core/cpus"));
  if (!intel.empty()) return std::ranges::count_if(allowed, [&](int p) { return intel.contains(p); });
  std::vector<i64> capacities;
  for (const int p : allowed)
    capacities.push_back(
        number(first_line(root / "sys/devices/system/cpu" / ("cpu" + std::to_string(p)) / "cpu_capacity")).value_or(0));
  const i64 largest = capacities.empty() ? 0 : std::ranges::max(capacities);
  return std::ranges::count_if(capacities, [&](i64 c) { return 2 * c >= largest; });
}

// The quota of one group in processors, rounded up.
std::optional<i64> group_quota(const fs::path& group) {
  std::string quota = first_line(group / "cpu.cfs_quota_us"), period = first_line(group / "cpu.cfs_period_us");
  if (const std::string v2 = first_line(group / "cpu.max"); !v2.empty()) {
    const size_t space = std::min(v2.find(' '), v2.size());
    quota = v2.substr(0, space), period = v2.substr(std::min(space + 1, v2.size()));
  }
  const auto q = number(quota), p = number(period);  // without a limit the quota is "max" or -1
  return q && p && *q > 0 && *p > 0 ? std::optional(ceil_div(*q, *p)) : std::nullopt;
}

// The smallest quota of the process's group and of the groups around it.
std::optional<i64> quota(const fs::path& root) {
  std::optional<i64> smallest;
  for (const fs::path& group : control_group_folders("cpu", root))
    if (const auto q = group_quota(group)) smallest = std::min(smallest.value_or(*q), *q);
  return smallest;
}

}  // namespace

std::vector<int> allowed_processors() {
  std::vector<int> out;
  for (size_t most = 1024; most <= 65536 && out.empty(); most *= 2) {  // the call fails if the set is too small
    cpu_set_t* const set = CPU_ALLOC(most);
    const size_t bytes = CPU_ALLOC_SIZE(most);
    if (set && sched_getaffinity(0, bytes, set) == 0)
      for (size_t p = 0; p < most; ++p)
        if (CPU_ISSET_S(p, bytes, set)) out.push_back(static_cast<int>(p));
    CPU_FREE(set);
  }
  for (int p = 0; out.empty() && p < static_cast<int>(std::thread::hardware_concurrency()); ++p) out.push_back(p);
  return out;
}

int usable_processors(std::span<const int> allowed, const fs::path& root) {
  const i64 fast = performance_cores(allowed, root);
  const i64 usable = fast > 0 ? fast : std::ssize(allowed);
  return static_cast<int>(std::max<i64>(1, std::min(usable, quota(root).value_or(usable))));
}

}  // namespace r1
