#include <seccomp.h>
#include <signal.h>

#include <thread>

#include "sandbox/test_pool.hpp"

namespace r1::sandbox {
namespace {

class PoolTest : public SandboxTest {};

TEST_F(PoolTest, EachKindOfEndHasItsVerdict) {
  struct Case {
    const char* program;
    VerdictKind kind;
  };
  for (const Case& c : {Case{"print(int(input()) + 1)", VerdictKind::passed}, Case{"print(3)", VerdictKind::wrong},
                        Case{"print(2) print(3)", VerdictKind::compile}, Case{"print(2)\n1 / 0", VerdictKind::crash},
                        Case{"print(2)\nexit(1)", VerdictKind::crash}, Case{"print(2)\nexit()", VerdictKind::passed},
                        Case{"print(2)\nimport os\nos.abort()", VerdictKind::crash}}) {
    const Verdict v = judge(python(c.program, "2", "1\n"));
    EXPECT_EQ(v.kind, c.kind) << c.program << ": " << v.detail;
  }
}

TEST_F(PoolTest, TheFirstTestThatFailsIsNamed) {
  Job job = python("print(int(input()) // 2)", "2", "4\n");
  job.io.push_back({"5\n", "2.5"});
  job.io.push_back({"x\n", ""});
  const Verdict v = judge(job);
  EXPECT_EQ(v.kind, VerdictKind::wrong);
  EXPECT_EQ(v.test, 1);
  EXPECT_EQ(v.detail, "printed \"2 \"");
}

TEST_F(PoolTest, WhatAProgramPrintsIsQuotedAsPrintableAscii) {
  const Verdict v = judge(python("print('a\\x1b[2J\\u00e9\\tb')", ""));
  EXPECT_EQ(v.detail, "printed \"a?[2J?? b \"");
}

TEST_F(PoolTest, CppProgramsAreCompiledAndJudged) {
  const std::string head = "#include <iostream>\n#include <vector>\n#include <cstdlib>\n";
  struct Case {
    const char* program;
    VerdictKind kind;
  };
  const Case cases[] = {Case{"int main() { int x; std::cin >> x; std::cout << x + 1; }", VerdictKind::passed},
                        Case{"int main() { std::cout << 3; }", VerdictKind::wrong},
                        Case{"int main() { return x; }", VerdictKind::compile},
                        Case{"#include \"/etc/passwd\"\nint main() {}", VerdictKind::compile},
                        Case{"int main() { std::cout << 2 << std::flush; abort(); }", VerdictKind::crash},
                        Case{"int main() { while (true) new std::vector<char>(1 << 24, 'x'); }", VerdictKind::memory},
                        Case{"int main() { volatile int x = 0; while (true) x = x + 1; }", VerdictKind::time}};
  std::vector<Job> jobs;
  for (const Case& c : cases) {
    jobs.push_back(cpp(head + c.program, "2", "1\n"));
    if (c.kind == VerdictKind::time) jobs.back() = hasty(jobs.back());
  }
  const std::vector<Verdict> verdicts = pool().judge(std::move(jobs));
  for (size_t i = 0; i < std::size(cases); ++i)
    EXPECT_EQ(verdicts[i].kind, cases[i].kind) << cases[i].program << ": " << verdicts[i].detail;
}

TEST_F(PoolTest, ASandboxKilledFromOutsideIsReplacedAndItsJobJudgedAgain) {
  auto own = Pool::open(1);
  ASSERT_TRUE(own) << own.error().what;
  Job job = python("import time\ntime.sleep(1)\nprint('done')", "done");
  std::future<Verdict> verdict = own->submit(job), next = own->submit(python("print(1)", "1"));
  std::vector<i64> running;
  while ((running = own->processes()).empty()) std::this_thread::yield();
  ASSERT_EQ(kill(static_cast<pid_t>(running[0]), SIGKILL), 0);
  const Verdict v = verdict.get();
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
  EXPECT_EQ(next.get().kind, VerdictKind::passed);
  EXPECT_EQ(own->lost(), 1);
  EXPECT_TRUE(own->processes().empty());
}

TEST_F(PoolTest, AJobWhoseSandboxesAreAlwaysKilledIsRefused) {
  auto own = Pool::open(1);
  ASSERT_TRUE(own) << own.error().what;
  std::future<Verdict> verdict = own->submit(python("import time\ntime.sleep(5)", ""));
  while (verdict.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    for (const i64 pid : own->processes()) kill(static_cast<pid_t>(pid), SIGKILL);
  const Verdict v = verdict.get();
  EXPECT_EQ(v.kind, VerdictKind::refused) << v.detail;
  EXPECT_EQ(own->lost(), Pool::kAttempts);
}

TEST_F(PoolTest, AProgramThatKillsItselfHasCrashed) {
  const Verdict v = judge(python("import os\nos.kill(os.getpid(), 9)", ""));
  EXPECT_EQ(v.kind, VerdictKind::crash) << v.detail;
}

TEST_F(PoolTest, ClosingThePoolEndsItsSandboxes) {
  std::future<Verdict> running, waiting;
  std::vector<i64> pids;
  {
    auto own = Pool::open(1);
    ASSERT_TRUE(own) << own.error().what;
    running = own->submit(python("import time\ntime.sleep(1000)", ""));
    waiting = own->submit(python("print(1)", "1"));
    while ((pids = own->processes()).empty()) std::this_thread::yield();
  }
  EXPECT_EQ(running.get().kind, VerdictKind::refused);
  EXPECT_EQ(waiting.get().kind, VerdictKind::refused);
  EXPECT_EQ(kill(static_cast<pid_t>(pids[0]), 0), -1) << "the process is still there";
}

TEST_F(PoolTest, JobsThatCannotBeJudgedAreRefused) {
  Job job = python("print(1)", "1");
  job.program.append(static_cast<size_t>(job.limits.program_bytes), ' ');
  const Verdict v = judge(job);
  EXPECT_EQ(v.kind, VerdictKind::refused);
  EXPECT_EQ(v.detail, "the program has 1048584 bytes, the limit is 1048576");
  job = python_asserts("def f(): return 1", " \n");
  EXPECT_EQ(judge(job).detail, "the job has no tests");
  job.asserts.entry_point = "f\ng";
  EXPECT_EQ(judge(job).kind, VerdictKind::refused);
}

// Runs in a process of its own, where the kernel refuses new user namespaces.
TEST(PoolWithoutNamespaces, RefusesAndSaysWhatToEnable) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        constexpr scmp_datum_t kUser = CLONE_NEWUSER;
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, kUser, kUser));
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 0);
        seccomp_load(filter);
        const auto pool = Pool::open(1);
        if (!pool) std::fprintf(stderr, "%s\n", pool.error().what.c_str());
        _exit(pool ? 0 : pool.error().code == Errc::unsupported ? 3 : 4);
      },
      testing::ExitedWithCode(3), "the kernel does not allow a sandbox .*(enable them as root|a container must)");
}

TEST(PoolWorkers, APoolNeedsAtLeastOne) {
  const auto pool = Pool::open(0);
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error().what, "a pool needs at least one worker, not 0");
}

}  // namespace
}  // namespace r1::sandbox
