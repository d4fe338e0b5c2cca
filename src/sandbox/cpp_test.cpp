// C++ programs with assertions. Every job compiles twice, so there are few of them.
#include <fmt/format.h>

#include "sandbox/test_pool.hpp"

namespace r1::sandbox {
namespace {

class CppAsserts : public SandboxTest {
 protected:
  // A task in HumanEval's manner, with a name that the standard library has too.
  static Job job(std::string_view program) {
    Job out;
    out.language = Language::cpp;
    out.program =
        fmt::format("#include <algorithm>\n#include <vector>\n#include <cstdlib>\nusing namespace std;\n{}", program);
    out.asserts.prelude = "#include <algorithm>\n#include <vector>\nusing namespace std;\n";
    out.asserts.declaration = "int max_element(vector<int> numbers);";
    out.asserts.entry_point = "max_element";
    out.asserts.tests =
        "int main() {\n  assert(max_element({1, 3, 2}) == 3);\n  assert(max_element({-5, -7}) == -5);\n}";
    out.limits.wall_ms = 60'000;
    out.limits.cpu_ms = 1000;
    return out;
  }
};

TEST_F(CppAsserts, TheVerdictFollowsTheAnswers) {
  struct Case {
    const char* program;
    VerdictKind kind;
  };
  const Case cases[] = {
      // A main() of the program's own, and another way to pass the argument, do not matter.
      {"int max_element(const vector<int>& v) { return *max_element(v.begin(), v.end()); }\nint main() { return 1; }",
       VerdictKind::passed},
      {"int max_element(vector<int> v) { return v[0]; }", VerdictKind::wrong},
      {"int max_element(vector<int> v) { return v; }", VerdictKind::compile},
      {"int max_element(vector<int> v) { while (true) v[0] += v[1]; }", VerdictKind::time},
      // Ways to end without failing an assertion.
      {"struct Early { Early() { _Exit(0); } } early;\nint max_element(vector<int>) { return 0; }", VerdictKind::crash},
      {"int max_element(vector<int>) { exit(0); }", VerdictKind::crash},
      // Assertions that do nothing, in the program's own process.
      {"#define assert(x)\n#define NDEBUG\nextern \"C\" void __assert_fail(const char*, const char*, unsigned, const "
       "char*) throw() { exit(0); }\nint max_element(vector<int>) { return 0; }",
       VerdictKind::wrong},
      // Reports on all descriptors, and replies of a wrong form.
      {"#include <unistd.h>\nint max_element(vector<int>) {\n  for (int fd = 1; fd < 10; ++fd)\n    if (write(fd, \"0 "
       "passed\\n\\n\", 10) != 10) continue;\n  return 0;\n}",
       VerdictKind::crash},
  };
  std::vector<Job> jobs;
  for (const Case& c : cases) jobs.push_back(job(c.program));
  const std::vector<Verdict> verdicts = pool().judge(std::move(jobs));
  for (size_t i = 0; i < std::size(cases); ++i)
    EXPECT_EQ(verdicts[i].kind, cases[i].kind) << cases[i].program << ": " << verdicts[i].detail;
}

TEST_F(CppAsserts, PlainDataArrivesAsItWas) {
  Job all = job("");
  const std::string type =
      "tuple<vector<bool>, map<string, set<long long>>, optional<pair<char, double>>, vector<vector<string>>>";
  all.program = fmt::format("using namespace std;\n{0} same({0} x, int& count) {{ ++count; return x; }}", type);
  all.asserts.declaration = fmt::format("{0} same({0} x, int& count);", type);
  all.asserts.entry_point = "same";
  all.asserts.tests = fmt::format(
      "int main() {{\n  int count = 41;\n  const {} x{{{{true, false}}, {{{{\"a\", {{1, -2}}}}}}, pair{{'c', 0.1}}, "
      "{{{{\"\", \"x\"}}, {{}}}}}};\n  assert(same(x, count) == x);\n  assert(count == 42);\n}}",
      type);
  const Verdict v = judge(all);
  EXPECT_EQ(v.kind, VerdictKind::passed) << v.detail;
}

TEST_F(CppAsserts, JobsWithoutADeclarationAreRefused) {
  Job none = job("int max_element(vector<int>) { return 0; }");
  none.asserts.declaration = "";
  EXPECT_EQ(judge(none).kind, VerdictKind::refused);
}

}  // namespace
}  // namespace r1::sandbox
