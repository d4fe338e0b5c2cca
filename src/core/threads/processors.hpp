// How many threads of computation this process should run.
#pragma once
#include <filesystem>
#include <span>
#include <vector>

namespace r1 {

// The processors that the scheduler may give to this process (its affinity mask), in ascending order.
std::vector<int> allowed_processors();

// The number of the allowed processors that computation should use, at least 1:
// - On a machine with efficiency cores it leaves these out. Every loop ends with its slowest thread, and they are
// slower
//   by a factor of two or more. They are known by sysfs: /sys/devices/cpu_core/cpus (Intel) lists the others, and
//   cpu_capacity (Arm) of an efficiency core is below half of the largest.
// - A quota of processor time (cgroup v2 cpu.max, v1 cpu.cfs_quota_us; of the process's group and all groups around it)
//   limits it to the quota rounded up. With more threads the kernel stops all of them for a part of every period.
// `root` is "/" outside of tests. Files that cannot be read or understood are taken as absent.
int usable_processors(std::span<const int> allowed, const std::filesystem::path& root = "/");

}  // namespace r1
