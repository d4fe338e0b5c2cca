#include "tasks/problem_files.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "tasks/rows.hpp"

namespace r1 {
namespace {

// DeepSeek-R1's advice for problems of mathematics.
constexpr std::string_view kMathRequest = "\nPlease reason step by step, and put your final answer within \\boxed{}.";
constexpr std::string_view kCodeRequest = "Answer with the whole program in one ```python block.";

bool in_name(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Whether `name` followed by `next` occurs in a text as a word of its own.
bool uses(std::string_view text, std::string_view name, char next) {
  for (size_t at = 0; (at = text.find(name, at)) != text.npos; ++at) {
    const size_t end = at + name.size();
    if (end < text.size() && text[end] == next && (at == 0 || !in_name(text[at - 1]))) return true;
  }
  return false;
}

std::string unix_lines(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  return text;
}

// The words after `keyword` at the beginnings of lines: the names of functions after "def ".
std::vector<std::string_view> names_after(std::string_view keyword, std::string_view code) {
  std::vector<std::string_view> names;
  for (size_t line = 0; line < code.size();) {
    const size_t end = std::min(code.find('\n', line), code.size());
    std::string_view text = code.substr(line, end - line);
    if (text.starts_with(keyword)) {
      text.remove_prefix(keyword.size());
      names.push_back(text.substr(0, std::find_if_not(text.begin(), text.end(), in_name) - text.begin()));
    }
    line = end + 1;
  }
  return names;
}

std::string python_block(std::string_view code) {
  return fmt::format("```python\n{}{}```", code, code.ends_with('\n') ? "" : "\n");
}

Result<std::string> lines_of(const JsonFields& fields, std::string_view key) {
  std::string out;
  if (!fields.has(key)) return out;
  for (const Json& item : *R1_TRY(fields.array(key))) {
    if (!item.string())
      return fail(Errc::corrupt, "{}: expected strings, found {}", fields.where(key), item.describe());
    out += unix_lines(*item.string()) + "\n";
  }
  return out;
}

Result<Problem> gsm8k_problem(const JsonFields& fields) {
  Problem p;
  p.prompt = R1_TRY(fields.string("question")).append(kMathRequest);
  const std::string solution = R1_TRY(fields.string("answer"));
  p.checker = R1_TRY(math_checker(std::string(gsm8k_answer(solution)), fields.where("answer")));
  p.reply = solution;
  return p;
}

// "level" is a number or "Level 5".
int level_of(const JsonFields& fields) {
  const Json* level = fields.find("level");
  if (!level) return 1;
  if (level->integer()) return static_cast<int>(std::clamp<i64>(*level->integer(), 0, 1000));
  const size_t digit = level->string() ? level->string()->find_first_of("0123456789") : std::string::npos;
  return digit == std::string::npos ? 1 : (*level->string())[digit] - '0';
}

Result<Problem> math_problem(const JsonFields& fields) {
  Problem p;
  if (!fields.has("problem") && fields.has("answer"))
    return fail(Errc::corrupt,
                "{}: is missing: this row holds an answer without its problem. Evaluate a file that has both",
                fields.where("problem"));
  p.prompt = R1_TRY(fields.string("problem")).append(kMathRequest);
  p.reply = R1_TRY(fields.string("solution", ""));
  const Json* answer = fields.find("answer");
  std::string gold;
  if (answer) {
    gold = answer->string() ? *answer->string() : dump(*answer);
  } else {
    const auto boxes = boxes_in(p.reply);
    if (boxes.empty() || !boxes.back().closed)
      return fail(Errc::corrupt, "{}: is missing, and \"solution\" has no box", fields.where("answer"));
    gold = boxes.back().content;
  }
  p.checker = R1_TRY(math_checker(std::move(gold), fields.where("answer")));
  for (const char* key : {"unique_id", "id"})
    if (p.id.empty()) p.id = id_in(fields, key);
  p.kind = R1_TRY(fields.string(fields.has("subject") ? "subject" : "type", ""));
  p.difficulty = level_of(fields);
  return p;
}

Result<Problem> humaneval_problem(const JsonFields& fields) {
  Problem p;
  const std::string prompt = unix_lines(R1_TRY(fields.string("prompt")));
  ProgramAsserts tests;
  tests.entry_point = R1_TRY(fields.string("entry_point"));
  R1_TRY(check_function_name(tests.entry_point, fields.where("entry_point")));
  tests.tests = fmt::format("{}\ncheck({})\n", R1_TRY(fields.string("test")), tests.entry_point);
  tests.prelude = tests.preamble = prompt;
  p.id = id_in(fields, "task_id");
  p.prompt = fmt::format("Complete the following Python function. {}\n\n{}", kCodeRequest, python_block(prompt));
  p.reply = python_block(prompt + R1_TRY(fields.string("canonical_solution", "")));
  p.checker = ProgramChecker{ProgramLanguage::python, std::move(tests)};
  return p;
}

Result<Problem> mbpp_problem(const JsonFields& fields) {
  Problem p;
  const std::string text = R1_TRY(fields.string(fields.has("text") ? "text" : "prompt"));
  const std::string code = unix_lines(R1_TRY(fields.string("code", "")));
  const std::string asserts = R1_TRY(lines_of(fields, "test_list"));
  if (trimmed(asserts).empty())
    return fail(Errc::corrupt, "{}: is empty, so any program would pass", fields.where("test_list"));
  ProgramAsserts tests;
  tests.prelude = unix_lines(R1_TRY(fields.string("test_setup_code", "")));
  // Two rows of the full set build trees of a class that no row defines, so not even their own solutions pass.
  if (uses(tests.prelude, "Node", '(') && tests.prelude.find("class Node") == std::string::npos)
    return fail(Errc::corrupt, "{}: uses a class Node, which the row does not define", fields.where("test_setup_code"));
  tests.prelude += R1_TRY(lines_of(fields, "test_imports"));
  tests.preamble = tests.prelude;
  tests.tests = asserts;
  // The tests of a row may use what its solution happens to import.
  for (const std::string_view module : names_after("import ", code))
    if (uses(asserts, module, '.')) tests.tests = fmt::format("import {}\n{}", module, tests.tests);
  // The function that the tests call, which may have the name of one of Python's own, such as sum.
  for (const std::string_view function : names_after("def ", code))
    if (uses(asserts, function, '(')) tests.entry_point = function;
  p.id = id_in(fields, "task_id");
  p.prompt = fmt::format(
      "You are an expert Python programmer, and here is your task: {} Your code should pass these tests:\n\n{}\n{}",
      text, asserts, kCodeRequest);
  p.reply = python_block(code);
  p.checker = ProgramChecker{ProgramLanguage::python, std::move(tests)};
  return p;
}

}  // namespace

std::string_view name_of(RowFormat format) { return kRowFormatNames[static_cast<size_t>(format)]; }

std::optional<RowFormat> row_format_named(std::string_view name) {
  const auto found = std::find(std::begin(kRowFormatNames), std::end(kRowFormatNames), name);
  if (found == std::end(kRowFormatNames)) return std::nullopt;
  return static_cast<RowFormat>(found - std::begin(kRowFormatNames));
}

RowFormat format_of(const Json& row) {
  const auto has = [&](const char* key) { return row.find(key) != nullptr; };
  if (has("check")) return RowFormat::rows;
  if (has("test_list")) return RowFormat::mbpp;
  if (has("canonical_solution") || (has("test") && has("entry_point"))) return RowFormat::humaneval;
  if (has("question") && has("answer")) return RowFormat::gsm8k;
  if (has("problem") || has("problem_sha256")) return RowFormat::math;
  return RowFormat::rows;
}

Result<Problem> problem_from_row(RowFormat format, const Json& row, std::string source) {
  if (format == RowFormat::rows) return problem_from_row(row, std::move(source));
  const JsonFields fields = R1_TRY(JsonFields::of(row, std::move(source)));
  switch (format) {
    case RowFormat::gsm8k: return gsm8k_problem(fields);
    case RowFormat::math: return math_problem(fields);
    case RowFormat::humaneval: return humaneval_problem(fields);
    default: return mbpp_problem(fields);
  }
}

Result<ProblemFile> read_problems(const std::filesystem::path& path, i64 limit, std::optional<RowFormat> format) {
  ProblemFile out;
  i64 rows = 0;
  R1_TRY(for_each_jsonl(path, [&](i64 line, Json row) -> Status {
    if (limit > 0 && rows >= limit) return {};
    ++rows;
    const RowFormat of_row = format.value_or(format_of(row));
    auto problem = problem_from_row(of_row, row, fmt::format("{}:{}", path.string(), line));
    if (problem) out.problems.push_back(std::move(*problem));
    else out.skipped.push_back(problem.error().what);
    return {};
  }));
  if (rows == 0) return fail(Errc::invalid_argument, "{}: the file has no rows", path.string());
  if (out.problems.empty())
    return fail(Errc::invalid_argument, "none of the {} rows can be checked; the first: {}", rows, out.skipped.front());
  return out;
}

}  // namespace r1
