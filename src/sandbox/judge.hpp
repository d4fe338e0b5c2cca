// Judges one job once.
#pragma once
#include <string>

#include "sandbox/runner.hpp"

namespace r1::sandbox {

struct Attempt {
  Verdict verdict;
  // The sandbox was killed by somebody else, or did not start: another attempt may end differently.
  bool again = false;
};

Attempt judge(Runner& runner, const Job& job);

// The parts of judge(), by kind of test and by language.

// Runs the program once for each test. `launch` describes the program; its input is replaced.
Attempt judge_io(Runner& runner, const Job& job, const Launch& launch);
Attempt judge_python_asserts(Runner& runner, const Job& job);
Attempt judge_cpp_asserts(Runner& runner, const Job& job);

// Compiles C++ in a sandbox. The value is the executable. Its verdict is `passed` if there is one.
struct Compiled {
  Attempt attempt;
  std::string executable;
};
enum class Optimize { no, yes };
Compiled compile_cpp(Runner& runner, const std::string& source, Optimize optimize, const Limits& limits);

// What the way a program ended means. `passed`: it ended by itself with exit code 0.
Attempt attempt_of(const Ending& ending);
// The same where the sandbox could not be started at all.
Attempt attempt_of(const Error& error);

// Runs the program and its tests as two sandboxes and decides by the report of the tests. The two sides get their ends
// of the pipes here, and the tests also get the random number of this job and the name of the entry point on stdin.
Attempt judge_by_report(Runner& runner, const Job& job, Launch tests, Launch program);

}  // namespace r1::sandbox
