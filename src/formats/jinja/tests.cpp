// value is test(arguments).
#include <algorithm>

#include "formats/jinja/run.hpp"

namespace r1::jinja {
namespace {

using Test = Result<bool> (*)(Run&, const Value&, const Bound&);

Result<i64> whole(const Value& v) {
  if (!v.integer()) return fail(Errc::corrupt, "needs an integer, found {}", v.type());
  return *v.integer();
}
template <Operator operation>
Result<bool> compares(Run& run, const Value& v, const Bound& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs another value");
  if constexpr (operation == Operator::eq) return equal(run.budget, v, *a[0]);
  if constexpr (operation == Operator::ne) return !R1_TRY(equal(run.budget, v, *a[0]));
  if constexpr (operation == Operator::in) return run.contains(*a[0], v);
  const int order = R1_TRY(compare(run.budget, v, *a[0]));
  if constexpr (operation == Operator::lt) return order < 0;
  if constexpr (operation == Operator::le) return order <= 0;
  if constexpr (operation == Operator::gt) return order > 0;
  return order >= 0;
}
Result<bool> is_divisible(Run&, const Value& v, const Bound& a) {
  const i64 by = a[0] ? R1_TRY(whole(*a[0])) : 0;
  if (by == 0) return fail(Errc::corrupt, "division by zero");
  return by == -1 || R1_TRY(whole(v)) % by == 0;
}
Result<bool> is_same(Run& run, const Value& v, const Bound& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs another value");
  if (v.type() != a[0]->type()) return false;
  return v.list() || v.dict() ? v.same_object(*a[0]) : equal(run.budget, v, *a[0]);
}
template <const char* method>
Result<bool> has_case(Run& run, const Value& v, const Bound&) {
  return R1_TRY(run.call_method(R1_TRY(run.string_of(v)), method, {})).truth();
}
constexpr char kIsUpper[] = "isupper", kIsLower[] = "islower";

bool is_iterable(const Value& v) { return v.text() || v.list() || v.dict() || v.undefined() || v.loop(); }

struct TestEntry {
  std::string_view name, parameters;
  Test test;
};
constexpr TestEntry kTests[] = {
    {"defined", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return !v.undefined(); }},
    {"undefined", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.undefined() != nullptr; }},
    {"none", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.is_none(); }},
    {"string", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.text() != nullptr; }},
    {"mapping", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.dict() != nullptr; }},
    {"iterable", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return is_iterable(v); }},
    {"sequence", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return is_iterable(v) && !v.loop(); }},
    {"boolean", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.boolean() != nullptr; }},
    {"true", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.boolean() && *v.boolean(); }},
    {"false", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.boolean() && !*v.boolean(); }},
    {"number", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.number().has_value(); }},
    {"integer", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.integer() && !v.boolean(); }},
    {"float", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.real() != nullptr; }},
    {"callable", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return v.callable() != nullptr; }},
    {"escaped", "", [](Run&, const Value&, const Bound&) -> Result<bool> { return false; }},
    {"odd", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return R1_TRY(whole(v)) % 2 != 0; }},
    {"even", "", [](Run&, const Value& v, const Bound&) -> Result<bool> { return R1_TRY(whole(v)) % 2 == 0; }},
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

Result<bool> Run::test(std::string_view wanted, const Value& value, const Arguments& given) {
  const TestEntry* const entry = std::ranges::find(kTests, wanted, &TestEntry::name);
  if (entry == std::end(kTests)) return fail(Errc::unsupported, "a test '{}' is not known here", wanted);
  auto result = [&]() -> Result<bool> {
    return entry->test(*this, value, R1_TRY(Bound::of(given, entry->parameters)));
  }();
  if (result || failed_) return result;
  return tl::unexpected(std::move(result).error().in(fmt::format("test {}", wanted)));
}

}  // namespace r1::jinja
