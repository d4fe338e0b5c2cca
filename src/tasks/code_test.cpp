// The kind "code": its parts, its compositions, the sides of the split, the tests that its problems hold. Whether
// Python agrees with the meaning in C++ is tested in src/rewards, which can run programs.
#include "tasks/code.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tasks/generators.hpp"

namespace r1 {
namespace {

std::vector<const CodePart*> all_parts() {
  std::vector<const CodePart*> out;
  for (const std::vector<CodePart>* parts : {&number_parts(), &string_parts()})
    for (const CodePart& part : *parts) out.push_back(&part);
  return out;
}

const CodePart& part(std::string_view id) {
  for (const CodePart* p : all_parts())
    if (p->id == id) return *p;
  R1_CHECK(false, "no part {}", id);
  return *all_parts()[0];
}

CodeStep step(std::string_view id, i64 a = 0, i64 b = 0) { return {&part(id), {a, b, 'a', 'b'}}; }

// The drafts of one difficulty, as make_problem() draws them.
std::vector<CodeDraft> drafts(int difficulty, int n) {
  std::vector<CodeDraft> out;
  for (int i = 0; i < n; ++i) {
    Random r(3, Purpose::test, static_cast<u64>(i));
    out.push_back(draft_code_pipeline(r, difficulty));
  }
  return out;
}

std::string shape_of(const CodePipeline& p) {
  std::string out;
  for (const CodeStep& s : p) out += std::string(s.part->id) + " | ";
  return out;
}

const ProgramAsserts& asserts_of(const Problem& p) {
  return std::get<ProgramAsserts>(std::get<ProgramChecker>(p.checker).tests);
}

TEST(Code, PipelinesReturnWhatTheirWordsSay) {
  using L = std::vector<i64>;
  using T = std::vector<std::string>;
  EXPECT_EQ(run_pipeline({step("even"), step("sum")}, L{1, 2, -4, 2}), CodeValue(i64{0}));
  EXPECT_EQ(run_pipeline({step("odd")}, L{-3, -2, 5}), CodeValue(L{-3, 5}));
  EXPECT_EQ(run_pipeline({step("greater", 3), step("largest")}, L{1, 3}), CodeValue(i64{0}));
  EXPECT_EQ(run_pipeline({step("between", 2, 4), step("square")}, L{1, 2, 4, 5}), CodeValue(L{4, 16}));
  EXPECT_EQ(run_pipeline({step("last", 3)}, L{1, 2}), CodeValue(L{1, 2}));
  EXPECT_EQ(run_pipeline({step("every second")}, L{1, 2, 3}), CodeValue(L{1, 3}));
  EXPECT_EQ(run_pipeline({step("different"), step("count")}, L{3, 1, 3}), CodeValue(i64{2}));
  EXPECT_EQ(run_pipeline({step("positive"), step("all")}, L{}), CodeValue(true));
  EXPECT_EQ(run_pipeline({step("positive"), step("all")}, L{1, 0}), CodeValue(false));
  EXPECT_EQ(run_pipeline({step("positive"), step("any")}, L{0, 1}), CodeValue(true));
  EXPECT_EQ(run_pipeline({step("positive"), step("any")}, L{}), CodeValue(false));
  EXPECT_EQ(run_pipeline({step("place", 7)}, L{5, 7, 7}), CodeValue(i64{1}));
  EXPECT_EQ(run_pipeline({step("product")}, L{}), CodeValue(i64{1}));
  EXPECT_EQ(run_pipeline({step("digits"), step("even"), step("count")}, i64{2014}), CodeValue(i64{3}));
  EXPECT_EQ(run_pipeline({step("divisors")}, i64{6}), CodeValue(L{1, 2, 3, 6}));
  EXPECT_EQ(run_pipeline({step("remainder of two")}, L{17, 5}), CodeValue(i64{2}));
  EXPECT_EQ(run_pipeline({step("remove"), step("reverse text")}, std::string("banana")), CodeValue(std::string("nnb")));
  EXPECT_EQ(run_pipeline({step("palindrome")}, std::string("abca")), CodeValue(false));
  EXPECT_EQ(run_pipeline({step("words of"), step("lengths")}, std::string("to the end")), CodeValue(L{2, 3, 3}));
  EXPECT_EQ(run_pipeline({step("longer", 2), step("glue")}, T{"ab", "abc", "xyz"}), CodeValue(std::string("abcxyz")));
}

TEST(Code, ProgramsAndTracesAreTheDocumentedOnes) {
  const CodeNames names{"f", {"xs"}};
  const CodePipeline pipeline = {step("between", 2, 9), step("sum")};
  EXPECT_EQ(python_of(pipeline, names), "def f(xs):\n    ys = [x for x in xs if 2 <= x <= 9]\n    return sum(ys)\n");
  EXPECT_EQ(code_trace(pipeline, names), "f(xs)\nbetween(2,9):ys=[x for x in xs if 2<=x<=9]\nsum:sum(ys)\n");
  EXPECT_EQ(python_of({step("even"), step("all")}, names), "def f(xs):\n    return all(x % 2 == 0 for x in xs)\n");
  EXPECT_EQ(python_of({step("gcd")}, {"g", {"a", "b"}}),
            "def g(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n");
  EXPECT_EQ(code_trace({step("square"), step("product")}, names),
            "f(xs)\nsquare:ys=[x*x for x in xs]\nproduct:p=1;for x in ys:p*=x;p\n");
  EXPECT_EQ(code_tests({pipeline, names, 0, "", {std::vector<i64>{1, 2, 9, 10}, std::vector<i64>{}}}),
            "assert f([1, 2, 9, 10]) == 11\nassert f([]) == 0\n");
}

TEST(Code, EveryPartShapeAndFrameIsReached) {
  std::set<std::string_view> parts;
  std::set<size_t> frames;
  for (int difficulty = 1; difficulty <= 4; ++difficulty) {
    const std::vector<CodeShape>& shapes = code_shapes(difficulty);
    EXPECT_GT(shapes.size(), 30u);
    std::set<std::string> seen;
    // With six draws for each shape, about one in four hundred is missed by chance.
    for (const CodeDraft& d : drafts(difficulty, static_cast<int>(6 * shapes.size()))) {
      seen.insert(shape_of(d.pipeline));
      frames.insert(d.frame);
      for (const CodeStep& s : d.pipeline) parts.insert(s.part->id);
      const bool has_parameter = std::any_of(d.pipeline.begin(), d.pipeline.end(), [](const CodeStep& s) {
        return s.part->parameter != CodeParameter::none;
      });
      ASSERT_EQ(d.pipeline.size() > 1, difficulty > 2);
      ASSERT_EQ(has_parameter, difficulty % 2 == 0);
    }
    EXPECT_GE(seen.size() * 100, shapes.size() * 98);
  }
  EXPECT_EQ(frames.size(), code_frames().size());
  EXPECT_EQ(parts.size(), all_parts().size());
  EXPECT_EQ(parts.size(), 100u);  // docs/tasks.md
}

TEST(Code, NothingOfTheTestSideOccursInTraining) {
  const size_t trained_frames = code_frames().size() - kHeldOutFrames;
  std::set<std::string> contents[2], prompts[2], pairs_of_training;
  std::set<std::string_view> parts_of_training;
  size_t other_frames = 0;
  for (int difficulty = 1; difficulty <= 4; ++difficulty)
    for (const CodeDraft& d : drafts(difficulty, 2000)) {
      const int side = side_of(d) == Split::test;
      prompts[side].insert(d.prompt);
      const std::vector<std::string> of = code_contents(d.pipeline);
      if (side == 1 && d.frame >= trained_frames) {
        ++other_frames;
        continue;
      }
      for (size_t i = 1; i < of.size(); ++i)
        if (side == 0 || side_of(of[i]) == Split::test) contents[side].insert(of[i]);
      if (side == 1) continue;
      ASSERT_LT(d.frame, trained_frames);
      for (const CodeStep& s : d.pipeline) parts_of_training.insert(s.part->id);
    }
  EXPECT_GT(other_frames, 700u);
  EXPECT_GT(contents[1].size(), 100u);
  for (const std::string& held_out : contents[1]) EXPECT_FALSE(contents[0].count(held_out)) << held_out;
  for (const std::string& prompt : prompts[1]) EXPECT_FALSE(prompts[0].count(prompt)) << prompt;
  EXPECT_EQ(parts_of_training.size(), all_parts().size());  // only values and compositions are kept from training
  size_t held_out_pairs = 0;
  for (const std::string& held_out : contents[1]) held_out_pairs += held_out.starts_with("code pair");
  EXPECT_GT(held_out_pairs, 50u);
}

TEST(Code, TheDefaultMixtureHasNone) {
  for (const MixturePart& part : default_mixture().parts) EXPECT_NE(part.kind, "code");
}

TEST(Code, ProblemsOfTheRequestedSideComeWithTheirTests) {
  for (const Split split : {Split::train, Split::test})
    for (int difficulty = 1; difficulty <= 4; ++difficulty)
      for (u64 i = 0; i < 100; ++i) {
        const Problem p = make_problem("code", difficulty, split, 9, i),
                      same = make_problem("code", difficulty, split, 9, i);
        EXPECT_EQ(p.prompt + completion_of(p), same.prompt + completion_of(same));
        EXPECT_EQ(p.checker, same.checker);
        const ProgramAsserts& asserts = asserts_of(p);
        EXPECT_GE(std::count(asserts.tests.begin(), asserts.tests.end(), '\n'), 8) << asserts.tests;
        EXPECT_NE(p.prompt.find(asserts.entry_point), std::string::npos);
        EXPECT_NE(given_answer(p.checker, "<think>\n" + completion_of(p)).find("def " + asserts.entry_point + "("),
                  std::string::npos);
      }
}

TEST(Code, SomeProgramsAreAskedForInAConversation) {
  int behind_turns = 0;
  for (u64 i = 0; i < 300; ++i) {
    const Problem p = make_problem("code", 2, Split::test, 9, i);
    EXPECT_LE(p.earlier.size(), 2u);
    behind_turns += !p.earlier.empty();
  }
  EXPECT_GT(behind_turns, 25);
  EXPECT_LT(behind_turns, 80);
}

TEST(Code, OnePromptAsksForOneProgramAndFewPromptsRepeat) {
  for (int difficulty = 1; difficulty <= 4; ++difficulty) {
    std::map<std::string, std::string> asked;
    const std::vector<CodeDraft> all = drafts(difficulty, 1000);
    for (const CodeDraft& d : all) {
      const auto [at, is_new] = asked.emplace(d.prompt, code_contents(d.pipeline)[0]);
      EXPECT_EQ(at->second, code_contents(d.pipeline)[0]) << d.prompt;
    }
    EXPECT_GT(asked.size(), 950u) << difficulty;
  }
}

// The tests of a problem tell its pipeline from all near misses that differ from it for some argument.
TEST(Code, TheTestsTellNearMissesApart) {
  size_t told = 0, missed = 0;
  for (int difficulty = 1; difficulty <= 4; ++difficulty)
    for (const CodeDraft& d : drafts(difficulty, 300)) {
      std::set<std::string> expected;
      for (const CodeValue& a : d.arguments) expected.insert(python_literal(run_pipeline(d.pipeline, a)));
      EXPECT_GT(expected.size(), 1u) << d.prompt << "\n" << code_tests(d);  // no constant passes
      Random r(4, Purpose::test);
      const std::vector<CodeValue> others = code_arguments(d.pipeline, r);
      for (const CodePipeline& wrong : near_misses(d.pipeline)) {
        const auto differ = [&](const CodeValue& a) { return run_pipeline(wrong, a) != run_pipeline(d.pipeline, a); };
        if (std::any_of(d.arguments.begin(), d.arguments.end(), differ)) ++told;
        else if (std::any_of(others.begin(), others.end(), differ)) ++missed;
      }
    }
  EXPECT_GT(told, 5000u);
  EXPECT_LT(missed, told / 200);  // found by chance among other arguments only
}

TEST(Code, AListArgumentIsTestedEmptyWithRepeatsAndAtTheBounds) {
  for (const CodeDraft& d : drafts(4, 300)) {
    if (d.pipeline[0].part->id != "greater" || d.pipeline.size() != 2) continue;
    bool bound = false;
    for (const CodeValue& a : d.arguments) {
      const auto& v = std::get<std::vector<i64>>(a);
      bound |= std::find(v.begin(), v.end(), d.pipeline[0].parameters.a) != v.end();
    }
    EXPECT_TRUE(bound) << code_tests(d);
  }
}

TEST(Code, TextIsPlainAsciiAndWordsFitTogether) {
  for (int difficulty = 1; difficulty <= 4; ++difficulty)
    for (u64 i = 0; i < 700; ++i) {
      const Problem p = make_problem("code", difficulty, Split::train, 2, i);
      for (const char c : p.prompt + completion_of(p))
        ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << p.prompt << completion_of(p);
      for (const char* bad : {"{", "}", "  ", "the the ", "the a ", " ,", "..", ",,", ",.", "of of "})
        EXPECT_EQ(p.prompt.find(bad), std::string::npos) << bad << ": " << p.prompt;
      EXPECT_EQ(p.trace.find('{'), std::string::npos) << p.trace;
      EXPECT_LE(p.prompt.size() + completion_of(p).size(), 620u) << p.prompt << completion_of(p);
      for (size_t at = 1; at + 1 < p.trace.size(); ++at)  // "else 0" is a token more than "else0", which is not Python
        if (p.trace[at] == ' ' && p.trace[at + 1] >= '0' && p.trace[at + 1] <= '9') {
          EXPECT_TRUE(std::isalpha(static_cast<unsigned char>(p.trace[at - 1]))) << p.trace;
        }
    }
}

}  // namespace
}  // namespace r1
