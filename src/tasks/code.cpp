// Pipelines of "code" problems: which there are, what they return, their Python, and arguments that tell them apart.
#include "tasks/code.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "tasks/generators.hpp"
#include "tasks/words.hpp"

namespace r1 {
namespace {

using Numbers = std::vector<i64>;
using Texts = std::vector<std::string>;

bool one_of(std::string_view id, std::initializer_list<std::string_view> ids) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Whether the words of the two parts can be joined to a phrase that has one meaning.
bool roles_join(const CodePart& a, const CodePart& b) {
  const auto is = [](CodeRole role, std::initializer_list<CodeRole> roles) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  };
  using enum CodeRole;
  if (a.to != b.from) return false;
  if (b.id == "place" && a.role != source) return false;                           // its place in which list?
  if (a.id == "different" && one_of(b.id, {"first of", "last of"})) return false;  // in which order?
  if (a.id != "different" && a.role == slice && b.id == "count") return false;     // nobody asks for that
  // The numbers from 1 to n and the divisors of n are sorted and known, so that few questions about them make sense.
  if (a.id == "range" && (b.role == reduce || b.role == order)) return one_of(b.id, {"sum", "product", "reverse"});
  if (a.id == "divisors" && (b.role == reduce || b.role == order)) return one_of(b.id, {"sum", "count", "descending"});
  switch (a.role) {
    case source: return is(b.role, {keep, change, order, reduce});
    case keep: return is(b.role, {change, order, reduce, quantify});
    case change: return is(b.role, {order, reduce});
    case slice: return is(b.role, {change, order, reduce});
    case rewrite: return is(b.role, {rewrite, reduce});
    default: return false;
  }
}

// The steps are of types that fit each other.
bool chains(const CodePipeline& p) {
  for (size_t i = 0; i + 1 < p.size(); ++i)
    if (p[i].part->to != p[i + 1].part->from) return false;
  return !p.empty() &&
         (p.back().part->role != CodeRole::quantify || (p.size() > 1 && p[p.size() - 2].part->role == CodeRole::keep));
}

std::vector<CodeValue> elements(const CodeValue& list) {
  std::vector<CodeValue> out;
  if (const Numbers* v = std::get_if<Numbers>(&list)) out.assign(v->begin(), v->end());
  else out.assign(std::get<Texts>(list).begin(), std::get<Texts>(list).end());
  return out;
}

CodeValue list_of(const std::vector<CodeValue>& items, CodeType type) {
  if (type == CodeType::integers) {
    Numbers out;
    for (const CodeValue& v : items) out.push_back(std::get<i64>(v));
    return out;
  }
  Texts out;
  for (const CodeValue& v : items) out.push_back(std::get<std::string>(v));
  return out;
}

CodeValue run_step(const CodeStep& step, const CodeValue& input) {
  const CodePart& part = *step.part;
  if (part.role != CodeRole::keep && part.role != CodeRole::change) return part.apply(input, step.parameters);
  std::vector<CodeValue> out;
  for (const CodeValue& x : elements(input)) {
    CodeValue y = part.apply(x, step.parameters);
    if (part.role == CodeRole::change) out.push_back(std::move(y));
    else if (std::get<bool>(y)) out.push_back(x);
  }
  return list_of(out, part.to);
}

// The pipeline without its step `i`, or nothing if it would not fit or would return something of another type.
CodePipeline without_step(CodePipeline p, size_t i) {
  const CodeType from = p.front().part->from, to = p.back().part->to;
  p.erase(p.begin() + static_cast<std::ptrdiff_t>(i));
  if (!chains(p) || p.front().part->from != from || p.back().part->to != to) return {};
  return p;
}

std::vector<CodeValue> results(const CodePipeline& p, const std::vector<CodeValue>& arguments) {
  std::vector<CodeValue> out;
  for (const CodeValue& a : arguments) out.push_back(run_pipeline(p, a));
  return out;
}

// Whether the pipeline returns the same for all of these arguments, or the same as without one of its steps.
bool degenerate(const CodePipeline& p, const std::vector<CodeValue>& arguments) {
  const std::vector<CodeValue> own = results(p, arguments);
  if (std::all_of(own.begin(), own.end(), [&](const CodeValue& v) { return v == own[0]; })) return true;
  for (size_t i = 0; i < p.size(); ++i)
    if (const CodePipeline rest = without_step(p, i); !rest.empty() && results(rest, arguments) == own) return true;
  return false;
}

CodePipeline with_parameters(const CodeShape& shape, Random& r) {
  CodePipeline p;
  for (const CodePart* part : shape) p.push_back({part, draw_parameters(part->parameter, r)});
  return p;
}

// Whether the bounds lie among the numbers that the source makes: digits, or positive numbers.
bool fit_the_source(const CodePipeline& p) {
  if (p[0].part->role != CodeRole::source || p[0].part->from != CodeType::integer) return true;
  const i64 most = p[0].part->id == "digits" ? 8 : 19;
  return std::all_of(p.begin(), p.end(), [&](const CodeStep& s) {
    const CodeParameter kind = s.part->parameter;
    if (kind != CodeParameter::bound && kind != CodeParameter::bounds) return true;
    return s.parameters.a > 1 && std::max(s.parameters.a, s.parameters.b) <= most;
  });
}

// Values at which a comparison or a division with these parameters changes its result.
Numbers edges(const CodePipeline& p) {
  Numbers out;
  for (const CodeStep& s : p) {
    const i64 a = s.parameters.a, b = s.parameters.b;
    if (s.part->parameter == CodeParameter::bound) out.insert(out.end(), {a - 1, a, a + 1, a - 3, a + 3});
    if (s.part->parameter == CodeParameter::bounds)
      out.insert(out.end(), {a - 1, a, a + 1, b - 1, b, b + 1, a - 3, b + 3});
    if (s.part->parameter == CodeParameter::modulus) out.insert(out.end(), {a, 2 * a, -a, a + 1, 2 * a + 1});
    if (s.part->parameter == CodeParameter::count) out.insert(out.end(), {a, a + 1});
  }
  out.insert(out.end(), {-1, 0, 1});
  return out;
}

// The products of at most six numbers of at most 25, squared or multiplied, fit into 64 bits.
constexpr i64 kMostNumbers = 6;

void add_lists(std::vector<CodeValue>& out, const Numbers& edge, Random& r) {
  out.insert(out.end(), {Numbers{}, Numbers{0}, Numbers{4, -3, 4, -3, 7}, Numbers{5, 2, 9, 1}, Numbers{-4, -2, -7}});
  for (const i64 x : edge) out.push_back(Numbers{x});
  for (size_t i = 0; i < edge.size(); i += 5)
    out.push_back(Numbers(edge.begin() + static_cast<std::ptrdiff_t>(i),
                          edge.begin() + static_cast<std::ptrdiff_t>(std::min(edge.size(), i + 5))));
  for (int k = 0; k < 24; ++k) {
    Numbers v;
    for (i64 n = r.between(1, kMostNumbers); n > 0; --n)
      v.push_back(!v.empty() && chance(r, 4) ? pick(r, std::span<const i64>(v))
                  : chance(r, 2)             ? pick(r, std::span<const i64>(edge))
                                             : r.between(-9, 12));
    out.push_back(std::move(v));
  }
}

void add_integers(std::vector<CodeValue>& out, const Numbers& edge, CodeDomain domain, Random& r) {
  const i64 low = domain == CodeDomain::any ? -20 : domain == CodeDomain::positive ? 1 : 0;
  const i64 high = domain == CodeDomain::any        ? 60
                   : domain == CodeDomain::positive ? 20
                   : domain == CodeDomain::small    ? 12
                                                    : 99999;
  for (const i64 x : edge)
    if (low <= x && x <= high) out.emplace_back(x);
  for (const i64 x : {2, 3, 4, 6, 9, 10, 12}) out.emplace_back(i64{x});
  if (domain == CodeDomain::natural) out.insert(out.end(), {i64{10}, i64{99}, i64{100}, i64{1221}, i64{70707}});
  for (int k = 0; k < 20; ++k) out.emplace_back(r.between(low, chance(r, 2) ? high : std::min(high, i64{200})));
}

void add_pairs(std::vector<CodeValue>& out, CodeDomain domain, Random& r) {
  if (domain == CodeDomain::any)
    out.insert(out.end(),
               {Numbers{0, 0}, Numbers{3, 3}, Numbers{2, 5}, Numbers{5, 2}, Numbers{-4, 3}, Numbers{-2, -7}});
  else out.insert(out.end(), {Numbers{0, 4}, Numbers{3, 3}, Numbers{12, 4}, Numbers{4, 12}, Numbers{7, 1}});
  for (int k = 0; k < 24; ++k) {
    if (domain == CodeDomain::any) out.push_back(Numbers{r.between(-20, 20), r.between(-20, 20)});
    else {
      const i64 q = r.between(1, 20);
      out.push_back(Numbers{chance(r, 2) ? q * r.between(1, 5) : r.between(1, 60), q});
    }
  }
}

std::string random_text(const std::string& letters, i64 shortest, i64 longest, Random& r) {
  std::string s;
  for (i64 n = r.between(shortest, longest); n > 0; --n) s += letters[r.below(static_cast<u32>(letters.size()))];
  return s;
}

// Letters that matter to the parameters, and some others.
std::string letters_of(const CodePipeline& p) {
  std::string out = "abeo";
  for (const CodeStep& s : p) {
    if (s.part->parameter == CodeParameter::letter || s.part->parameter == CodeParameter::letters)
      out += std::string(2, s.parameters.c);
    if (s.part->parameter == CodeParameter::letters) out += s.parameters.d;
  }
  return out;
}

void add_texts(std::vector<CodeValue>& out, const CodePipeline& p, Random& r) {
  const std::string letters = letters_of(p);
  const char c = letters.back();
  using std::string;
  for (const string& s : {string(), string(1, c), c + string("rst"), string("rst") + c, string(2, c) + "t" + c,
                          string("level"), string("abca"), string("two short words")})
    out.emplace_back(s);
  const bool capitals = one_of(p.front().part->id, {"upper", "lower"});  // elsewhere their treatment might be unclear
  for (int k = 0; k < 24; ++k) {
    string s = chance(r, 3) ? string(pick(r, std::span(english_words()))) : random_text(letters, 1, 7, r);
    if (chance(r, 3)) s += " " + random_text(letters, 1, 5, r);
    if (capitals && chance(r, 2)) s[0] = static_cast<char>(s[0] >= 'a' && s[0] <= 'z' ? s[0] - 'a' + 'A' : s[0]);
    out.emplace_back(std::move(s));
  }
}

void add_text_lists(std::vector<CodeValue>& out, const CodePipeline& p, Random& r) {
  const std::string letters = letters_of(p);
  out.emplace_back(Texts{});
  for (int k = 0; k < 30; ++k) {
    Texts v;
    for (i64 n = r.between(1, 4); n > 0; --n)
      v.push_back(!v.empty() && chance(r, 4) ? v[0] : random_text(letters, 1, 6, r));
    out.emplace_back(std::move(v));
  }
}

}  // namespace

CodeParameters draw_parameters(CodeParameter kind, Random& r) {
  CodeParameters p;
  const auto letter = [&] { return static_cast<char>('a' + r.below(26)); };
  switch (kind) {
    case CodeParameter::none: break;
    case CodeParameter::bound:
      p.a = r.between(-5, 19);
      if (p.a >= 0) ++p.a;  // there are parts of their own for zero
      break;
    case CodeParameter::bounds:
      p.a = r.between(-5, 10);
      p.b = p.a + r.between(2, 10);
      break;
    case CodeParameter::modulus: p.a = r.between(3, 9); break;
    case CodeParameter::factor: p.a = r.between(3, 9); break;
    case CodeParameter::addend: p.a = r.between(1, 20); break;
    case CodeParameter::count: p.a = r.between(2, 5); break;
    case CodeParameter::letter: p.c = letter(); break;
    case CodeParameter::letters:
      p.c = letter();
      do p.d = letter();
      while (p.d == p.c);
      break;
    case CodeParameter::separator: p.c = ",-; "[r.below(4)]; break;
  }
  return p;
}

CodeValue run_pipeline(const CodePipeline& pipeline, const CodeValue& argument) {
  CodeValue value = argument;
  for (size_t i = 0; i < pipeline.size(); ++i) {
    const bool quantified = i + 1 < pipeline.size() && pipeline[i + 1].part->role == CodeRole::quantify;
    if (!quantified) {
      value = run_step(pipeline[i], value);
      continue;
    }
    const size_t all = elements(value).size(), kept = elements(run_step(pipeline[i], value)).size();
    return pipeline[i + 1].part->id == "all" ? kept == all : kept > 0;
  }
  return value;
}

std::vector<CodePipeline> near_misses(const CodePipeline& pipeline) {
  std::vector<CodePipeline> out;
  const auto with = [&](size_t i, CodeStep step) {
    out.push_back(pipeline);
    out.back()[i] = step;
  };
  for (size_t i = 0; i < pipeline.size(); ++i) {
    const CodeStep& s = pipeline[i];
    const auto change = [&](auto field, auto by) {
      CodeStep other = s;
      other.parameters.*field =
          static_cast<std::remove_reference_t<decltype(other.parameters.*field)>>(other.parameters.*field + by);
      with(i, other);
    };
    const CodeParameter kind = s.part->parameter;
    if (kind != CodeParameter::none && kind < CodeParameter::letter)
      for (const i64 by : {i64{-1}, i64{1}}) {
        change(&CodeParameters::a, by);
        if (kind == CodeParameter::bounds) change(&CodeParameters::b, by);
      }
    if (kind >= CodeParameter::letter) change(&CodeParameters::c, s.parameters.c == 'z' ? -1 : 1);
    if (kind == CodeParameter::letters) change(&CodeParameters::d, s.parameters.d == 'z' ? -1 : 1);
    for (const std::vector<CodePart>* parts : {&number_parts(), &string_parts()})
      for (const CodePart& other : *parts) {
        const bool fits = other.role == s.part->role && other.from == s.part->from && other.to == s.part->to &&
                          (other.parameter == kind || other.parameter == CodeParameter::none) &&
                          (other.domain == s.part->domain || other.domain == CodeDomain::any);
        if (fits && &other != s.part) with(i, {&other, s.parameters});
      }
    if (CodePipeline rest = without_step(pipeline, i); !rest.empty()) out.push_back(std::move(rest));
  }
  return out;
}

std::vector<CodeValue> traps_of(const CodePipeline& pipeline) {
  std::vector<CodeValue> out;
  for (const CodeStep& s : pipeline)
    if (s.part->from == pipeline.front().part->from) out.insert(out.end(), s.part->traps.begin(), s.part->traps.end());
  return out;
}

std::vector<CodeValue> code_arguments(const CodePipeline& pipeline, Random& r) {
  std::vector<CodeValue> out = traps_of(pipeline);
  const CodePart& first = *pipeline.front().part;
  const Numbers edge = edges(pipeline);
  switch (first.from) {
    case CodeType::integers: add_lists(out, edge, r); break;
    case CodeType::integer: add_integers(out, edge, first.domain, r); break;
    case CodeType::pair: add_pairs(out, first.domain, r); break;
    case CodeType::text: add_texts(out, pipeline, r); break;
    case CodeType::texts: add_text_lists(out, pipeline, r); break;
    case CodeType::boolean: R1_CHECK(false, "code_arguments: no part takes a boolean"); break;
  }
  return out;
}

std::optional<UsefulPipeline> useful_pipeline(const CodeShape& shape, Random& r) {
  for (int tries = 0; tries < 40; ++tries) {
    UsefulPipeline p{with_parameters(shape, r), {}};
    if (!fit_the_source(p.pipeline)) continue;
    p.arguments = code_arguments(p.pipeline, r);
    if (!degenerate(p.pipeline, p.arguments)) return p;
  }
  return std::nullopt;
}

const std::vector<CodeShape>& code_shapes(int difficulty) {
  static const std::array<std::vector<CodeShape>, 4> all = [] {
    std::vector<const CodePart*> parts;
    for (const std::vector<CodePart>* some : {&number_parts(), &string_parts()})
      for (const CodePart& part : *some) parts.push_back(&part);
    std::array<std::vector<CodeShape>, 4> out;
    const auto consider = [&](CodeShape shape) {
      Random r(0, Purpose::task, out[0].size() + out[1].size() + out[2].size() + out[3].size());
      if (!useful_pipeline(shape, r)) return;
      const bool has_parameter = std::any_of(
          shape.begin(), shape.end(), [](const CodePart* part) { return part->parameter != CodeParameter::none; });
      out[(shape.size() > 1 ? 2 : 0) + (has_parameter ? 1 : 0)].push_back(std::move(shape));
    };
    for (const CodePart* a : parts) {
      if (a->role != CodeRole::quantify) consider({a});
      for (const CodePart* b : parts) {
        if (!roles_join(*a, *b)) continue;
        consider({a, b});
        if (a->role != CodeRole::source || b->role != CodeRole::keep) continue;
        for (const CodePart* c : parts)
          if (roles_join(*b, *c) && (one_of(c->id, {"sum", "count", "count words"}) ||
                                     (a->id == "digits" && one_of(c->id, {"largest", "smallest"}))))
            consider({a, b, c});
      }
    }
    return out;
  }();
  return all[static_cast<size_t>(difficulty - 1)];
}

std::vector<std::string> code_contents(const CodePipeline& pipeline) {
  const auto named = [](const CodeStep& s) {
    std::string out(s.part->id);
    const CodeParameter kind = s.part->parameter;
    if (kind != CodeParameter::none && kind < CodeParameter::letter) out += " " + std::to_string(s.parameters.a);
    if (kind == CodeParameter::bounds) out += " " + std::to_string(s.parameters.b);
    if (kind >= CodeParameter::letter) out += std::string(" ") + s.parameters.c;
    if (kind == CodeParameter::letters) out += std::string(" ") + s.parameters.d;
    return out;
  };
  std::vector<std::string> out = {"code"};
  for (const CodeStep& s : pipeline) out[0] += " | " + named(s);
  for (const CodeStep& s : pipeline)
    if (s.part->parameter != CodeParameter::none) out.push_back("code part " + named(s));
  for (size_t i = 0; i + 1 < pipeline.size(); ++i)
    out.push_back(fill("code pair {} | {}", {pipeline[i].part->id, pipeline[i + 1].part->id}));
  return out;
}

}  // namespace r1
