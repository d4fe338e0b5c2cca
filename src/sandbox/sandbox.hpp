// Runs programs of strangers, such as programs that a model wrote, and judges them by tests.
//
// Every program runs under bubblewrap in new user, PID, mount, network, IPC, UTS and cgroup namespaces, with a seccomp
// list of allowed system calls and with resource limits. It sees no network, no process of the machine, no /proc, no
// descriptor of this process, and none of its environment. Of the file system it sees, read-only, what Python or a C++
// program needs, and a small /tmp of its own. docs/sandbox.md holds the threat model and the design.
//
// No verdict depends on what a program says about itself.
// - Input and output: this process compares the output and the exit code.
// - Assertions: the program and the tests run in two sandboxes, with nothing in common but two pipes. The tests call a
//   function of the program by sending its arguments as plain data; the answer comes back as plain data and is decoded
//   into exact built-in types. So patched built-ins or modules, an __eq__ that is always true, exit handlers, threads
//   and early exits change only the program's own process, and all that they can do there is to give wrong answers or
//   none. The side with the tests shows that it has run past the last test by a random number of this job, which the
//   program never receives.
#pragma once
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1::sandbox {

// What one run of a program may use. A run is one test of input and output, or all assertions of a job.
struct Limits {
  i64 wall_ms = 15'000;               // time from start to end; covers sleeping and waiting
  i64 cpu_ms = 5'000;                 // processor time of all its processes together
  i64 memory_bytes = i64{512} << 20;  // address space of each process; resident memory of all of them together
  i64 output_bytes = i64{1} << 20;    // stdout and stderr together
  i64 file_bytes = i64{16} << 20;     // each file, and all files in /tmp together; there may be 4096
  i64 processes = 64;                 // processes and threads
  i64 program_bytes = i64{1} << 20;   // the source, and each other text of the job
  i64 compile_wall_ms = 60'000;       // the compiler's limits, for C++
  i64 compile_memory_bytes = i64{2} << 30;
};

enum class Language { python, cpp };

struct IoTest {
  std::string input;   // the program reads it from stdin
  std::string output;  // what it must print on stdout
};

// Tests that call functions of the program and compare what they return.
struct AssertTests {
  // Code of the tests. It runs apart from the program, in the program's language. Functions that the tests call and
  // that neither the tests nor the prelude define are those of the program.
  std::string tests;
  // Trusted code that the tests need: imports, and helpers that the task gives. In C++ also the headers.
  std::string prelude;
  // The function that is always the program's, even if the prelude defines it. HumanEval's prompts do so, with an empty
  // body. C++ requires it.
  std::string entry_point;
  // C++ only: the declaration of the entry point, such as "int add(int, int);". Its types are numbers, bool,
  // std::string, vector, pair, tuple, map, set and optional.
  std::string declaration;
};

// A program with tests of input and output, or with assertions if `io` is empty. It passes if it passes all tests; the
// first test that it fails ends the job.
struct Job {
  Language language = Language::python;
  std::string program;
  std::vector<IoTest> io;
  AssertTests asserts;
  // Input and output: numbers that differ by at most this share of the larger one, or by this amount, count as equal. 0
  // compares text.
  double tolerance = 0;
  Limits limits;
};

enum class VerdictKind {
  passed,
  compile,  // the program does not compile
  wrong,    // a wrong answer, or one that is no plain data
  time,     // over the limit of wall or processor time
  memory,   // over the limit of memory
  crash,    // an exception, a signal, an exit code other than 0, or an exit before the last test
  output,   // over the limit of output or of files
  refused   // not judged: no reward may be computed from it. `detail` says why, such as a job without tests
};
const char* name(VerdictKind kind);

struct Verdict {
  VerdictKind kind = VerdictKind::refused;
  i64 test = -1;       // input and output: the index of the test that failed
  std::string detail;  // one line of ASCII for people. It quotes the program, so it is not to be trusted
};

// Judges jobs in a fixed number of workers. A worker is a thread of this process that owns the sandboxes of one job at
// a time. A sandbox that somebody else kills, such as an operator or the kernel when memory runs out, is lost: its
// worker starts a new one and judges the job again, kAttempts times in all. After that the verdict is `refused`, or
// `crash` if each time the program itself ended by SIGKILL. No program can hold a worker longer than the job's limits.
// Thread safety: all functions may be called from any thread.
class Pool {
 public:
  static constexpr int kAttempts = 3;

  // Starts the workers, after one trial sandbox. Errors: io if bubblewrap or another program is not installed;
  // unsupported if the kernel does not allow the namespaces (the message says what to enable); invalid_argument if
  // workers < 1. Nothing ever runs a program without the sandbox.
  static Result<Pool> open(int workers);
  Pool(Pool&&) noexcept;
  Pool& operator=(Pool&&) = delete;
  ~Pool();  // kills the running sandboxes and reaps them. Verdicts not reached yet are `refused`

  std::future<Verdict> submit(Job job);
  std::vector<Verdict> judge(std::vector<Job> jobs);  // submits all and waits for all; the verdicts are in their order

  // The process ids of the running sandboxes (of bubblewrap itself), for operators and tests.
  std::vector<i64> processes() const;
  // How many attempts ended because a sandbox did not start, or was, or may have been, killed from outside.
  i64 lost() const;

 private:
  struct State;
  explicit Pool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace r1::sandbox
