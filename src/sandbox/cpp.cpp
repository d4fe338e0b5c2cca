// C++: compiling.
#include "sandbox/judge.hpp"

namespace r1::sandbox {

Compiled compile_cpp(Runner& runner, const std::string& source, const Limits& limits) {
  Launch launch;
  launch.root = Root::compiler;
  launch.input = source;
  // The compiler prints nothing on stdout, so the executable can leave the sandbox that way.
  launch.program = {"/usr/bin/sh", "-c",
                    "g++ -std=c++20 -O1 -pipe -pthread -o /tmp/program -x c++ - && cat /tmp/program"};
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

Attempt judge_cpp_asserts(Runner&, const Job&) {
  return {{VerdictKind::refused, -1, "assertions in C++ are not there yet"}, false};
}

}  // namespace r1::sandbox
