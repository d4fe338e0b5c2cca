#include "sandbox/judge.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/random.h>

#include <algorithm>

#include "sandbox/compare.hpp"
#include "sandbox/python_harness.hpp"

namespace r1::sandbox {
namespace {

constexpr size_t kMostDetail = 300;  // bytes

Attempt failed(VerdictKind kind, std::string detail) { return {{kind, -1, std::move(detail)}, false}; }

// A line for people: printable ASCII, without line breaks, of limited length.
std::string clean(std::string_view text) {
  std::string out(text.substr(0, kMostDetail));
  for (char& c : out)
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
    else if (c < ' ' || c > '~') c = '?';
  return out;
}

std::string_view last_line(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
  return text.substr(text.find_last_of('\n') + 1);  // find_last_of gives npos = -1 if there is one line
}

// 128 random bits. Errors end the program: without randomness no verdict is safe.
std::string random_word() {
  u64 bits[2] = {};
  R1_CHECK(getrandom(bits, sizeof(bits), 0) == sizeof(bits), "the kernel gives no random bytes");
  return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
}

// The text of a job that is longer than its limit, or "".
std::string too_long(const Job& job) {
  const i64 most = job.limits.program_bytes;
  for (const auto& [what, text] : {std::pair<const char*, const std::string*>{"the program", &job.program},
                                   {"the tests", &job.asserts.tests},
                                   {"the prelude", &job.asserts.prelude},
                                   {"the declaration", &job.asserts.declaration}})
    if (static_cast<i64>(text->size()) > most)
      return fmt::format("{} has {} bytes, the limit is {}", what, text->size(), most);
  return "";
}

}  // namespace

const char* name(VerdictKind kind) {
  constexpr const char* kNames[] = {"passed", "compile", "wrong", "time", "memory", "crash", "output", "refused"};
  return kNames[static_cast<int>(kind)];
}

Attempt attempt_of(const Error& error) { return {{VerdictKind::refused, -1, error.what}, true}; }

Attempt attempt_of(const Ending& e) {
  const std::string line = clean(last_line(e.err));
  if (e.lost) return {{VerdictKind::refused, -1, "the sandbox was killed from outside"}, true};
  if (!e.started) return {{VerdictKind::refused, -1, "the sandbox did not start: " + line}, true};
  if (e.stopped == VerdictKind::time) return failed(VerdictKind::time, "over the limit of time");
  if (e.stopped == VerdictKind::memory) return failed(VerdictKind::memory, "over the limit of memory");
  if (e.stopped) return failed(*e.stopped, "over the limit of output");
  if (e.exit_code == 0) return failed(VerdictKind::passed, "");
  if (e.exit_code == 128 + SIGXCPU) return failed(VerdictKind::time, "over the limit of processor time");
  if (e.exit_code == 128 + SIGXFSZ) return failed(VerdictKind::output, "over the limit of file size");
  if (line.starts_with("MemoryError") || e.err.find("std::bad_alloc") != std::string::npos)
    return failed(VerdictKind::memory, line);
  // Python prints no traceback for a program that it cannot compile.
  if (line.find("Error: ") != std::string::npos && e.err.starts_with("  File \"/program.py\", line "))
    return failed(VerdictKind::compile, line);
  const std::string what = e.exit_code > 128 ? fmt::format("ended by signal {}", e.exit_code - 128)
                                             : fmt::format("exit code {}", e.exit_code);
  // Nobody here sent SIGKILL: the program did, the kernel for want of memory, or an operator.
  return {{VerdictKind::crash, -1, line.empty() ? what : what + ": " + line}, e.exit_code == 128 + SIGKILL};
}

Attempt judge_io(Runner& runner, const Job& job, const Launch& launch) {
  for (size_t i = 0; i < job.io.size(); ++i) {
    Launch one;
    one.root = launch.root, one.files = launch.files, one.program = launch.program, one.limits = launch.limits;
    one.input = job.io[i].input;
    const Result<Ending> ending = runner.run(std::move(one));
    Attempt attempt = ending ? attempt_of(*ending) : attempt_of(ending.error());
    if (attempt.verdict.kind == VerdictKind::passed && !same_output(job.io[i].output, ending->out, job.tolerance))
      attempt = failed(VerdictKind::wrong, "printed \"" + clean(ending->out) + "\"");
    if (attempt.verdict.kind == VerdictKind::passed) continue;
    attempt.verdict.test = static_cast<i64>(i);
    return attempt;
  }
  return failed(VerdictKind::passed, "");
}

Attempt judge_by_report(Runner& runner, const Job& job, Launch tests, Launch program) {
  Result<Pipe> requests = make_pipe(), replies = make_pipe(), report = make_pipe();
  for (const Result<Pipe>* pipe : {&requests, &replies, &report})
    if (!*pipe) return attempt_of(pipe->error());
  tests.extra.push_back(std::move(requests->write));
  tests.extra.push_back(std::move(replies->read));
  tests.extra.push_back(std::move(report->write));
  program.extra.push_back(std::move(requests->read));
  program.extra.push_back(std::move(replies->write));
  const std::string random = random_word();
  tests.input = random + "\n" + job.asserts.entry_point + "\n";
  // A program that has ended is given this time to say how: its pipe closes before its sandbox has ended.
  constexpr i64 kPatienceMs = 300;
  const auto endings = runner.run_both(std::move(tests), std::move(program), kPatienceMs);
  if (!endings) return attempt_of(endings.error());
  std::string text;
  fcntl(report->read.get(), F_SETFL, O_NONBLOCK);  // all writers have ended
  while (read_available(report->read.get(), text, 1 << 16) > 0) continue;
  const Attempt of_program = attempt_of(endings->follower), of_tests = attempt_of(endings->leader);
  if (endings->follower.stopped) return of_program;
  if (of_tests.verdict.kind != VerdictKind::passed) {
    Attempt out = of_tests;
    out.verdict.detail = "the tests: " + out.verdict.detail;
    return out;
  }
  const size_t line = text.find('\n');
  if (!text.starts_with(random + " ") || line == std::string::npos)
    return failed(VerdictKind::wrong, "the tests ended before the last one");
  const std::string word = text.substr(random.size() + 1, line - random.size() - 1);
  const std::string detail = clean(last_line(std::string_view(text).substr(line)));
  if (word == "ended") {
    // A program that closed its pipes and went on has not said how it ended.
    if (!endings->follower.cut && of_program.verdict.kind != VerdictKind::passed) return of_program;
    return failed(VerdictKind::crash, detail);
  }
  for (int k = 0; k <= static_cast<int>(VerdictKind::refused); ++k)
    if (word == name(static_cast<VerdictKind>(k))) return failed(static_cast<VerdictKind>(k), detail);
  return failed(VerdictKind::refused, "the tests reported \"" + clean(word) + "\"");
}

Attempt judge_python_asserts(Runner& runner, const Job& job) {
  Launch tests, program;
  tests.root = program.root = Root::python;
  tests.limits = program.limits = job.limits;
  tests.program = program.program = {"/usr/bin/python3", "-s", "-B", kHarnessPath};
  tests.files = {{kHarnessPath, kPythonTestSide},
                 {kCodecPath, kPythonCodec},
                 {kTestsPath, job.asserts.tests},
                 {kPreludePath, job.asserts.prelude}};
  program.files = {{kHarnessPath, kPythonProgramSide}, {kCodecPath, kPythonCodec}, {kProgramPath, job.program}};
  return judge_by_report(runner, job, std::move(tests), std::move(program));
}

Attempt judge(Runner& runner, const Job& job) {
  if (const std::string why = too_long(job); !why.empty()) return failed(VerdictKind::refused, why);
  if (job.asserts.entry_point.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
      std::string::npos)
    return failed(VerdictKind::refused, "the entry point \"" + clean(job.asserts.entry_point) + "\" is no name");
  if (job.io.empty() && job.asserts.tests.find_first_not_of(" \t\r\n") == std::string::npos)
    return failed(VerdictKind::refused, "the job has no tests");
  if (job.io.empty())
    return job.language == Language::python ? judge_python_asserts(runner, job) : judge_cpp_asserts(runner, job);
  Launch launch;
  launch.limits = job.limits;
  if (job.language == Language::python) {
    launch.root = Root::python;
    launch.files = {{kProgramPath, job.program}};
    launch.program = {"/usr/bin/python3", "-s", "-B", kProgramPath};
    return judge_io(runner, job, launch);
  }
  const Compiled compiled = compile_cpp(runner, job.program, Optimize::yes, job.limits);
  if (compiled.attempt.verdict.kind != VerdictKind::passed) return compiled.attempt;
  launch.files = {{"/program", compiled.executable, true}};
  launch.program = {"/program"};
  return judge_io(runner, job, launch);
}

}  // namespace r1::sandbox
