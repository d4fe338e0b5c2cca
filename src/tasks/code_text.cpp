// The words and the Python of "code" problems.
#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "core/error.hpp"
#include "tasks/code.hpp"
#include "tasks/generators.hpp"

namespace r1 {
namespace {

std::string replaced(std::string s, std::string_view from, std::string_view to) {
  for (size_t at = s.find(from); at != s.npos; at = s.find(from, at + to.size())) s.replace(at, from.size(), to);
  return s;
}

std::string indented(std::string_view lines) {
  std::string out;
  for (size_t at = 0; at < lines.size();) {
    const size_t end = lines.find('\n', at);
    out += "    " + std::string(lines.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return out;
}

// A part as the trace calls it: "sum", "greater(7)", "replace('a','b')".
std::string called(const CodeStep& s) {
  static constexpr std::string_view kParameters[] = {"",      "({a})", "({a},{b})", "({a})",         "({a})",
                                                     "({a})", "({a})", "('{c}')",   "('{c}','{d}')", "('{c}')"};
  return std::string(s.part->id) + fill_part(kParameters[static_cast<size_t>(s.part->parameter)], "", s.parameters);
}

// One step of a program: lines of its own, and an expression.
struct Rendered {
  std::string id, setup, expression, variable;  // no variable: the expression is returned
};

std::string in_python(std::string_view pattern, std::string_view input, const CodeStep& s, const CodeNames& names) {
  std::string out = fill_part(pattern, input, s.parameters);
  if (s.part->from != CodeType::pair) return out;
  return replaced(replaced(std::move(out), "{p}", names.arguments[0]), "{q}", names.arguments[1]);
}

std::vector<Rendered> rendered(const CodePipeline& pipeline, const CodeNames& names) {
  std::vector<Rendered> out;
  std::string input = names.arguments[0];
  for (size_t i = 0; i < pipeline.size(); ++i) {
    const CodeStep& s = pipeline[i];
    Rendered line;
    line.id = called(s);
    line.setup = in_python(s.part->setup, input, s, names);
    line.expression = in_python(s.part->expression, input, s, names);
    if (s.part->role == CodeRole::quantify) {
      line.expression = replaced(line.expression, "{K}",
                                 fill_part(pipeline[i - 1].part->expression, "x", pipeline[i - 1].parameters));
    } else if (s.part->role == CodeRole::change) {
      line.expression = "[" + line.expression + " for x in " + input + "]";
    } else if (s.part->role == CodeRole::keep) {
      if (i + 1 < pipeline.size() && pipeline[i + 1].part->role == CodeRole::quantify) {
        line.variable = "?";  // it has no line of its own in the program
        out.push_back(std::move(line));
        continue;
      }
      line.expression = "[x for x in " + input + " if " + line.expression + "]";
    }
    if (i + 1 < pipeline.size()) {
      line.variable = s.part->to == CodeType::text ? "t" : i == 0 ? "ys" : "zs";
      input = line.variable;
    }
    out.push_back(std::move(line));
  }
  return out;
}

std::string signature(const CodeNames& names) {
  return names.function + "(" + names.arguments[0] + (names.arguments.size() > 1 ? ", " + names.arguments[1] : "") +
         ")";
}

// Python without the spaces that it does not need, because a digit after a space would be a token more.
std::string compact(std::string_view s) {
  std::string out;
  bool quoted = false;
  constexpr std::string_view kOperators = "=<>!+-*/%,:";
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\'') quoted = !quoted;
    if (s[i] == '\n') {
      const bool block = !out.empty() && out.back() == ':';
      if (i + 1 < s.size() && !block) out += ';';
      while (i + 1 < s.size() && s[i + 1] == ' ') ++i;
      continue;
    }
    if (s[i] == ' ' && !quoted) {
      const bool sign = s[i + 1] == '-' && s[i + 2] != ' ' && word(s[i - 1]);  // "else -1"
      if (!sign && (kOperators.find(s[i - 1]) != kOperators.npos || kOperators.find(s[i + 1]) != kOperators.npos))
        continue;
    }
    out += s[i];
  }
  return out;
}

// What the words say so far: "the" + plural. After `source` or at the beginning it is noun + place.
struct Phrase {
  std::string noun, place;  // "numbers", "in xs"
  std::string plural;       // "even numbers in xs", without its article
  std::string sequence;     // the order of a list with these elements
  bool bare = true;         // nothing has been done to the argument yet
  bool clause = false;      // ends in "that are ..."
};

std::string first_words(std::string_view argument, CodeType type, Random& r) {
  const std::string_view kinds[] = {"integer", "", "string", "", "list", "list"};
  const std::string_view kind = kinds[static_cast<size_t>(type)];
  const bool named = kind.empty() || chance(r, 2);
  return (named ? "" : "the " + std::string(kind) + " ") + std::string(argument);
}

std::string worded(const CodeStep& s, std::string_view input, const Phrase& phrase, Random& r) {
  std::string out = fill_part(pick(r, std::span(s.part->wordings)), input, s.parameters);
  return replaced(replaced(std::move(out), "{N}", phrase.noun), "{W}", phrase.place);
}

std::string done_to(const CodeStep& s, std::string_view input) {
  return fill_part(s.part->gerund, input, s.parameters);
}

void apply_words(const CodeStep& s, std::string_view argument, Phrase& p, Random& r) {
  switch (s.part->role) {
    case CodeRole::source:
      p.plural = worded(s, argument, p, r);
      p.sequence = s.part->sequence;
      p.noun = p.plural.substr(0, p.plural.find(' '));
      if (p.noun == "positive") p.noun = "positive divisors";
      p.place = p.plural.substr(p.noun.size() + 1);
      break;
    case CodeRole::keep:
      p.clause = s.part->adjective.empty() || chance(r, 2);
      if (p.clause) p.plural = p.plural + " that " + worded(s, "", p, r);
      else p.plural = std::string(s.part->adjective) + " " + p.plural;
      if (p.plural.back() == ',') p.plural.pop_back();
      p.bare = false;
      break;
    case CodeRole::change: {
      // "the squares of the numbers that are even" could mean even squares.
      if (!s.part->wordings.empty() && !p.clause && chance(r, 2)) p.plural = worded(s, "the " + p.plural, p, r);
      else {
        const std::string each =
            p.bare ? "each " + p.noun.substr(0, p.noun.size() - 1) + " " + p.place : "each of the " + p.plural;
        p.plural = "results of " + done_to(s, each);
      }
      p.bare = p.clause = false;
      break;
    }
    case CodeRole::slice:
      p.plural = worded(s, "", p, r);
      if (!s.part->sequence.empty()) p.sequence = s.part->sequence;
      p.bare = false;
      break;
    default: R1_CHECK(false, "apply_words: {}", s.part->id);
  }
}

// "Return 0 if xs is empty.", if the problem has to say it.
std::string empty_case(const CodePipeline& pipeline, std::string_view argument, Random& r) {
  const CodePart& last = *pipeline.back().part;
  if (last.nothing.empty()) return "";
  const std::string value = last.nothing == "''" ? "an empty string" : std::string(last.nothing);
  if (pipeline.front().part->role == CodeRole::source && pipeline.size() == 2) return "";  // never empty
  const bool quantified = last.role == CodeRole::quantify;
  const std::string when = pipeline.size() == 1 || quantified ? std::string(argument) + " is empty"
                           : last.from == CodeType::text      ? "that result is empty"
                                                              : "there are none";
  return chance(r, 2) ? " Return " + value + " if " + when + "." : " If " + when + ", return " + value + ".";
}

std::string wanted_of_text(const CodePipeline& pipeline, const std::string& argument, Random& r) {
  std::string np = argument;
  for (size_t i = 0; i < pipeline.size(); ++i) {
    const CodeStep& s = pipeline[i];
    if (s.part->role == CodeRole::reduce) {
      const std::string text = worded(s, np, {}, r);
      return text.starts_with("True") ? text : "the " + text;
    }
    if (i > 0) np += " and then " + done_to(s, "the outcome");
    else if (!s.part->wordings.empty() && pipeline.size() == 1 && chance(r, 2)) np = "the " + worded(s, np, {}, r);
    else np = "the result of " + done_to(s, np);
  }
  return np;
}

// What the function returns: "the sum of the even numbers in xs".
std::string wanted(const CodePipeline& pipeline, const CodeNames& names, Random& r) {
  const CodePart& first = *pipeline.front().part;
  const std::string argument =
      first.id == "range" ? names.arguments[0] : first_words(names.arguments[0], first.from, r);
  if (first.from == CodeType::pair || first.role == CodeRole::whole) {
    const std::string text = in_python(pick(r, std::span(first.wordings)), argument, pipeline.front(), names);
    return text.starts_with("True") ? text : "the " + text;
  }
  if (first.from == CodeType::text && first.role != CodeRole::source) return wanted_of_text(pipeline, argument, r);
  Phrase p;
  p.noun = first.from == CodeType::texts ? "words" : "numbers";
  p.place = "in " + argument;
  p.plural = p.noun + " " + p.place;
  p.sequence = "in the same order";
  for (size_t i = 0; i < pipeline.size(); ++i) {
    const CodeStep& s = pipeline[i];
    const CodeStep* next = i + 1 < pipeline.size() ? &pipeline[i + 1] : nullptr;
    if (next && next->part->role == CodeRole::quantify) {
      std::string said = worded(s, "", p, r);
      if (said.back() == ',') said.pop_back();
      return replaced(worded(*next, "", p, r), "{Q}", said);
    }
    if (s.part->role == CodeRole::reduce) {
      const std::string text = replaced(worded(s, "the " + p.plural, p, r), "{P}", p.plural);
      return text.starts_with("True") ? text : "the " + text;
    }
    if (s.part->role == CodeRole::order) return "a list of the " + p.plural + ", " + worded(s, "", p, r);
    apply_words(s, argument, p, r);
  }
  return "a list of the " + p.plural + ", " + p.sequence;
}

CodeNames draw_names(const CodePipeline& pipeline, Random& r) {
  static constexpr std::string_view kFunctions[] = {
      "f",    "g",      "h",    "func",   "solve",  "compute", "answer",      "calc",      "task",  "run",
      "work", "do_it",  "go",   "fn",     "foo",    "bar",     "my_function", "helper",    "apply", "evaluate",
      "find", "result", "step", "handle", "get_it", "f1",      "f2",          "transform", "job",   "process"};
  static constexpr std::string_view kLists[] = {"xs", "nums", "numbers", "values", "lst", "data", "items", "a"};
  static constexpr std::string_view kIntegers[] = {"n", "k", "num", "number", "value", "m"};
  static constexpr std::string_view kTexts[] = {"s", "text", "line", "st", "word", "sentence"};
  static constexpr std::string_view kTextLists[] = {"words", "names", "parts", "items", "ws"};
  static constexpr std::string_view kPairs[][2] = {{"a", "b"}, {"x", "y"}, {"m", "n"}, {"p", "q"}, {"u", "v"}};
  CodeNames names;
  const CodePart &first = *pipeline.front().part, &last = *pipeline.back().part;
  if (chance(r, 3)) {
    static constexpr std::string_view kVerbs[] = {"get_", "find_", "my_", "compute_", "make_"};
    names.function = pipeline.size() == 1 ? std::string(pick(r, kVerbs)) : std::string(first.id) + "_";
    names.function = replaced(names.function + std::string(last.id), " ", "_");
  } else {
    names.function = pick(r, kFunctions);
  }
  const auto name = [&](const auto& from) { names.arguments.push_back(std::string(pick(r, from))); };
  switch (first.from) {
    case CodeType::integers: name(kLists); break;
    case CodeType::integer: name(kIntegers); break;
    case CodeType::text: name(kTexts); break;
    case CodeType::texts: name(kTextLists); break;
    default: {
      const auto& pair = pick(r, kPairs);
      names.arguments = {std::string(pair[0]), std::string(pair[1])};
    }
  }
  return names;
}

std::string argument_words(const CodePipeline& pipeline, const CodeNames& names) {
  static constexpr std::string_view kTypes[] = {"an integer {}",         "two integers {} and {}", "a string {}", "",
                                                "a list {} of integers", "a list {} of strings"};
  return fill(kTypes[static_cast<size_t>(pipeline.front().part->from)],
              {names.arguments.front(), names.arguments.back()});
}

std::string prompt_of(const CodeDraft& d, Random& r) {
  std::string out(code_frames()[d.frame]);
  out = replaced(std::move(out), "{S}", signature(d.names));
  out = replaced(std::move(out), "{F}", d.names.function);
  out = replaced(std::move(out), "{T}", argument_words(d.pipeline, d.names));
  out = replaced(std::move(out), "{R}", wanted(d.pipeline, d.names, r));
  out += empty_case(d.pipeline, d.names.arguments[0], r);
  if (chance(r, 8) && !out.starts_with("I "))
    out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  if (chance(r, 8)) out.pop_back();
  return out;
}

// Chooses arguments that tell the pipeline from its near misses, from programs that always return the same and from
// programs that return something else for an empty list or string. Each is the argument that tells the most of them.
// Then arguments for which the function returns what it returned least often so far.
std::vector<CodeValue> telling_arguments(const CodePipeline& pipeline, const std::vector<CodeValue>& all) {
  const size_t traps = traps_of(pipeline).size();  // the first arguments
  constexpr size_t kFewest = 8, kMost = 14;
  std::vector<CodeValue> own, before;
  const CodePipeline front(pipeline.begin(), pipeline.end() - 1);
  for (const CodeValue& a : all) {
    own.push_back(run_pipeline(pipeline, a));
    before.push_back(front.empty() ? a : run_pipeline(front, a));
  }
  std::vector<std::vector<bool>> differs;  // [wrong program][argument]
  const auto add = [&](auto wrong) {
    differs.emplace_back();
    for (size_t i = 0; i < all.size(); ++i) differs.back().push_back(wrong(i));
  };
  for (const CodePipeline& other : near_misses(pipeline))
    add([&](size_t i) { return run_pipeline(other, all[i]) != own[i]; });
  for (const CodeValue& constant : own) add([&](size_t i) { return own[i] != constant; });
  const CodeValue empty[] = {std::vector<i64>{}, std::vector<std::string>{}, std::string()};
  add([&](size_t i) { return std::find(std::begin(empty), std::end(empty), before[i]) != std::end(empty); });

  std::vector<CodeValue> out;
  std::vector<bool> used(all.size());
  std::map<CodeValue, int> returned;
  const auto take = [&](size_t i) {
    if (std::find(out.begin(), out.end(), all[i]) == out.end()) out.push_back(all[i]), ++returned[own[i]];
    used[i] = true;
  };
  for (size_t i = 0; i < traps; ++i) {
    take(i);
    std::erase_if(differs, [&](const auto& d) { return d[i]; });
  }
  while (out.size() < kMost) {
    size_t best = 0, most = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      const auto told = std::count_if(differs.begin(), differs.end(), [&](const auto& d) { return d[i]; });
      if (static_cast<size_t>(told) > most) most = static_cast<size_t>(told), best = i;
    }
    if (most == 0) break;
    take(best);
    std::erase_if(differs, [&](const auto& d) { return d[best]; });
  }
  while (out.size() < kFewest) {
    std::optional<size_t> rarest;
    for (size_t i = 0; i < all.size(); ++i)
      if (!used[i] && (!rarest || returned[own[i]] <= returned[own[*rarest]])) rarest = i;
    if (!rarest) break;
    take(*rarest);
  }
  return out;
}

}  // namespace

std::string fill_part(std::string_view pattern, std::string_view input, const CodeParameters& p) {
  std::string out = replaced(std::string(pattern), "{a}", std::to_string(p.a));
  out = replaced(std::move(out), "{b}", std::to_string(p.b));
  out = replaced(std::move(out), "{c}", std::string_view(&p.c, 1));
  out = replaced(std::move(out), "{d}", std::string_view(&p.d, 1));
  return replaced(std::move(out), "{}", input);
}

const std::vector<std::string_view>& code_frames() {
  static const std::vector<std::string_view> frames = {
      "Write a Python function {S} that returns {R}.", "Write a function {S} in Python that returns {R}.",
      "Define a Python function {S} that returns {R}.", "Implement a Python function {S} that returns {R}.",
      "In Python, write a function {S} that returns {R}.", "Write Python code for a function {S} that returns {R}.",
      "Write a Python function named {F} that takes {T} and returns {R}.",
      "I need a Python function {S}. It should return {R}.", "Write {S} in Python. It should return {R}.",
      "Define {S} in Python so that it returns {R}.",
      // On the test side only.
      "Create a Python function {S} that returns {R}.",
      "Give me a function {F} in Python. It takes {T} and should return {R}.",
      "Please code the Python function {S}. It has to return {R}."};
  return frames;
}

std::string python_literal(const CodeValue& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "True" : "False";
  if (const i64* n = std::get_if<i64>(&value)) return std::to_string(*n);
  if (const std::string* s = std::get_if<std::string>(&value)) return "'" + *s + "'";
  std::string out;
  const auto add = [&](const std::string& item) { out += (out.empty() ? "" : ", ") + item; };
  if (const auto* numbers = std::get_if<std::vector<i64>>(&value))
    for (const i64 n : *numbers) add(std::to_string(n));
  else
    for (const std::string& s : std::get<std::vector<std::string>>(value)) add("'" + s + "'");
  return "[" + out + "]";
}

std::string python_of(const CodePipeline& pipeline, const CodeNames& names) {
  std::string out = "def " + signature(names) + ":\n";
  for (const Rendered& line : rendered(pipeline, names)) {
    if (line.variable == "?") continue;
    out += indented(line.setup);
    out += "    " + (line.variable.empty() ? "return " : line.variable + " = ") + line.expression + "\n";
  }
  return out;
}

std::string code_trace(const CodePipeline& pipeline, const CodeNames& names) {
  std::string out = compact(signature(names)) + "\n";
  for (const Rendered& line : rendered(pipeline, names)) {
    out += line.id + ":" + compact(line.setup);
    if (!line.setup.empty()) out += ";";
    if (!line.variable.empty() && line.variable != "?") out += line.variable + "=";
    out += compact(line.expression) + "\n";
  }
  return out;
}

std::string code_tests(const CodeDraft& d) {
  std::string out;
  for (const CodeValue& a : d.arguments) {
    const CodeValue value = run_pipeline(d.pipeline, a);
    std::string shown = python_literal(a);
    if (d.names.arguments.size() > 1) shown = shown.substr(1, shown.size() - 2);
    // 1 and 0 are equal to True and False in Python, but they are not what was asked for.
    const std::string_view compared = std::holds_alternative<bool>(value) ? "is" : "==";
    out += fill("assert {}({}) {} {}\n", {d.names.function, shown, compared, python_literal(value)});
  }
  return out;
}

CodeDraft draft_code_pipeline(Random& r, int difficulty) {
  CodeDraft d;
  const std::vector<CodeShape>& shapes = code_shapes(difficulty);
  std::optional<UsefulPipeline> useful;
  while (!useful) useful = useful_pipeline(pick(r, std::span(shapes)), r);
  d.pipeline = std::move(useful->pipeline);
  d.names = draw_names(d.pipeline, r);
  const size_t trained = code_frames().size() - kHeldOutFrames;
  d.frame = chance(r, 8) ? trained + r.below(kHeldOutFrames) : r.below(static_cast<u32>(trained));
  d.prompt = prompt_of(d, r);
  d.arguments = telling_arguments(d.pipeline, useful->arguments);
  return d;
}

Split side_of(const CodeDraft& d) {
  if (d.frame + kHeldOutFrames >= code_frames().size()) return Split::test;
  const std::vector<std::string> contents = code_contents(d.pipeline);
  const auto of_test = [](const std::string& content) { return side_of(content) == Split::test; };
  return std::any_of(contents.begin() + 1, contents.end(), of_test) ? Split::test : Split::train;
}

Draft draft_code(Random& r, int difficulty) {
  const CodeDraft code = draft_code_pipeline(r, difficulty);
  Draft d;
  d.prompt = code.prompt;
  d.trace = code_trace(code.pipeline, code.names);
  d.reply = "The program is:\n\n```python\n" + python_of(code.pipeline, code.names) + "```";
  d.checker = ProgramChecker{ProgramLanguage::python, ProgramAsserts{code_tests(code), {}, code.names.function, {}}};
  d.content = code_contents(code.pipeline)[0];
  d.side = side_of(code);
  return chance(r, 6) ? in_conversation(r, std::move(d)) : d;
}

}  // namespace r1
