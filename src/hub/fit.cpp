#include "hub/fit.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/control_group.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

namespace r1 {

Fit fit_of(i64 weight_bytes, i64 memory_bytes) {
  constexpr i64 kRest = 500'000'000;
  if (weight_bytes > memory_bytes) return Fit::exceeds;
  return weight_bytes / 4 + kRest > memory_bytes - weight_bytes ? Fit::tight : Fit::fits;
}

namespace {

namespace fs = std::filesystem;

// The number behind "KEY" at the beginning of a line; nothing if there is none ("max").
std::optional<i64> number_after(std::string_view text, std::string_view key) {
  for (size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size() - 1) + 1) {
    std::string_view line = text.substr(at, text.find('\n', at) - at);
    if (!line.starts_with(key)) continue;
    line.remove_prefix(std::min(line.find_first_not_of(" \t", key.size()), line.size()));
    i64 n = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), n).ec == std::errc()) return n;
  }
  return {};
}

std::optional<i64> number_in(const fs::path& file, std::string_view key = "") {
  const auto text = read_file(file);
  return text ? number_after(*text, key) : std::nullopt;
}

struct Group {
  i64 limit = 0, used = 0;  // pages of files, which the kernel can drop, do not count as used
};

// The control group of a folder: version 2 has memory.max, version 1 memory.limit_in_bytes.
std::optional<Group> group_in(const fs::path& folder) {
  for (const auto& [limit_file, used_file, prefix] :
       {std::tuple("memory.max", "memory.current", ""),
        std::tuple("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")}) {
    const auto limit = number_in(folder / limit_file);
    if (!limit || *limit <= 0 || *limit > i64{1} << 60) continue;  // version 1 writes a huge number for "no limit"
    const fs::path stat = folder / "memory.stat";
    const i64 cached = number_in(stat, fmt::format("{}inactive_file ", prefix)).value_or(0) +
                       number_in(stat, fmt::format("{}active_file ", prefix)).value_or(0);
    return Group{*limit, std::max<i64>(number_in(folder / used_file).value_or(0) - cached, 0)};
  }
  return {};
}

}  // namespace

MachineMemory machine_memory(const fs::path& root) {
  const std::string info = read_file(root / "proc/meminfo").value_or("");
  MachineMemory m;
  m.total = number_after(info, "MemTotal:").value_or(0) * 1024;
  m.available = number_after(info, "MemAvailable:").value_or(0) * 1024;
  for (const fs::path& folder : control_group_folders("memory", root)) {
    const auto group = group_in(folder);
    if (!group) continue;
    if (m.total == 0 || group->limit < m.total) m.total = group->limit, m.group_limits = true;
    const i64 left = std::max<i64>(group->limit - group->used, 0);
    if (m.available == 0 || left < m.available) m.available = left, m.group_limits = true;
  }
  return m;
}

i64 memory_limit() { return machine_memory().total; }

}  // namespace r1
