// The parts of which problems of the kind "code" consist, such as "keep the even numbers" and "sum". A part has words
// for the prompt, Python for the program, and a meaning in C++, from which the expected values of the tests come. A
// pipeline is one part or several, each of which gets the result of the part before it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/philox.hpp"
#include "tasks/tasks.hpp"

namespace r1 {

enum class CodeType : u8 { integer, pair, text, boolean, integers, texts };
// A value of the type `pair` is a list of two integers.
using CodeValue = std::variant<bool, i64, std::string, std::vector<i64>, std::vector<std::string>>;

// What a part does decides how its words join those of the other parts.
enum class CodeRole : u8 {
  source,    // makes a list from the argument: the digits of n
  keep,      // keeps some elements of a list: those that are even
  change,    // changes each element of a list: its square
  slice,     // keeps elements by their places or once each: the first 3
  order,     // reorders a list
  reduce,    // a value of a list or of a string: the sum
  quantify,  // whether the condition of the `keep` before it holds for all elements, or for any
  rewrite,   // makes a string from a string
  whole      // a value of one integer or two
};

enum class CodeParameter : u8 { none, bound, bounds, modulus, factor, addend, count, letter, letters, separator };

struct CodeParameters {
  i64 a = 0, b = 0;
  char c = 'a', d = 'b';
};

// Which arguments a part is tested with.
enum class CodeDomain : u8 {
  any,       // positive and negative numbers
  positive,  // 1 to 20; of a pair, the second is 1 to 20 and the first at least 0
  natural,   // 0 to 99999
  small,     // 0 to 12
};

struct CodePart {
  std::string_view id;  // also its name in the trace
  CodeRole role;
  CodeType from, to;
  // The words of the prompt. {a} to {d} stand for the parameters.
  //   keep              what is said of the elements: "are greater than {a}"
  //   order             how the list is ordered: "in reverse order"
  //   quantify          {N}, {W} and {Q} stand for "numbers", "in xs" and "are even"
  //   source, slice     a plural without its article; {} is the argument of a source: "digits of {}"
  //   whole of a pair   {p} and {q} are the arguments
  //   the others        {} is what the part works on, with an article, or {P} without one: "sum of {}"
  std::vector<std::string_view> wordings;
  // Python: lines of their own, if there are any, and an expression. {} is the input; `keep` and `change` have a
  // condition and an expression of the element x.
  std::string_view setup, expression;
  // The meaning. `keep` gets an element and returns whether it is kept; `change` gets and returns an element.
  CodeValue (*apply)(const CodeValue& input, const CodeParameters& p);
  CodeParameter parameter = CodeParameter::none;
  std::string_view adjective = {};  // keep: "even"
  std::string_view gerund = {};     // change, rewrite: "doubling {}"
  std::string_view nothing = {};    // reduce: the value for an empty list, where the prompt has to say it
  std::string_view sequence = {};   // source, slice: the order of a list with these elements
  CodeDomain domain = CodeDomain::any;
  std::vector<CodeValue> traps = {};  // arguments that every problem with this part tests
};

// The parts for lists and numbers, and those for strings. Their order is part of the problems.
const std::vector<CodePart>& number_parts();
const std::vector<CodePart>& string_parts();

struct CodeStep {
  const CodePart* part;
  CodeParameters parameters;
};
using CodePipeline = std::vector<CodeStep>;
using CodeShape = std::vector<const CodePart*>;  // a pipeline without the values of its parameters

// The shapes of a difficulty: 1 one part, 2 one part with a parameter, 3 compositions, 4 compositions with a parameter.
// In a composition every part matters: without it, some argument gives another result.
const std::vector<CodeShape>& code_shapes(int difficulty);

// What a pipeline returns for an argument.
CodeValue run_pipeline(const CodePipeline& pipeline, const CodeValue& argument);
// Pipelines that differ from this one in one parameter or one part, or lack one part.
std::vector<CodePipeline> near_misses(const CodePipeline& pipeline);
// The traps of those parts that take the same type as the pipeline.
std::vector<CodeValue> traps_of(const CodePipeline& pipeline);
// Arguments for tests: the traps, then those at the limits of what the parameters distinguish, then random ones.
std::vector<CodeValue> code_arguments(const CodePipeline& pipeline, Random& r);
CodeParameters draw_parameters(CodeParameter kind, Random& r);

// A pipeline and arguments that show that every step matters.
struct UsefulPipeline {
  CodePipeline pipeline;
  std::vector<CodeValue> arguments;
};
// Draws parameters until the pipeline returns different values for its arguments, and would return something else
// without any one of its steps. nullopt if such parameters are not found.
std::optional<UsefulPipeline> useful_pipeline(const CodeShape& shape, Random& r);

struct CodeNames {
  std::string function;
  std::vector<std::string> arguments;  // one, or two for a pair
};

// A function in Python that does what the pipeline does.
std::string python_of(const CodePipeline& pipeline, const CodeNames& names);
std::string python_literal(const CodeValue& value);
// The thinking: the function and its arguments, then each part with its Python.
std::string code_trace(const CodePipeline& pipeline, const CodeNames& names);

// `pattern` with {} replaced by `input` and {a} to {d} by the parameters.
std::string fill_part(std::string_view pattern, std::string_view input, const CodeParameters& p);

// The beginnings and ends of prompts. The last kHeldOutFrames of them occur on the test side only.
inline constexpr size_t kHeldOutFrames = 3;
const std::vector<std::string_view>& code_frames();

// A problem before it is written.
struct CodeDraft {
  CodePipeline pipeline;
  CodeNames names;
  size_t frame = 0;
  std::string prompt;
  std::vector<CodeValue> arguments;  // of its tests
};
CodeDraft draft_code_pipeline(Random& r, int difficulty);
// The test side has the held-out frames, and all problems that contain a part or a pair of the test side.
Split side_of(const CodeDraft& draft);
// The contents of a pipeline: first that of the whole pipeline, then those that decide the side of the split, of each
// part that has a parameter and of each pair of neighbouring parts without their parameters.
std::vector<std::string> code_contents(const CodePipeline& pipeline);
// Assertions in Python on what the pipeline returns for the arguments.
std::string code_tests(const CodeDraft& draft);

}  // namespace r1
