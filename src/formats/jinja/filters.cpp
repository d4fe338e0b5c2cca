// Filters: value|name(arguments).
#include <algorithm>
#include <charconv>
#include <cmath>

#include "formats/jinja/string_methods.hpp"
#include "formats/utf8.hpp"

namespace r1::jinja {
namespace {

using Filter = Result<Value> (*)(Interpreter&, const Value&, const BoundArguments&);

// A filter that does what a method of strings does.
template <const char* method>
Result<Value> by_method(Interpreter& interp, const Value& v, const BoundArguments&) {
  return interp.call_method(R1_TRY(interp.string_of(v)), method, {});
}
constexpr char kUpper[] = "upper", kLower[] = "lower", kCapitalize[] = "capitalize";

Result<Value> string(Interpreter& interp, const Value& v, const BoundArguments&) { return interp.string_of(v); }
Result<Value> unchanged(Interpreter&, const Value& v, const BoundArguments&) { return v; }

// Jinja's title, which differs from str.title: a capital follows white space, - and opening brackets.
Result<Value> title(Interpreter& interp, const Value& v, const BoundArguments&) {
  const Value held = R1_TRY(interp.string_of(v));
  const Text& text = *held.text();
  const std::string_view bytes = text.bytes();
  R1_TRY(interp.budget.work(64 * bytes.size()));
  Writer out(interp.budget);
  bool begins = true;
  for (size_t at = 0; at < bytes.size();) {
    const std::string_view c = bytes.substr(at, utf8_length(bytes.substr(at)));
    R1_TRY(out.add(begins ? upper(c) : lower(c), text.marked_at(at)));
    begins = is_space(utf8_code_point(c)) || c.find_first_of("-({[<") != c.npos;
    at += c.size();
  }
  return out.value();
}

Result<Value> trim(Interpreter& interp, const Value& v, const BoundArguments& a) {
  const Value held = R1_TRY(interp.string_of(v));
  return trimmed(interp, *held.text(), R1_TRY(a.text(0)), true, true);
}

Result<Value> replace(Interpreter& interp, const Value& v, const BoundArguments& a) {
  if (!a[0] || !a[1]) return fail(Errc::corrupt, "needs two strings");
  const Value text = R1_TRY(interp.string_of(v)), what = R1_TRY(interp.string_of(*a[0])),
              by = R1_TRY(interp.string_of(*a[1]));
  return replaced(interp, *text.text(), *what.text(), *by.text(), R1_TRY(a.integer(2, -1)));
}

Result<Value> escape(Interpreter& interp, const Value& v, const BoundArguments&) {
  const Value held = R1_TRY(interp.string_of(v));
  const Text& text = *held.text();
  Writer out(interp.budget);
  size_t done = 0;
  for (size_t at = 0; (at = text.bytes().find_first_of("&<>\"'", at)) != std::string::npos; done = ++at) {
    const char c = text.bytes()[at];
    R1_TRY(out.add(text, done, at));
    R1_TRY(out.add(c == '&'   ? "&amp;"
                   : c == '<' ? "&lt;"
                   : c == '>' ? "&gt;"
                   : c == '"' ? "&#34;"
                              : "&#39;",
                   text.marked_at(at)));
  }
  R1_TRY(out.add(text, done, text.size()));
  return out.value();
}

Result<Value> indent(Interpreter& interp, const Value& v, const BoundArguments& a) {
  const Value held = R1_TRY(interp.string_of(v));
  Text by(std::string(4, ' '));
  if (a[0] && a[0]->text()) by = *a[0]->text();
  else if (const i64 width = R1_TRY(a.integer(0, 4)); width >= 0 && width <= 1000) by = Text(std::string(width, ' '));
  else return fail(Errc::exhausted, "a width of {}, at most 1000", width);
  Text all = *held.text();
  all.append("\n", false);  // a line end at the end of the text then makes an empty line
  const std::vector<Value> lines = R1_TRY(lines_of(interp, all));
  Writer out(interp.budget);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i) R1_TRY(out.add("\n"));
    const bool indents = i == 0 ? a.truth(1) : a.truth(2) || !lines[i].text()->empty();
    if (indents) R1_TRY(out.add(by));
    R1_TRY(out.add(*lines[i].text()));
  }
  return out.value();
}

Result<Value> to_json(Interpreter& interp, const Value& v, const BoundArguments& a) {
  JsonStyle style;
  if (a[0] && a[0]->text()) {
    style.indent = a[0]->text()->bytes();
  } else if (a[0] && !a[0]->is_none()) {
    const i64 width = R1_TRY(a.integer(0, 0));
    if (width > 1000) return fail(Errc::exhausted, "an indent of {}, at most 1000", width);
    style.indent = std::string(std::max<i64>(width, 0), ' ');
  }
  if (style.indent) style.between_items = ",";
  if (a[1] && !a[1]->is_none()) {
    const auto parts = R1_TRY(interp.elements(*a[1]));
    if (parts->items.size() != 2 || !parts->items[0].text() || !parts->items[1].text())
      return fail(Errc::corrupt, "separators must be two strings");
    style.between_items = parts->items[0].text()->bytes(), style.after_key = parts->items[1].text()->bytes();
  }
  style.ascii = a.truth(2), style.sorted = a.truth(3);
  Writer out(interp.budget);
  R1_TRY(print_json(out, v, interp.budget, style));
  return out.value();
}

Result<Value> parsed_json(Interpreter& interp, const Value& v, const BoundArguments&) {
  constexpr size_t kMost = 1 << 20;
  const Text* text = v.text();
  if (!text) return fail(Errc::corrupt, "needs a string, found {}", v.type());
  if (text->size() > kMost) return fail(Errc::exhausted, "{} bytes of JSON, at most {}", text->size(), kMost);
  R1_TRY(interp.budget.work(16 * text->size()));
  return from_json(&interp.budget, R1_TRY(parse_json(text->bytes(), "JSON")),
                   text->changes() > 0 || text->marked_at(0));
}

// ---- numbers

// Python's int(text, base). The prefix 0x, 0o or 0b is allowed with its own base; with base 0 it decides the base.
std::optional<i64> parse_integer(std::string_view text, int base) {
  const bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  for (const auto& [letter, its] : {std::pair('x', 16), {'o', 8}, {'b', 2}}) {
    if (digits.size() < 3 || digits[0] != '0' || (digits[1] | 0x20) != letter || (base != its && base != 0)) continue;
    base = its, digits.remove_prefix(2);
    break;
  }
  const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  i64 value = 0;
  const char* const end = signed_digits.data() + signed_digits.size();
  const auto parsed = std::from_chars(signed_digits.data(), end, value, base ? base : 10);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == end && !digits.starts_with('-');
  return whole ? std::optional(value) : std::nullopt;
}

Result<Value> to_integer(Interpreter&, const Value& v, const BoundArguments& a) {
  if (v.integer()) return Value(*v.integer());
  std::string_view text;
  if (v.text()) {
    text = v.text()->bytes();
    text.remove_prefix(leading(text));
    text.remove_suffix(trailing(text));
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    const i64 base = R1_TRY(a.integer(1, 10));
    if (base != 0 && (base < 2 || base > 36)) return fail(Errc::corrupt, "base {}", base);
    if (const auto value = parse_integer(text, static_cast<int>(base))) return Value(*value);
  }
  double number = std::nan("");
  if (v.real()) number = *v.real();
  else if (const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
           text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    number = std::nan("");
  if (std::abs(number) < 9.2e18) return Value(static_cast<i64>(number));
  return a[0] ? *a[0] : Value(i64{0});
}

Result<Value> to_real(Interpreter&, const Value& v, const BoundArguments& a) {
  if (v.number()) return Value(*v.number());
  if (v.text()) {
    std::string_view text = v.text()->bytes();
    text.remove_prefix(leading(text));
    text.remove_suffix(trailing(text));
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return Value(value);
  }
  return a[0] ? *a[0] : Value(0.0);
}

Result<Value> absolute(Interpreter&, const Value& v, const BoundArguments&) {
  if (v.integer() && *v.integer() != std::numeric_limits<i64>::min()) return Value(std::abs(*v.integer()));
  if (v.real()) return Value(std::abs(*v.real()));
  return fail(Errc::corrupt, "needs a number, found {}", v.type());
}

Result<Value> round(Interpreter&, const Value& v, const BoundArguments& a) {
  if (!v.number()) return fail(Errc::corrupt, "needs a number, found {}", v.type());
  const i64 digits = R1_TRY(a.integer(0, 0));
  const Text* method = R1_TRY(a.text(1));
  if (digits < 0 || digits > 15) return fail(Errc::unsupported, "{} digits are not supported", digits);
  const double scale = std::pow(10.0, static_cast<double>(digits)), number = *v.number();
  if (!method || method->bytes() == "common") {
    if (v.integer()) return Value(*v.integer());
    // Python rounds the exact decimal value, halves to even. Printing with so many digits does the same.
    return Value(std::strtod(fmt::format("{:.{}f}", number, digits).c_str(), nullptr));
  }
  if (method->bytes() == "ceil") return Value(std::ceil(number * scale) / scale);
  if (method->bytes() == "floor") return Value(std::floor(number * scale) / scale);
  return fail(Errc::corrupt, "method must be common, ceil or floor");
}

// ---- sequences

Result<Value> length(Interpreter&, const Value& v, const BoundArguments&) {
  if (v.text()) return Value(static_cast<i64>(count_characters(v.text()->bytes())));
  if (v.list()) return Value(static_cast<i64>(v.list()->size()));
  if (v.dict()) return Value(static_cast<i64>(v.dict()->size()));
  if (v.undefined()) return Value(i64{0});
  return fail(Errc::corrupt, "a value of type {} has no length", v.type());
}

Result<Value> items(Interpreter& interp, const Value& v, const BoundArguments&) {
  if (v.undefined()) return make_list(interp.budget, {});
  if (!v.dict()) return fail(Errc::corrupt, "needs a mapping, found {}", v.type());
  return interp.call_method(v, "items", {});
}

Result<Value> list(Interpreter& interp, const Value& v, const BoundArguments&) {
  if (v.list() && !v.is_tuple()) return v;
  const auto all = R1_TRY(interp.elements(v));
  return make_list(interp.budget, all->items);
}

Result<Value> first(Interpreter& interp, const Value& v, const BoundArguments&) {
  const auto all = R1_TRY(interp.elements(v));
  return all->items.empty() ? undefined_named("the first item of nothing") : all->items.front();
}

Result<Value> last(Interpreter& interp, const Value& v, const BoundArguments&) {
  const auto all = R1_TRY(interp.elements(v));
  return all->items.empty() ? undefined_named("the last item of nothing") : all->items.back();
}

Result<Value> reverse(Interpreter& interp, const Value& v, const BoundArguments&) {
  const auto all = R1_TRY(interp.elements(v));
  R1_TRY(interp.budget.work(all->items.size() * sizeof(Value)));
  if (!v.text()) return make_list(interp.budget, {all->items.rbegin(), all->items.rend()});
  Writer out(interp.budget);
  for (auto c = all->items.rbegin(); c != all->items.rend(); ++c) R1_TRY(out.add(*c->text()));
  return out.value();
}

// The member of an item that an `attribute` argument names: "a.b", "0" or an integer.
Result<Value> by_attribute(Interpreter& interp, const Value& item, const Value& attribute) {
  if (attribute.integer()) return interp.item(item, attribute);
  if (!attribute.text()) return fail(Errc::corrupt, "an attribute must be a string or an integer");
  Value value = item;
  std::string_view path = attribute.text()->bytes();
  while (true) {
    const size_t dot = std::min(path.find('.'), path.size());
    const std::string_view part = path.substr(0, dot);
    i64 index = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool numeric = !part.empty() && parsed.ec == std::errc() && parsed.ptr == part.data() + part.size();
    value = R1_TRY(interp.item(value, numeric ? Value(index) : Value(Text(std::string(part)))));
    if (dot == path.size()) return value;
    path.remove_prefix(dot + 1);
  }
}

Result<Value> join(Interpreter& interp, const Value& v, const BoundArguments& a) {
  const auto all = R1_TRY(interp.elements(v));
  const Value separator = a[0] ? R1_TRY(interp.string_of(*a[0])) : Value(Text());
  Writer out(interp.budget);
  for (size_t i = 0; i < all->items.size(); ++i) {
    R1_TRY(interp.budget.work(64));
    if (i) R1_TRY(out.add(*separator.text()));
    if (a[1] && !a[1]->is_none()) R1_TRY(print(out, R1_TRY(by_attribute(interp, all->items[i], *a[1])), interp.budget));
    else R1_TRY(print(out, all->items[i], interp.budget));
  }
  return out.value();
}

// What an item is sorted by. Strings sort by their lower case, unless case matters.
Result<Value> sort_key(Interpreter& interp, const Value& item, const Value* attribute, bool case_matters) {
  R1_TRY(interp.budget.step());
  Value key = attribute && !attribute->is_none() ? R1_TRY(by_attribute(interp, item, *attribute)) : item;
  if (key.text() && !case_matters) return interp.call_method(key, "lower", {});
  return key;
}

struct Keyed {
  Value key, item;
};
Result<std::vector<Keyed>> keyed(Interpreter& interp, const Value& v, const Value* attribute, bool case_matters) {
  std::vector<Keyed> all;
  const auto elements = R1_TRY(interp.elements(v));
  for (const Value& item : elements->items)
    all.push_back({R1_TRY(sort_key(interp, item, attribute, case_matters)), item});
  return all;
}

Result<Value> sorted(Interpreter& interp, std::vector<Keyed> all, bool backwards) {
  Status status;
  const auto before = [&](const Keyed& a, const Keyed& b) {
    if (!status) return false;
    const auto order = backwards ? compare(interp.budget, b.key, a.key) : compare(interp.budget, a.key, b.key);
    if (!order) status = tl::unexpected(order.error());
    return order && *order < 0;
  };
  std::stable_sort(all.begin(), all.end(), before);
  R1_TRY(status);
  std::vector<Value> out;
  for (Keyed& k : all) out.push_back(std::move(k.item));
  return make_list(interp.budget, std::move(out));
}

Result<Value> sort(Interpreter& interp, const Value& v, const BoundArguments& a) {
  return sorted(interp, R1_TRY(keyed(interp, v, a[2], a.truth(1))), a.truth(0));
}

Result<Value> dict_sort(Interpreter& interp, const Value& v, const BoundArguments& a) {
  if (!v.dict()) return fail(Errc::corrupt, "needs a mapping, found {}", v.type());
  const Text* by = R1_TRY(a.text(1));
  if (by && by->bytes() != "key" && by->bytes() != "value") return fail(Errc::corrupt, "by must be key or value");
  const Value part(i64{by && by->bytes() == "value" ? 1 : 0});
  return sorted(interp, R1_TRY(keyed(interp, R1_TRY(interp.call_method(v, "items", {})), &part, a.truth(0))),
                a.truth(2));
}

Result<Value> unique(Interpreter& interp, const Value& v, const BoundArguments& a) {
  std::vector<Keyed> kept;
  std::vector<Value> out;
  for (Keyed& k : R1_TRY(keyed(interp, v, a[1], a.truth(0)))) {
    bool known = false;
    for (size_t i = 0; i < kept.size() && !known; ++i) known = R1_TRY(equal(interp.budget, kept[i].key, k.key));
    if (known) continue;
    out.push_back(k.item);
    kept.push_back(std::move(k));
  }
  return make_list(interp.budget, std::move(out));
}

template <int sign>
Result<Value> extreme(Interpreter& interp, const Value& v, const BoundArguments& a) {
  const std::vector<Keyed> all = R1_TRY(keyed(interp, v, a[1], a.truth(0)));
  if (all.empty()) return undefined_named("the extreme of nothing");
  size_t best = 0;
  for (size_t i = 1; i < all.size(); ++i)
    if (R1_TRY(compare(interp.budget, all[i].key, all[best].key)) * sign > 0) best = i;
  return all[best].item;
}

Result<Value> sum(Interpreter& interp, const Value& v, const BoundArguments& a) {
  Value total = a[1] ? *a[1] : Value(i64{0});
  const auto elements = R1_TRY(interp.elements(v));
  for (const Value& item : elements->items) {
    R1_TRY(interp.budget.step());
    total = R1_TRY(interp.arithmetic(Operator::add, total,
                                     a[0] && !a[0]->is_none() ? R1_TRY(by_attribute(interp, item, *a[0])) : item));
  }
  return total;
}

Result<Value> otherwise(Interpreter&, const Value& v, const BoundArguments& a) {
  const bool lacks = v.undefined() || (a.truth(1) && !v.truth());
  return !lacks ? v : a[0] ? *a[0] : Value(Text());
}

Result<Value> attribute(Interpreter& interp, const Value& v, const BoundArguments& a) {
  const Text* name = R1_TRY(a.text(0));
  if (!name) return fail(Errc::corrupt, "needs a name");
  return v.dict() ? undefined_named(name->bytes()) : interp.attribute(v, name->bytes());
}

struct FilterEntry {
  std::string_view name, parameters;
  Filter filter;
};
constexpr FilterEntry kFilters[] = {{"abs", "", absolute},
                                    {"attr", "name", attribute},
                                    {"capitalize", "", by_method<kCapitalize>},
                                    {"count", "", length},
                                    {"d", "default_value,boolean", otherwise},
                                    {"default", "default_value,boolean", otherwise},
                                    {"dictsort", "case_sensitive,by,reverse", dict_sort},
                                    {"e", "", escape},
                                    {"escape", "", escape},
                                    {"first", "", first},
                                    {"float", "default", to_real},
                                    {"from_json", "", parsed_json},
                                    {"indent", "width,first,blank", indent},
                                    {"int", "default,base", to_integer},
                                    {"items", "", items},
                                    {"join", "d,attribute", join},
                                    {"last", "", last},
                                    {"length", "", length},
                                    {"list", "", list},
                                    {"lower", "", by_method<kLower>},
                                    {"max", "case_sensitive,attribute", extreme<1>},
                                    {"min", "case_sensitive,attribute", extreme<-1>},
                                    {"replace", "old,new,count", replace},
                                    {"reverse", "", reverse},
                                    {"round", "precision,method", round},
                                    {"safe", "", unchanged},
                                    {"sort", "reverse,case_sensitive,attribute", sort},
                                    {"string", "", string},
                                    {"sum", "attribute,start", sum},
                                    {"title", "", title},
                                    {"tojson", "indent,separators,ensure_ascii,sort_keys", to_json},
                                    {"trim", "chars", trim},
                                    {"unique", "case_sensitive,attribute", unique},
                                    {"upper", "", by_method<kUpper>}};

// ---- filters that call other filters and tests

Arguments without_first(const Arguments& given, size_t n) {
  Arguments rest = given;
  rest.positional.erase(rest.positional.begin(), rest.positional.begin() + static_cast<std::ptrdiff_t>(n));
  return rest;
}

// map(attribute='a', default=b) or map('filter', ...)
Result<Value> map(Interpreter& interp, const Value& v, const Arguments& given) {
  std::vector<Value> out;
  const bool by_name = !given.positional.empty();
  if (by_name && !given.positional[0].text()) return fail(Errc::corrupt, "needs a filter's name");
  const BoundArguments a = by_name ? BoundArguments() : R1_TRY(BoundArguments::of(given, "attribute,default"));
  if (!by_name && !a[0]) return fail(Errc::corrupt, "needs a filter or an attribute");
  const Arguments rest = by_name ? without_first(given, 1) : Arguments{};
  const auto elements = R1_TRY(interp.elements(v));
  for (const Value& item : elements->items) {
    R1_TRY(interp.budget.step());
    Value value = by_name ? R1_TRY(interp.filter(given.positional[0].text()->bytes(), item, rest))
                          : R1_TRY(by_attribute(interp, item, *a[0]));
    if (value.undefined() && a[1]) value = *a[1];
    out.push_back(std::move(value));
  }
  return make_list(interp.budget, std::move(out));
}

// select and reject, which test the item; selectattr and rejectattr, which test one of its attributes.
Result<Value> choose(Interpreter& interp, const Value& v, const Arguments& given, bool keep, bool of_attribute) {
  const size_t before = of_attribute ? 1 : 0;
  if (given.positional.size() < before) return fail(Errc::corrupt, "needs an attribute's name");
  const bool tests = given.positional.size() > before;
  if (tests && !given.positional[before].text()) return fail(Errc::corrupt, "needs a test's name");
  const Arguments rest = tests ? without_first(given, before + 1) : Arguments{};
  std::vector<Value> out;
  const auto elements = R1_TRY(interp.elements(v));
  for (const Value& item : elements->items) {
    R1_TRY(interp.budget.step());
    const Value seen = of_attribute ? R1_TRY(by_attribute(interp, item, given.positional[0])) : item;
    const bool holds = tests ? R1_TRY(interp.test(given.positional[before].text()->bytes(), seen, rest)) : seen.truth();
    if (holds == keep) out.push_back(item);
  }
  return make_list(interp.budget, std::move(out));
}

}  // namespace

Result<Value> Interpreter::filter(std::string_view wanted, const Value& value, const Arguments& given) {
  const auto in_filter = [&](Result<Value> result) -> Result<Value> {
    if (result || failed_) return result;
    return tl::unexpected(std::move(result).error().in(fmt::format("filter {}", wanted)));
  };
  if (wanted == "map") return in_filter(map(*this, value, given));
  if (wanted == "select" || wanted == "reject")
    return in_filter(choose(*this, value, given, wanted == "select", false));
  if (wanted == "selectattr" || wanted == "rejectattr")
    return in_filter(choose(*this, value, given, wanted == "selectattr", true));
  if (wanted == "format") {
    const Value text = R1_TRY(string_of(value));
    return in_filter(percent_format(*this, *text.text(), R1_TRY(make_list(budget, given.positional, true))));
  }
  const FilterEntry* const entry = std::ranges::find(kFilters, wanted, &FilterEntry::name);
  if (entry == std::end(kFilters)) return fail(Errc::unsupported, "a filter '{}' is not known here", wanted);
  auto bound = BoundArguments::of(given, entry->parameters);
  if (!bound) return in_filter(tl::unexpected(std::move(bound).error()));
  return in_filter(entry->filter(*this, value, *bound));
}

}  // namespace r1::jinja
