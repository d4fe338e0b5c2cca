// How many threads of computation this process should run.
#pragma once
#include <filesystem>
#include <span>
#include <vector>

namespace r1 {

// The processors that the scheduler may give to this process (its affinity mask), in ascending order.
std::vector<int> allowed_processors();

// The number of the allowed processors that computation should use, at least 1.
//
// Efficiency cores are left out, because every loop ends with its slowest thread. On Intel, the file
// /sys/devices/cpu_core/cpus lists the performance cores. On Arm, the cpu_capacity of an efficiency core is below half
// of the largest one.
//
// A quota of processor time limits the number to the quota rounded up, because the kernel stops a process with more
// threads for a part of every period. The quotas of the process's control group and of all groups around it count:
// cpu.max in version 2, cpu.cfs_quota_us in version 1.
//
// `root` is "/" outside of tests. Files that cannot be read or understood are taken as absent.
int usable_processors(std::span<const int> allowed, const std::filesystem::path& root = "/");

}  // namespace r1
