// What stands behind a dot: the methods of str, dict and list that only read, the members of namespaces and of `loop`.
// Templates get nothing else: no classes, no internals, nothing that changes a value.
#include <algorithm>

#include "formats/jinja/string_methods.hpp"

namespace r1::jinja {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<Value> dict_method(Interpreter& interp, const Value& self, std::string_view name, const Arguments& given) {
  const auto& members = *self.dict();
  if (name == "get") {
    const BoundArguments a = R1_TRY(BoundArguments::of(given, "key,default"));
    if (!a[0]) return fail(Errc::corrupt, "needs a key");
    if (const Value* found = R1_TRY(find_key(interp.budget, members, *a[0]))) return *found;
    return a[1] ? *a[1] : Value(None{});
  }
  R1_TRY(BoundArguments::of(given, ""));
  if (name == "copy") return self;
  std::vector<Value> items;
  items.reserve(members.size());
  for (const auto& [key, value] : members) {
    if (name == "keys") items.push_back(key);
    else if (name == "values") items.push_back(value);
    else items.push_back(R1_TRY(make_list(interp.budget, {key, value}, true)));
  }
  return make_list(interp.budget, std::move(items));
}

Result<Value> list_method(Interpreter& interp, const Value& self, std::string_view name, const Arguments& given) {
  if (name == "copy") return self;
  const BoundArguments a = R1_TRY(BoundArguments::of(given, "value"));
  if (!a[0]) return fail(Errc::corrupt, "needs a value");
  i64 found = 0;
  for (size_t i = 0; i < self.list()->size(); ++i) {
    if (!R1_TRY(equal(interp.budget, (*self.list())[i], *a[0]))) continue;
    if (name == "index") return Value(static_cast<i64>(i));
    ++found;
  }
  if (name == "index") return fail(Errc::corrupt, "the value is not in the list");
  return Value(found);
}

Value loop_member(const LoopNode& loop, std::string_view name) {
  const auto size = static_cast<i64>(loop.items->items.size()), at = static_cast<i64>(loop.index);
  if (name == "index") return Value(at + 1);
  if (name == "index0") return Value(at);
  if (name == "revindex") return Value(size - at);
  if (name == "revindex0") return Value(size - at - 1);
  if (name == "first") return Value(at == 0);
  if (name == "last") return Value(at + 1 == size);
  if (name == "length") return Value(size);
  if (name == "depth" || name == "depth0") return Value(i64{name == "depth"});  // deeper only in recursive loops
  if (name == "previtem" && at > 0) return loop.items->items[loop.index - 1];
  if (name == "nextitem" && at + 1 < size) return loop.items->items[loop.index + 1];
  return undefined_named(name);
}

}  // namespace

bool has_method(const Value& v, std::string_view name) {
  if (v.text()) return name == "format" || find_string_method(name);
  if (v.dict()) return is_one_of(name, {"get", "keys", "values", "items", "copy"});
  if (v.list()) return is_one_of(name, {"index", "count"}) || (name == "copy" && !v.is_tuple());
  return v.loop() && name == "cycle";
}

Result<Value> Interpreter::attribute(const Value& of, std::string_view wanted) {
  if (const Undefined* u = of.undefined())
    return fail(Errc::corrupt, "'{}' is undefined", u->name ? *u->name : "value");
  if (has_method(of, wanted)) {
    constexpr size_t kMethodBytes = 192;
    R1_TRY(budget.hold(kMethodBytes));
    return Value(std::make_shared<const CallableNode>(CallableNode{
        CallableNode::Kind::method, std::string(wanted), of, nullptr, nullptr, MemoryCharge(&budget, kMethodBytes)}));
  }
  if (const auto* members = of.dict()) {
    // Python's dicts have these methods, and Jinja's sandbox forbids them. They hide members of the same name.
    if (is_one_of(wanted, {"clear", "pop", "popitem", "setdefault", "update"})) return undefined_named(wanted);
    R1_TRY(budget.work(members->size() * 8));
    for (const auto& [key, value] : *members)
      if (key.text() && key.text()->bytes() == wanted) return value;
  } else if (of.space()) {
    if (const Value* found = (*of.space())->find(wanted)) return *found;
  } else if (of.loop()) {
    return loop_member(*of.loop(), wanted);
  }
  return undefined_named(wanted);
}

Result<Value> Interpreter::call_method(const Value& self, std::string_view wanted, const Arguments& given) {
  const auto named = [&](Result<Value> result) -> Result<Value> {
    if (result || failed_) return result;
    return tl::unexpected(std::move(result).error().in(wanted));
  };
  if (self.dict()) return named(dict_method(*this, self, wanted, given));
  if (self.list()) return named(list_method(*this, self, wanted, given));
  if (self.loop()) {
    if (given.positional.empty()) return fail(Errc::corrupt, "cycle: needs values");
    return given.positional[self.loop()->index % given.positional.size()];
  }
  if (wanted == "format") return named(brace_format(*this, *self.text(), given));
  const StringMethod& method = *find_string_method(wanted);
  auto bound = BoundArguments::of(given, method.parameters);
  if (!bound) return named(tl::unexpected(std::move(bound).error()));
  return named(method.call(*this, *self.text(), *bound));
}

}  // namespace r1::jinja
