// Evaluates expressions, with Python's and Jinja's meaning.
#include <cmath>
#include <limits>

#include "formats/jinja/interpreter.hpp"
#include "formats/utf8.hpp"

namespace r1::jinja {

// Of nested expressions that fail, the innermost is reported.
Result<Value> Interpreter::evaluate(const Expression& e) {
  R1_TRY(budget.work(64));
  if (depth_ >= budget.limits.run_depth)
    return fail(Errc::exhausted, "evaluation deeper than {}", budget.limits.run_depth);
  ++depth_;
  auto value = evaluate_kind(e);
  --depth_;
  if (!value && !failed_) failed_ = true, failed_at_ = e.at;
  return value;
}

Result<Value> Interpreter::evaluate_kind(const Expression& e) {
  switch (e.kind) {
    case Expression::Kind::literal: return static_cast<const Literal&>(e).value;
    case Expression::Kind::name: return name(static_cast<const Name&>(e).name);
    case Expression::Kind::sequence: return sequence(static_cast<const Sequence&>(e));
    case Expression::Kind::dict: return dict(static_cast<const DictLiteral&>(e));
    case Expression::Kind::negation: return negation(static_cast<const Negation&>(e));
    case Expression::Kind::logic: return logic(static_cast<const Logic&>(e));
    case Expression::Kind::arithmetic: return arithmetic_chain(static_cast<const Chain&>(e));
    case Expression::Kind::comparison: return comparison_chain(static_cast<const Chain&>(e));
    case Expression::Kind::concat: return concat(static_cast<const Concat&>(e));
    case Expression::Kind::condition: return condition(static_cast<const Condition&>(e));
    case Expression::Kind::postfix: {
      const auto& p = static_cast<const Postfix&>(e);
      return postfix(p, R1_TRY(evaluate(*p.base)));
    }
    case Expression::Kind::slice: break;
  }
  return fail(Errc::corrupt, "a slice outside of an index");
}

Result<Value> Interpreter::name(std::string_view wanted) {
  u64 seen = 0;
  for (Scope* s = scope_; s; s = s->parent) {
    if (const Value* value = s->find(wanted)) return *value;
    seen += s->names.size();
  }
  R1_TRY(budget.work(8 * (seen + variables_.size())));
  for (const auto& [known, value] : variables_)
    if (known == wanted) return value;
  if (const Value* value = global(wanted)) return *value;
  return undefined_named(wanted);
}

Result<Value> Interpreter::sequence(const Sequence& e) {
  std::vector<Value> items;
  items.reserve(e.items.size());
  for (const auto& item : e.items) items.push_back(R1_TRY(evaluate(*item)));
  return make_list(budget, std::move(items), e.tuple);
}

Result<Value> Interpreter::dict(const DictLiteral& e) {
  std::vector<Member> members;
  members.reserve(e.members.size());
  for (const auto& [key, value] : e.members) {
    Value k = R1_TRY(evaluate(*key));
    members.emplace_back(std::move(k), R1_TRY(evaluate(*value)));
  }
  return make_dict(budget, std::move(members));
}

namespace {

tl::unexpected<Error> undefined_error(const Undefined& u) {
  return fail(Errc::corrupt, "'{}' is undefined", u.name ? *u.name : "value");
}

tl::unexpected<Error> wrong_operands(std::string_view operation, const Value& a, const Value& b) {
  if (a.undefined()) return undefined_error(*a.undefined());
  if (b.undefined()) return undefined_error(*b.undefined());
  return fail(Errc::corrupt, "{} is not defined for {} and {}", operation, a.type(), b.type());
}

constexpr std::string_view symbol(Operator o) {
  constexpr std::string_view symbols[] = {
      "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return symbols[static_cast<size_t>(o)];
}

tl::unexpected<Error> overflow(Operator o) { return fail(Errc::exhausted, "{}: an integer beyond 64 bits", symbol(o)); }

Result<Value> power(i64 base, i64 exponent) {
  i64 result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return overflow(Operator::pow);
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) return overflow(Operator::pow);
  }
  return Value(result);
}

Result<Value> integers(Operator o, i64 a, i64 b) {
  i64 result = 0;
  switch (o) {
    case Operator::add:
      if (__builtin_add_overflow(a, b, &result)) return overflow(o);
      return Value(result);
    case Operator::sub:
      if (__builtin_sub_overflow(a, b, &result)) return overflow(o);
      return Value(result);
    case Operator::mul:
      if (__builtin_mul_overflow(a, b, &result)) return overflow(o);
      return Value(result);
    case Operator::pow:
      if (b >= 0) return power(a, b);
      if (a == 0) return fail(Errc::corrupt, "0 to a negative power");
      return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
    default: break;
  }
  if (b == 0) return fail(Errc::corrupt, "{}: division by zero", symbol(o));
  if (o == Operator::div) return Value(static_cast<double>(a) / static_cast<double>(b));
  if (b == -1) return o == Operator::mod ? Result<Value>(Value(i64{0})) : integers(Operator::sub, 0, a);
  const i64 quotient = a / b, rest = a % b;
  const bool down = rest != 0 && (rest < 0) != (b < 0);  // Python rounds towards minus infinity
  if (o == Operator::mod) return Value(down ? rest + b : rest);
  return Value(down ? quotient - 1 : quotient);
}

Result<Value> reals(Operator o, double a, double b) {
  switch (o) {
    case Operator::add: return Value(a + b);
    case Operator::sub: return Value(a - b);
    case Operator::mul: return Value(a * b);
    case Operator::pow: return Value(std::pow(a, b));
    default: break;
  }
  if (b == 0) return fail(Errc::corrupt, "{}: division by zero", symbol(o));
  if (o == Operator::div) return Value(a / b);
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return o == Operator::mod ? Value(rest) : Value(std::floor((a - rest) / b + 0.5));
}

// 'ab' * 3, [1] * 3
Result<Value> repeated(Interpreter& interp, const Value& value, i64 times) {
  const size_t count = times > 0 ? static_cast<size_t>(times) : 0;
  const size_t each = value.text() ? value.text()->size() : value.list()->size() * sizeof(Value);
  if (each && count > interp.budget.limits.repeat / each)
    return fail(Errc::exhausted, "*: {} times {} bytes, at most {}", times, each, interp.budget.limits.repeat);
  if (const Text* text = value.text()) {
    Writer out(interp.budget);
    for (size_t i = 0; each && i < count; ++i) R1_TRY(out.add(*text));
    return out.value();
  }
  std::vector<Value> items;
  for (size_t i = 0; each && i < count; ++i) items.insert(items.end(), value.list()->begin(), value.list()->end());
  return make_list(interp.budget, std::move(items), value.is_tuple());
}

}  // namespace

Result<Value> Interpreter::arithmetic(Operator o, const Value& a, const Value& b) {
  if (o == Operator::mod && a.text()) return percent_format(*this, *a.text(), b);
  if (a.integer() && b.integer()) return integers(o, *a.integer(), *b.integer());
  if (a.number() && b.number()) return reals(o, *a.number(), *b.number());
  if (o == Operator::add && a.text() && b.text()) {
    Writer out(budget);
    R1_TRY(out.add(*a.text()));
    R1_TRY(out.add(*b.text()));
    return out.value();
  }
  if (o == Operator::add && a.list() && b.list() && a.is_tuple() == b.is_tuple()) {
    R1_TRY(budget.work((a.list()->size() + b.list()->size()) * sizeof(Value)));
    std::vector<Value> items;
    items.reserve(a.list()->size() + b.list()->size());
    items.insert(items.end(), a.list()->begin(), a.list()->end());
    items.insert(items.end(), b.list()->begin(), b.list()->end());
    return make_list(budget, std::move(items), a.is_tuple());
  }
  if (o == Operator::mul && (a.text() || a.list()) && b.integer()) return repeated(*this, a, *b.integer());
  if (o == Operator::mul && (b.text() || b.list()) && a.integer()) return repeated(*this, b, *a.integer());
  return wrong_operands(symbol(o), a, b);
}

Result<Value> Interpreter::negation(const Negation& e) {
  const Value value = R1_TRY(evaluate(*e.operand));
  if (e.of == Negation::Of::truth) return Value(!value.truth());
  if (!value.number()) return wrong_operands(e.of == Negation::Of::number ? "-" : "+", value, value);
  if (e.of == Negation::Of::nothing) return value.integer() ? Value(*value.integer()) : value;
  return value.integer() ? integers(Operator::sub, 0, *value.integer()) : Result<Value>(Value(-*value.number()));
}

Result<Value> Interpreter::logic(const Logic& e) {
  Value value;
  for (const auto& operand : e.operands) {
    value = R1_TRY(evaluate(*operand));
    if (value.truth() != e.conjunction) break;
  }
  return value;
}

Result<Value> Interpreter::arithmetic_chain(const Chain& e) {
  Value value = R1_TRY(evaluate(*e.first));
  for (const auto& step : e.steps) {
    const Value operand = R1_TRY(evaluate(*step.operand));
    auto result = arithmetic(step.operation, value, operand);
    if (!result && !failed_) failed_ = true, failed_at_ = step.at;
    value = R1_TRY(std::move(result));
  }
  return value;
}

Result<bool> Interpreter::comparison(Operator o, const Value& a, const Value& b) {
  switch (o) {
    case Operator::eq: return equal(budget, a, b);
    case Operator::ne: return !R1_TRY(equal(budget, a, b));
    case Operator::in: return contains(b, a);
    case Operator::not_in: return !R1_TRY(contains(b, a));
    default: break;
  }
  if (a.undefined() || b.undefined()) return wrong_operands(symbol(o), a, b);
  const bool unordered = (a.number() && std::isnan(*a.number())) || (b.number() && std::isnan(*b.number()));
  const int order = R1_TRY(compare(budget, a, b));
  if (unordered) return false;
  return o == Operator::lt ? order < 0 : o == Operator::le ? order <= 0 : o == Operator::gt ? order > 0 : order >= 0;
}

Result<Value> Interpreter::comparison_chain(const Chain& e) {
  Value left = R1_TRY(evaluate(*e.first));
  for (const auto& step : e.steps) {
    Value right = R1_TRY(evaluate(*step.operand));
    const auto holds = comparison(step.operation, left, right);
    if (!holds && !failed_) failed_ = true, failed_at_ = step.at;
    if (!R1_TRY(holds)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Result<bool> Interpreter::contains(const Value& container, const Value& value) {
  if (const Text* text = container.text()) {
    if (!value.text()) return wrong_operands("in", value, container);
    R1_TRY(budget.work(text->size()));
    return find_first(text->bytes(), value.text()->bytes()) != std::string::npos;
  }
  if (const auto* members = container.dict()) return R1_TRY(find_key(budget, *members, value)) != nullptr;
  if (const auto* items = container.list()) {
    for (const Value& item : *items)
      if (R1_TRY(equal(budget, item, value))) return true;
    return false;
  }
  if (container.undefined()) return false;
  return wrong_operands("in", value, container);
}

Result<Value> Interpreter::concat(const Concat& e) {
  Writer out(budget);
  for (const auto& part : e.parts) {
    const Value value = R1_TRY(evaluate(*part));
    R1_TRY(print(out, value, budget));
  }
  return out.value();
}

Result<Value> Interpreter::condition(const Condition& e) {
  if (R1_TRY(evaluate(*e.test)).truth()) return evaluate(*e.value);
  if (e.otherwise) return evaluate(*e.otherwise);
  return undefined_named("the inline if without else");
}

// ---- .name [index] (arguments) |filter is test

Result<Value> Interpreter::postfix(const Postfix& e, Value value, Arguments* last_call) {
  for (size_t i = 0; i < e.suffixes.size(); ++i) {
    const Suffix& s = e.suffixes[i];
    const Suffix* next = i + 1 < e.suffixes.size() ? &e.suffixes[i + 1] : nullptr;
    R1_TRY(budget.work(64));
    bool took_next = false;
    Result<Value> result;
    if (last_call && !next) {
      Arguments given = R1_TRY(arguments(s.arguments.get()));
      for (auto& extra : last_call->named) given.named.push_back(std::move(extra));
      result = call(value, given);
    } else {
      result = suffix(s, value, last_call && i + 2 == e.suffixes.size() ? nullptr : next, took_next);
    }
    if (!result && !failed_) failed_ = true, failed_at_ = s.at;
    value = R1_TRY(std::move(result));
    i += took_next ? 1 : 0;
  }
  return value;
}

Result<Value> Interpreter::suffix(const Suffix& s, const Value& value, const Suffix* next, bool& took_next) {
  switch (s.kind) {
    case Suffix::Kind::attribute:
      if (next && next->kind == Suffix::Kind::call && has_method(value, s.name)) {
        took_next = true;
        const Arguments given = R1_TRY(arguments(next->arguments.get()));
        return call_method(value, s.name, given);
      }
      return attribute(value, s.name);
    case Suffix::Kind::item:
      if (s.index->kind == Expression::Kind::slice) return slice(value, static_cast<const Slice&>(*s.index));
      return item(value, R1_TRY(evaluate(*s.index)));
    case Suffix::Kind::call: {
      Arguments given = R1_TRY(arguments(s.arguments.get()));
      return call(value, given);
    }
    case Suffix::Kind::filter: return filter(s.name, value, R1_TRY(arguments(s.arguments.get())));
    case Suffix::Kind::test: {
      const bool holds = R1_TRY(test(s.name, value, R1_TRY(arguments(s.arguments.get()))));
      return Value(holds != s.negated);
    }
  }
  return value;
}

Result<Arguments> Interpreter::arguments(const CallArguments* a) {
  Arguments out;
  if (!a) return out;
  out.positional.reserve(a->positional.size());
  for (const auto& e : a->positional) out.positional.push_back(R1_TRY(evaluate(*e)));
  for (const auto& [name, e] : a->named) out.named.emplace_back(std::string(name), R1_TRY(evaluate(*e)));
  if (a->spread) {
    const auto items = R1_TRY(elements(R1_TRY(evaluate(*a->spread))));
    R1_TRY(budget.work(items->items.size() * sizeof(Value)));
    out.positional.insert(out.positional.end(), items->items.begin(), items->items.end());
  }
  if (a->spread_named) {
    const Value more = R1_TRY(evaluate(*a->spread_named));
    if (!more.dict()) return fail(Errc::corrupt, "** needs a dict, found {}", more.type());
    for (const auto& [key, value] : *more.dict()) {
      if (!key.text()) return fail(Errc::corrupt, "** needs names as keys, found {}", key.type());
      R1_TRY(budget.work(64 + key.text()->size()));
      out.named.emplace_back(key.text()->bytes(), value);
    }
  }
  return out;
}

Result<Value> Interpreter::call(const Value& callee, Arguments& given) {
  if (callee.undefined()) return undefined_error(*callee.undefined());
  const CallableNode* node = callee.callable();
  if (!node) return fail(Errc::corrupt, "a value of type {} cannot be called", callee.type());
  switch (node->kind) {
    case CallableNode::Kind::macro: return call_macro(*node, given);
    case CallableNode::Kind::method: return call_method(node->self, node->name, given);
    case CallableNode::Kind::function: break;
  }
  return call_function(*this, node->name, given);
}

Result<Value> Interpreter::item(const Value& of, const Value& key) {
  if (of.undefined()) return undefined_error(*of.undefined());
  if (const auto* members = of.dict()) {
    if (const Value* found = R1_TRY(find_key(budget, *members, key))) return *found;
  }
  if (key.integer() && (of.list() || of.text())) {
    i64 index = *key.integer();
    R1_TRY(budget.work(of.text() ? of.text()->size() : 1));
    const auto size = static_cast<i64>(of.list() ? of.list()->size() : count_characters(of.text()->bytes()));
    if (index < 0) index += size;
    if (index < 0 || index >= size) return undefined_named(fmt::format("item {}", *key.integer()));
    if (of.list()) return (*of.list())[index];
    const size_t begin = byte_of_character(of.text()->bytes(), index);
    const size_t length = utf8_length(std::string_view(of.text()->bytes()).substr(begin));
    return make_string(budget, *of.text(), begin, begin + length);
  }
  if (!key.text()) return undefined_named("item");
  return of.dict() && !has_method(of, key.text()->bytes()) ? undefined_named(key.text()->bytes())
                                                           : attribute(of, key.text()->bytes());
}

namespace {

// Python's slice.indices: which of `size` items a slice takes, and in which order.
struct Indices {
  i64 begin, end, step;
};

Result<Indices> indices(const Value& first, const Value& last, const Value& by, i64 size) {
  const auto bound = [](const Value& v) -> Result<std::optional<i64>> {
    if (v.is_none()) return std::optional<i64>{};
    if (!v.integer()) return fail(Errc::corrupt, "a slice needs integers, found {}", v.type());
    return v.integer();
  };
  const i64 step = R1_TRY(bound(by)).value_or(1);
  if (step == 0) return fail(Errc::corrupt, "a slice with step 0");
  const i64 low = step < 0 ? -1 : 0, high = step < 0 ? size - 1 : size;
  const auto place = [&](std::optional<i64> v, i64 fallback) {
    if (!v) return fallback;
    const i64 at = *v < 0 ? (*v < -size ? -1 : *v + size) : *v;
    return std::min(std::max(at, low), high);
  };
  const i64 begin = place(R1_TRY(bound(first)), step < 0 ? high : low);
  const i64 end = place(R1_TRY(bound(last)), step < 0 ? low : high);
  return Indices{begin, end, step};
}

}  // namespace

Result<Value> Interpreter::slice(const Value& of, const Slice& e) {
  const auto part = [&](const ExpressionPtr& p) { return p ? evaluate(*p) : Result<Value>(Value(None{})); };
  const Value first = R1_TRY(part(e.begin)), last = R1_TRY(part(e.end)), by = R1_TRY(part(e.step));
  if (of.undefined()) return undefined_error(*of.undefined());
  if (!of.list() && !of.text()) return undefined_named("slice");
  if (const auto* items = of.list()) {
    const Indices at = R1_TRY(indices(first, last, by, static_cast<i64>(items->size())));
    R1_TRY(budget.work(items->size() * sizeof(Value)));
    std::vector<Value> chosen;
    for (i64 i = at.begin; at.step > 0 ? i < at.end : i > at.end;) {
      chosen.push_back((*items)[i]);
      if (__builtin_add_overflow(i, at.step, &i)) break;
    }
    return make_list(budget, std::move(chosen), of.is_tuple());
  }
  const Text& text = *of.text();
  const std::string_view bytes = text.bytes();
  R1_TRY(budget.work(2 * bytes.size()));
  const Indices at = R1_TRY(indices(first, last, by, static_cast<i64>(count_characters(bytes))));
  if (at.step == 1) {
    const size_t begin = byte_of_character(bytes, at.begin);
    const i64 length = std::max<i64>(at.end - at.begin, 0);
    return make_string(budget, text, begin, begin + byte_of_character(bytes.substr(begin), length));
  }
  std::vector<u32> places;  // the byte at which each character begins, and the end of the text
  R1_TRY(budget.hold(bytes.size() * sizeof(u32)));
  const MemoryCharge charge(&budget, bytes.size() * sizeof(u32));
  for (size_t byte = 0; byte < bytes.size(); byte += utf8_length(bytes.substr(byte)))
    places.push_back(static_cast<u32>(byte));
  places.push_back(static_cast<u32>(bytes.size()));
  Writer out(budget);
  for (i64 i = at.begin; at.step > 0 ? i < at.end : i > at.end;) {
    R1_TRY(out.add(text, places[i], places[i + 1]));
    if (__builtin_add_overflow(i, at.step, &i)) break;
  }
  return out.value();
}

Result<std::shared_ptr<const ListNode>> Interpreter::elements(const Value& value) {
  if (value.list()) return value.list_node();
  std::vector<Value> items;
  if (const auto* members = value.dict()) {
    for (const auto& member : *members) items.push_back(member.first);
  } else if (const Text* text = value.text()) {
    const std::string_view bytes = text->bytes();
    for (size_t byte = 0; byte < bytes.size();) {
      const size_t length = utf8_length(bytes.substr(byte));
      items.push_back(R1_TRY(make_string(budget, *text, byte, byte + length)));
      byte += length;
    }
  } else if (!value.undefined()) {
    return fail(Errc::corrupt, "a value of type {} cannot be looped over", value.type());
  }
  return R1_TRY(make_list(budget, std::move(items))).list_node();
}

Result<Value> Interpreter::string_of(const Value& value) {
  if (value.text()) return value;
  Writer out(budget);
  R1_TRY(print(out, value, budget));
  return out.value();
}

}  // namespace r1::jinja
