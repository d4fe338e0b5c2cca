// C++: compiling, and assertion tests.
#include <fmt/format.h>

#include "sandbox/cpp_harness.hpp"
#include "sandbox/judge.hpp"

namespace r1::sandbox {

Compiled compile_cpp(Runner& runner, const std::string& source, Optimize optimize, const Limits& limits) {
  Launch launch;
  launch.root = Root::compiler;
  launch.input = source;
  // The compiler prints nothing on stdout, so the executable can leave the sandbox that way.
  launch.program = {"/usr/bin/sh", "-c",
                    fmt::format("g++ -std=c++20 -O{} -pipe -pthread -o /tmp/program -x c++ - && cat /tmp/program",
                                optimize == Optimize::yes ? 1 : 0)};
  launch.limits = limits;
  launch.limits.wall_ms = launch.limits.cpu_ms = limits.compile_wall_ms;
  launch.limits.memory_bytes = limits.compile_memory_bytes;
  launch.limits.output_bytes = launch.limits.file_bytes = i64{64} << 20;
  Result<Ending> ending = runner.run(std::move(launch));
  if (!ending) return {attempt_of(ending.error()), ""};
  Attempt attempt = attempt_of(*ending);
  if (attempt.verdict.kind == VerdictKind::passed) return {attempt, std::move(ending->out)};
  if (attempt.verdict.kind == VerdictKind::crash && !attempt.again) attempt.verdict.kind = VerdictKind::compile;
  return {attempt, ""};
}

Attempt judge_cpp_asserts(Runner& runner, const Job& job) {
  if (job.asserts.entry_point.empty() || job.asserts.declaration.empty())
    return {{VerdictKind::refused, -1, "assertions in C++ need the entry point and its declaration"}, false};
  Compiled program = compile_cpp(runner, cpp_program_side(job), Optimize::yes, job.limits);
  if (program.attempt.verdict.kind != VerdictKind::passed) return program.attempt;
  const std::string source = cpp_test_side(job);
  std::optional<std::string> tests = runner.compiled_tests().find(source);
  if (!tests) {
    Compiled compiled = compile_cpp(runner, source, Optimize::no, job.limits);
    if (compiled.attempt.verdict.kind != VerdictKind::passed) {
      const std::string& why = compiled.attempt.verdict.detail;
      return {{VerdictKind::refused, -1, "the tests do not compile: " + why}, compiled.attempt.again};
    }
    runner.compiled_tests().keep(source, compiled.executable);
    tests = std::move(compiled.executable);
  }
  Launch test_side, program_side;
  test_side.limits = program_side.limits = job.limits;
  test_side.program = program_side.program = {"/program"};
  test_side.files = {{"/program", std::move(*tests), true}};
  program_side.files = {{"/program", std::move(program.executable), true}};
  return judge_by_report(runner, job, std::move(test_side), std::move(program_side));
}

}  // namespace r1::sandbox
