// A pool for the tests of this folder, and shorthands for jobs.
#pragma once
#include <gtest/gtest.h>

#include "sandbox/sandbox.hpp"

namespace r1::sandbox {

// Skips a test where the kernel does not allow namespaces. Missing programs are a failure.
class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<Pool>& pool = shared();
    if (!pool && pool.error().code == Errc::unsupported) GTEST_SKIP() << pool.error().what;
    ASSERT_TRUE(pool) << pool.error().what;
  }
  // One pool for all tests, so that they also show that no job harms the next.
  static Result<Pool>& shared() {
    static Result<Pool> pool = Pool::open(2);
    return pool;
  }
  static Pool& pool() { return *shared(); }
  static Verdict judge(Job job) { return pool().submit(std::move(job)).get(); }

  // For programs that never end by themselves: a short limit of processor time. All others have limits that they do not
  // meet even on a busy machine.
  static Job hasty(Job job) {
    job.limits.cpu_ms = 300;
    return job;
  }
  static Job python(std::string program, std::string output, std::string input = "") {
    Job job;
    job.program = std::move(program);
    job.io = {{std::move(input), std::move(output)}};
    job.limits.wall_ms = 60'000;
    return job;
  }
  static Job python_asserts(std::string program, std::string tests) {
    Job job;
    job.program = std::move(program);
    job.asserts.tests = std::move(tests);
    job.limits.wall_ms = 60'000;
    return job;
  }
  static Job cpp(std::string program, std::string output, std::string input = "") {
    Job job = python(std::move(program), std::move(output), std::move(input));
    job.language = Language::cpp;
    return job;
  }
};

inline std::ostream& operator<<(std::ostream& out, VerdictKind kind) { return out << name(kind); }

}  // namespace r1::sandbox
