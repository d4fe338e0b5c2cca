// Tests: value is name(arguments).
#include <algorithm>

#include "formats/jinja/interpreter.hpp"

namespace r1::jinja {
namespace {

using Test = Result<bool> (*)(Interpreter&, const Value&, const BoundArguments&);

Result<i64> whole(const Value& v) {
  if (!v.integer()) return fail(Errc::corrupt, "needs an integer, found {}", v.type());
  return *v.integer();
}
template <Operator operation>
Result<bool> compares(Interpreter& interp, const Value& v, const BoundArguments& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs another value");
  if constexpr (operation == Operator::eq) return equal(interp.budget, v, *a[0]);
  if constexpr (operation == Operator::ne) return !R1_TRY(equal(interp.budget, v, *a[0]));
  if constexpr (operation == Operator::in) return interp.contains(*a[0], v);
  const int order = R1_TRY(compare(interp.budget, v, *a[0]));
  if constexpr (operation == Operator::lt) return order < 0;
  if constexpr (operation == Operator::le) return order <= 0;
  if constexpr (operation == Operator::gt) return order > 0;
  return order >= 0;
}
Result<bool> is_divisible(Interpreter&, const Value& v, const BoundArguments& a) {
  const i64 by = a[0] ? R1_TRY(whole(*a[0])) : 0;
  if (by == 0) return fail(Errc::corrupt, "division by zero");
  return by == -1 || R1_TRY(whole(v)) % by == 0;
}
Result<bool> is_same(Interpreter& interp, const Value& v, const BoundArguments& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs another value");
  if (v.type() != a[0]->type()) return false;
  return v.list() || v.dict() ? v.same_object(*a[0]) : equal(interp.budget, v, *a[0]);
}
template <const char* method>
Result<bool> has_case(Interpreter& interp, const Value& v, const BoundArguments&) {
  return R1_TRY(interp.call_method(R1_TRY(interp.string_of(v)), method, {})).truth();
}
constexpr char kIsUpper[] = "isupper", kIsLower[] = "islower";

Result<bool> is_odd(Interpreter&, const Value& v, const BoundArguments&) { return R1_TRY(whole(v)) % 2 != 0; }
Result<bool> is_even(Interpreter&, const Value& v, const BoundArguments&) { return R1_TRY(whole(v)) % 2 == 0; }

bool is_iterable(const Value& v) { return v.text() || v.list() || v.dict() || v.undefined() || v.loop(); }

// A test that only looks at the value.
template <auto predicate>
Result<bool> holds(Interpreter&, const Value& v, const BoundArguments&) {
  return static_cast<bool>(predicate(v));
}

struct TestEntry {
  std::string_view name, parameters;
  Test test;
};
constexpr TestEntry kTests[] = {{"defined", "", holds<[](const Value& v) { return !v.undefined(); }>},
                                {"undefined", "", holds<[](const Value& v) { return v.undefined() != nullptr; }>},
                                {"none", "", holds<[](const Value& v) { return v.is_none(); }>},
                                {"string", "", holds<[](const Value& v) { return v.text() != nullptr; }>},
                                {"mapping", "", holds<[](const Value& v) { return v.dict() != nullptr; }>},
                                {"iterable", "", holds<[](const Value& v) { return is_iterable(v); }>},
                                {"sequence", "", holds<[](const Value& v) { return is_iterable(v) && !v.loop(); }>},
                                {"boolean", "", holds<[](const Value& v) { return v.boolean() != nullptr; }>},
                                {"true", "", holds<[](const Value& v) { return v.boolean() && *v.boolean(); }>},
                                {"false", "", holds<[](const Value& v) { return v.boolean() && !*v.boolean(); }>},
                                {"number", "", holds<[](const Value& v) { return v.number().has_value(); }>},
                                {"integer", "", holds<[](const Value& v) { return v.integer() && !v.boolean(); }>},
                                {"float", "", holds<[](const Value& v) { return v.real() != nullptr; }>},
                                {"callable", "", holds<[](const Value& v) { return v.callable() != nullptr; }>},
                                {"escaped", "", holds<[](const Value&) { return false; }>},
                                {"odd", "", is_odd},
                                {"even", "", is_even},
                                {"divisibleby", "num", is_divisible},
                                {"upper", "", has_case<kIsUpper>},
                                {"lower", "", has_case<kIsLower>},
                                {"sameas", "other", is_same},
                                {"in", "seq", compares<Operator::in>},
                                {"eq", "b", compares<Operator::eq>},
                                {"equalto", "b", compares<Operator::eq>},
                                {"==", "b", compares<Operator::eq>},
                                {"ne", "b", compares<Operator::ne>},
                                {"!=", "b", compares<Operator::ne>},
                                {"lt", "b", compares<Operator::lt>},
                                {"lessthan", "b", compares<Operator::lt>},
                                {"<", "b", compares<Operator::lt>},
                                {"le", "b", compares<Operator::le>},
                                {"<=", "b", compares<Operator::le>},
                                {"gt", "b", compares<Operator::gt>},
                                {"greaterthan", "b", compares<Operator::gt>},
                                {">", "b", compares<Operator::gt>},
                                {"ge", "b", compares<Operator::ge>},
                                {">=", "b", compares<Operator::ge>}};

}  // namespace

Result<bool> Interpreter::test(std::string_view wanted, const Value& value, const Arguments& given) {
  const TestEntry* const entry = std::ranges::find(kTests, wanted, &TestEntry::name);
  if (entry == std::end(kTests)) return fail(Errc::unsupported, "a test '{}' is not known here", wanted);
  auto result = [&]() -> Result<bool> {
    return entry->test(*this, value, R1_TRY(BoundArguments::of(given, entry->parameters)));
  }();
  if (result || failed_) return result;
  return tl::unexpected(std::move(result).error().in(fmt::format("test {}", wanted)));
}

}  // namespace r1::jinja
