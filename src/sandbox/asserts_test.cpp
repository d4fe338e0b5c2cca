// Python programs that try to pass assertions without giving the right answers.
#include <fmt/format.h>

#include "sandbox/test_pool.hpp"

namespace r1::sandbox {
namespace {

class PythonAsserts : public SandboxTest {
 protected:
  static constexpr const char* kTests = "assert f(2) == 4\nassert f(3) == 9\n";
  void expect(VerdictKind kind, const std::string& program, const std::string& tests = kTests) {
    const Job job = python_asserts(program, tests);
    const Verdict v = judge(kind == VerdictKind::time ? hasty(job) : job);
    EXPECT_EQ(v.kind, kind) << program << "\n" << v.detail;
  }
};

TEST_F(PythonAsserts, TheVerdictFollowsTheAnswers) {
  expect(VerdictKind::passed, "def f(x): return x * x");
  expect(VerdictKind::wrong, "def f(x): return x + x");
  expect(VerdictKind::crash, "def f(x): return x / 0");
  expect(VerdictKind::crash, "def g(x): return x * x");
  expect(VerdictKind::compile, "def f(x) return x * x");
  expect(VerdictKind::memory, "def f(x): return bytearray(1 << 40)");
  expect(VerdictKind::time, "def f(x):\n  while True: pass");
  expect(VerdictKind::output, "def f(x):\n  while True: print('flood' * 100)");
}

TEST_F(PythonAsserts, ProgramsThatEndEarlyDoNotPass) {
  const i64 lost = pool().lost();
  for (const char* end : {"import sys\nsys.exit(0)\n", "import os\nos._exit(0)\n",
                          "import os\nos.kill(os.getpid(), 15)\n", "import os\nos.close(3)\nos.close(4)\n"}) {
    expect(VerdictKind::crash, std::string(end) + "def f(x): return x + x");
    expect(VerdictKind::crash, fmt::format("def f(x):\n  exec('''{}''')\n  return 0", end));
  }
  expect(VerdictKind::crash, "import os, time\nos.close(3)\nos.close(4)\ntime.sleep(1000)");
  expect(VerdictKind::crash, "import os, time\nos.write(4, b'[')\nos.closerange(3, 5)\ntime.sleep(1000)");
  EXPECT_EQ(pool().lost(), lost) << "none of these is an accident";
}

TEST_F(PythonAsserts, PrintingTheVerdictDoesNothing) {
  expect(VerdictKind::wrong, R"py(
import os, sys
print("passed")
for fd in range(1, 10):
    if fd != 4:
        try: os.write(fd, b"0 passed\n\n")
        except OSError: pass
def f(x):
    print("passed", file=sys.stderr)
    return 0
)py");
}

TEST_F(PythonAsserts, ExitHandlersAndThreadsDoNothing) {
  expect(VerdictKind::wrong, R"py(
import atexit, os, threading, time
atexit.register(lambda: os._exit(0))
def late():
    time.sleep(0.01)
    os.write(1, b"passed\n")
threading.Thread(target=late).start()
def f(x): return 0
)py");
}

TEST_F(PythonAsserts, PatchedBuiltinsAndModulesChangeOnlyTheProgram) {
  expect(VerdictKind::wrong, R"py(
import builtins, sys, json, os
class AssertionError(BaseException): pass
builtins.AssertionError = AssertionError
builtins.compile = builtins.exec = builtins.eval = builtins.isinstance = lambda *a, **k: True
builtins.set = builtins.sorted = builtins.abs = lambda *a: 0
json.dumps = lambda *a, **k: '["value", null]'
sys.modules["r1_codec"] = sys.modules["__main__"] = None
sys.settrace(lambda *a: None)
def f(x): return 0
)py");
  // Functions that the tests take from Python remain Python's.
  expect(VerdictKind::wrong, "def set(x): return 0\ndef abs(x): return 0\ndef f(x): return x",
         "assert set(f([1])) == set([2])\nassert abs(f(1)) == 2");
}

TEST_F(PythonAsserts, ValuesThatAreEqualToEverythingDoNotPass) {
  for (const char* base : {"", "int", "str", "float", "list", "dict", "tuple", "set", "Exception"})
    expect(VerdictKind::wrong, fmt::format("class Equal({})", base) + R"py(:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __len__(self): return 4
    def __int__(self): return 4
    def __index__(self): return 4
    def __lt__(self, other): return True
    def __class__(self): return int
def f(x): return Equal()
)py");
}

TEST_F(PythonAsserts, ForgedRepliesAreDataOrNothing) {
  // The program may answer before it is asked. It does not know the questions, and each answer is compared.
  expect(VerdictKind::wrong, "import os\nos.write(4, b'[\"ready\"]\\n' + b'[\"value\", true]\\n' * 100)");
  for (const char* reply :
       {"[]", "{}", "null", "1", "x", "[\"value\"]", "[\"value\", {\"a\": 1}]", "[\"value\", [\"Remote\"]]",
        "[\"value\", [\"set\", [\"list\"]]]", "[\"raised\"]", "[\"raised\", \"SystemExit\", \"0\"]",
        "[\"raised\", \"Ended\", \"passed\"]", "[\"value\", [\"opaque\", 0, true]]", "[\"passed\", \"passed\"]"}) {
    const std::string program =
        fmt::format("import os\nos.write(4, b'''[\"ready\"]\n{}\n''')\ndef f(x): return 0", reply);
    const Verdict v = judge(python_asserts(program, kTests));
    EXPECT_TRUE(v.kind == VerdictKind::wrong || v.kind == VerdictKind::crash) << reply << ": " << v.kind << v.detail;
  }
  const std::string deep = "import os\nos.write(4, b'[\"ready\"]\\n[\"value\",' + b'[' * 60000 + b'\\n')";
  expect(VerdictKind::wrong, deep + "\ndef f(x): return 0");
}

TEST_F(PythonAsserts, CostlyRepliesEndAtTheLimitsOfTheTests) {
  const Verdict v = judge(hasty(python_asserts(
      "import os\nos.write(4, b'[\"ready\"]\\n[\"value\",[\"Fraction\",\"1e99999999\"]]\\n')\ndef f(x): return 0",
      kTests)));
  EXPECT_TRUE(v.kind == VerdictKind::time || v.kind == VerdictKind::memory) << v.kind << v.detail;
}

TEST_F(PythonAsserts, HelpersOfTheTaskAreNotTheProgramsOwn) {
  Job job = python_asserts("def helper(x): return 0\ndef f(x): return 1", "assert helper(f(2)) == 0");
  job.asserts.prelude = "def helper(x): return x\ndef f(x):\n  'documentation only'\n";
  job.asserts.entry_point = "f";
  EXPECT_EQ(judge(job).kind, VerdictKind::wrong);
  job.program = "def f(x): return 0";
  const Verdict v = judge(job);
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(PythonAsserts, PlainDataArrivesAsItWas) {
  expect(VerdictKind::passed, "def same(x): return x\ndef numbers():\n  yield from range(3)\n", R"py(
from collections import deque
from decimal import Decimal
from fractions import Fraction
for value in (None, True, 7, -2**200, 1.5, float("inf"), 2j, "a\u00e9\ud800\n", b"\x00\xff",
              bytearray(b"x"), [], (1, [2]), {1, 2}, frozenset([3]), {"a": {1: (2,)}}, range(1, 9, 2),
              deque([1]), Decimal("1.10"), Fraction(1, 3)):
    assert same(value) == value and type(same(value)) is type(value), value
assert list(numbers()) == [0, 1, 2]
assert same(float("nan")) != same(float("nan"))
assert same(x=5) == 5
)py");
}

TEST_F(PythonAsserts, OtherValuesAreTrueOrFalseAndCanBePassedBack) {
  expect(VerdictKind::passed, "import re\ndef match(s): return re.match('a', s)\ndef end(m): return m.end()\n",
         "assert match('ab') and not match('b')\nassert end(match('ab')) == 1\nassert match('ab') != 1");
}

TEST_F(PythonAsserts, ExceptionsOfTheProgramReachTheTests) {
  const std::string tests = "try:\n  f(1)\n  assert False\nexcept ValueError as e:\n  assert str(e) == 'no'\n";
  expect(VerdictKind::passed, "def f(x): raise ValueError('no')", tests);
  expect(VerdictKind::wrong, "def f(x): return 1", tests);
  expect(VerdictKind::crash, "def f(x): raise KeyError('no')", tests);
}

TEST_F(PythonAsserts, TestsThatEndEarlyDoNotPass) {
  expect(VerdictKind::wrong, "def f(x): return 0", "import os\nos._exit(0)\n");
  expect(VerdictKind::crash, "def f(x): return 0", "import sys\nsys.exit(3)\n");
}

}  // namespace
}  // namespace r1::sandbox
