// How a completion is checked. A checker is data; check_answer() is the judge for all that need only look at the text.
// A program has to be run, so programs are judged where there is a sandbox.
#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "tasks/program.hpp"
#include "verify/verify.hpp"

namespace r1 {

// The strict comparison with an expected answer (verify/verify.hpp).
struct AnswerChecker {
  std::string answer;
  bool operator==(const AnswerChecker&) const = default;
};

// Equality by the rules of mathematics (docs/verify.md).
struct MathChecker {
  std::string gold;
  VerifyOptions options = {};
  bool operator==(const MathChecker&) const = default;
};

// An expression that uses each number once and equals the target.
struct CountdownChecker {
  std::vector<i64> numbers;
  i64 target = 0;
  bool operator==(const CountdownChecker&) const = default;
};

// A reply that declines to answer, in the words that the model was taught (declines()).
struct ChatChecker {
  bool operator==(const ChatChecker&) const = default;
};

// A reply that holds this text, in whatever case, and neither a box nor the words that decline.
struct PhraseChecker {
  std::string phrase;
  bool operator==(const PhraseChecker&) const = default;
};

struct ProgramCase {
  std::string input, output;  // what the program reads from stdin and must print on stdout
  bool operator==(const ProgramCase&) const = default;
};
struct ProgramCases {
  std::vector<ProgramCase> cases;
  double tolerance = 0;  // numbers may differ by this amount, or by this share of the larger one; 0 compares text
  bool operator==(const ProgramCases&) const = default;
};
// Code that calls functions of the program and compares what they return.
struct ProgramAsserts {
  std::string tests;
  std::string prelude;      // trusted code that the tests need, such as imports
  std::string entry_point;  // the function that is always the program's; C++ requires it
  std::string declaration;  // C++ only: of the entry point, such as "int add(int, int);"
  // What the prompt gives: it is put in front of the program. Nothing that the program must not see may be here.
  std::string preamble = {};
  bool operator==(const ProgramAsserts&) const = default;
};
// A program, in the last fenced block of the completion (tasks/program.hpp), that passes all tests.
struct ProgramChecker {
  ProgramLanguage language = ProgramLanguage::python;
  std::variant<ProgramAsserts, ProgramCases> tests;
  bool operator==(const ProgramChecker&) const = default;
};

using Checker = std::variant<AnswerChecker, MathChecker, CountdownChecker, ChatChecker, ProgramChecker, PhraseChecker>;

// Whether a completion declines to answer: it has the taught words and no box.
bool declines(std::string_view completion);

// The expected answer of an AnswerChecker or a MathChecker, the text of a PhraseChecker; empty for the others.
std::string_view expected_answer(const Checker& checker);

// Whether the final answer of a completion is right. Errors: the checker holds no answer or no numbers to compare with,
// its answer cannot be read, or it is a ProgramChecker.
Result<bool> check_answer(const Checker& checker, std::string_view completion);

// The final answer that the checker finds in a completion; the program for a ProgramChecker. Empty if there is none.
std::string given_answer(const Checker& checker, std::string_view completion);
// Whether two given answers are the same to a checker.
bool same_answer(const Checker& checker, std::string_view a, std::string_view b);

}  // namespace r1
