// The number of threads on machines of which only the files of /proc and /sys are made.
#include "core/threads/processors.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/test_folder.hpp"

namespace r1 {
namespace {

struct Machine {
  void file(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root.path() / path).parent_path());
    std::ofstream(root.path() / path) << text;
  }
  int threads(std::vector<int> allowed = {0, 1, 2, 3, 4, 5, 6, 7}) const {
    return usable_processors(allowed, root.path());
  }
  TestFolder root;
};

TEST(Processors, WithoutAnyFileAllAllowedOnesAreUsed) {
  EXPECT_EQ(Machine().threads(), 8);
  EXPECT_EQ(Machine().threads({5}), 1);
  EXPECT_EQ(Machine().threads({}), 1);
}

TEST(Processors, EfficiencyCoresOfIntelAreLeftOut) {
  const Machine m;
  m.file("sys/devices/cpu_core/cpus", "0-3,6\n");
  EXPECT_EQ(m.threads(), 5);
  EXPECT_EQ(m.threads({2, 3, 4, 5}), 2);
  EXPECT_EQ(m.threads({4, 5}), 2);  // a process that may run on efficiency cores alone uses them
  m.file("sys/devices/cpu_core/cpus", "0-nonsense\n");
  EXPECT_EQ(m.threads(), 8);
}

TEST(Processors, CoresOfArmBelowHalfOfTheLargestCapacityAreLeftOut) {
  const Machine m;
  for (int p = 0; p < 8; ++p)
    m.file("sys/devices/system/cpu/cpu" + std::to_string(p) + "/cpu_capacity", p < 4   ? "400\n"
                                                                               : p < 7 ? "800\n"
                                                                                       : "1024\n");
  EXPECT_EQ(m.threads(), 4);
  EXPECT_EQ(m.threads({0, 1}), 2);
}

TEST(Processors, AQuotaOfVersion2IsRoundedUp) {
  const Machine m;
  m.file("proc/self/cgroup", "0::/user.slice/one\n");
  m.file("sys/fs/cgroup/user.slice/one/cpu.max", "150000 100000\n");
  EXPECT_EQ(m.threads(), 2);
  EXPECT_EQ(m.threads({3}), 1);
  m.file("sys/fs/cgroup/user.slice/one/cpu.max", "20000 100000\n");
  EXPECT_EQ(m.threads(), 1);
  m.file("sys/fs/cgroup/user.slice/one/cpu.max", "max 100000\n");
  EXPECT_EQ(m.threads(), 8);
  m.file("sys/fs/cgroup/user.slice/cpu.max", "300000 100000\n");  // a group around it
  EXPECT_EQ(m.threads(), 3);
}

TEST(Processors, AContainerSeesItsOwnGroupAsTheMount) {
  const Machine m;
  m.file("proc/self/cgroup", "0::/docker/0123abcd\n");
  m.file("sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_EQ(m.threads(), 4);
}

TEST(Processors, AQuotaOfVersion1IsReadWhereItsControllerIs) {
  const Machine m;
  m.file("proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/job\n1:cpuset:/c\n");
  m.file("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
  m.file("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "50000\n");
  m.file("sys/fs/cgroup/cpuset/c/cpu.max", "1 1\n");  // another controller's folder does not count
  EXPECT_EQ(m.threads(), 5);
  m.file("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(m.threads(), 8);
}

TEST(Processors, ThisProcessHasOne) {
  EXPECT_FALSE(allowed_processors().empty());
  EXPECT_GE(usable_processors(allowed_processors()), 1);
}

}  // namespace
}  // namespace r1
