// What hangs on a value by a dot: the methods of Python's str, dict and list that read, the members of namespaces and
// of `loop`. Nothing else: no classes, no internals, nothing that changes a value.
#include <algorithm>

#include "formats/jinja/run.hpp"
#include "formats/utf8.hpp"

namespace r1::jinja {

// What looking at a character costs, in the bytes of Budget::work: decoding, tables, a branch or two.
constexpr u64 kPerCharacter = 32;

Result<Bound> Bound::of(const Arguments& arguments, std::string_view parameters) {
  Bound bound;
  std::vector<std::string_view> names;
  while (!parameters.empty()) {
    const size_t comma = std::min(parameters.find(','), parameters.size());
    names.push_back(parameters.substr(0, comma));
    parameters.remove_prefix(std::min(comma + 1, parameters.size()));
  }
  if (arguments.positional.size() > names.size())
    return fail(Errc::corrupt, "takes at most {} arguments, given {}", names.size(), arguments.positional.size());
  for (size_t i = 0; i < arguments.positional.size(); ++i) bound.values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto at = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (at == names.size() || bound.values_[at]) return fail(Errc::corrupt, "does not take the argument {}", name);
    bound.values_[at] = &value;
  }
  return bound;
}

Result<i64> Bound::integer(size_t i, i64 fallback) const {
  if (!values_[i] || values_[i]->is_none()) return fallback;
  if (!values_[i]->integer()) return fail(Errc::corrupt, "needs an integer, found {}", values_[i]->type());
  return *values_[i]->integer();
}

Result<const Text*> Bound::text(size_t i) const {
  if (!values_[i] || values_[i]->is_none()) return nullptr;
  if (!values_[i]->text()) return fail(Errc::corrupt, "needs a string, found {}", values_[i]->type());
  return values_[i]->text();
}

Result<Value> trimmed(Run& run, const Text& text, const Text* set, bool left, bool right) {
  const std::string_view bytes = text.bytes();
  std::string_view characters;
  if (set) characters = set->bytes();
  R1_TRY(run.budget.work(bytes.size() * (1 + characters.size())));
  const std::string_view* chosen = set ? &characters : nullptr;
  const size_t begin = left ? leading(bytes, chosen) : 0;
  const size_t end = right ? bytes.size() - trailing(bytes.substr(begin), chosen) : bytes.size();
  return make_string(run.budget, text, begin, end);
}

Result<Value> replaced(Run& run, const Text& text, const Text& what, const Text& by, i64 count) {
  const std::string_view bytes = text.bytes();
  R1_TRY(run.budget.work(bytes.size()));
  Writer out(run.budget);
  size_t done = 0, from = 0;
  for (; count != 0; --count) {
    const size_t at = find_first(bytes, what.bytes(), from);
    if (at == bytes.npos) break;
    R1_TRY(run.budget.work(64));
    R1_TRY(out.add(text, done, at));
    R1_TRY(out.add(by));
    done = at + what.size();
    if (what.empty() && at == bytes.size()) break;
    from = what.empty() ? at + utf8_length(bytes.substr(at)) : done;
  }
  R1_TRY(out.add(text, done, bytes.size()));
  return out.value();
}

Result<std::vector<Value>> lines_of(Run& run, const Text& text) {
  const std::string_view bytes = text.bytes();
  R1_TRY(run.budget.work(kPerCharacter * bytes.size()));
  std::vector<Value> lines;
  for (size_t begin = 0; begin < bytes.size();) {
    size_t end = begin, after = bytes.size();
    for (; end < bytes.size(); end += utf8_length(bytes.substr(end))) {
      const u32 c = utf8_code_point(bytes.substr(end));
      if (!(c >= 0xa && c <= 0xd) && !(c >= 0x1c && c <= 0x1e) && c != 0x85 && c != 0x2028 && c != 0x2029) continue;
      after = end + (bytes.substr(end, 2) == "\r\n" ? 2 : utf8_length(bytes.substr(end)));
      break;
    }
    lines.push_back(R1_TRY(make_string(run.budget, text, begin, end)));
    begin = after;
  }
  return lines;
}

namespace {

using StringMethod = Result<Value> (*)(Run&, const Text&, const Bound&);

// Every character through `map`, which sees the one before it (0 at the start).
template <class Map>
Result<Value> mapped(Run& run, const Text& text, Map map) {
  const std::string_view bytes = text.bytes();
  R1_TRY(run.budget.work(2 * kPerCharacter * bytes.size()));
  Writer out(run.budget);
  u32 before = 0;
  for (size_t at = 0; at < bytes.size();) {
    const std::string_view character = bytes.substr(at, utf8_length(bytes.substr(at)));
    R1_TRY(out.add(map(character, before), text.marked_at(at)));
    before = utf8_code_point(character);
    at += character.size();
  }
  return out.value();
}

bool is_cased(u32 c) {
  std::string character;
  append_utf8(c, character);
  return upper(character) != lower(character);
}

Result<Value> title(Run& run, const Text& text, const Bound&) {
  return mapped(run, text, [](std::string_view c, u32 before) { return is_cased(before) ? lower(c) : upper(c); });
}
Result<Value> capitalize(Run& run, const Text& text, const Bound&) {
  bool first = true;
  return mapped(run, text, [&](std::string_view c, u32) { return std::exchange(first, false) ? upper(c) : lower(c); });
}
Result<Value> swap_case(Run& run, const Text& text, const Bound&) {
  return mapped(run, text, [](std::string_view c, u32) { return upper(c) == c ? lower(c) : upper(c); });
}
template <std::string (*change)(std::string_view)>
Result<Value> changed(Run& run, const Text& text, const Bound&) {
  R1_TRY(run.budget.work(kPerCharacter * text.size()));
  Writer out(run.budget);
  Status added;
  text.for_each_run([&](size_t begin, size_t end, bool marked) {
    if (added) added = out.add(change(std::string_view(text.bytes()).substr(begin, end - begin)), marked);
  });
  R1_TRY(added);
  return out.value();
}

template <bool left, bool right>
Result<Value> strip(Run& run, const Text& text, const Bound& a) {
  return trimmed(run, text, R1_TRY(a.text(0)), left, right);
}

// The texts between the cuts, given as [begin, end) in ascending order.
Result<Value> pieces(Run& run, const Text& text, const std::vector<std::pair<size_t, size_t>>& kept) {
  std::vector<Value> parts;
  for (const auto& [begin, end] : kept) parts.push_back(R1_TRY(make_string(run.budget, text, begin, end)));
  return make_list(run.budget, std::move(parts));
}

// By white space, from the left or from the right.
std::vector<std::pair<size_t, size_t>> words(std::string_view bytes, i64 most, bool from_right) {
  std::vector<std::pair<size_t, size_t>> kept;
  size_t begin = from_right ? 0 : leading(bytes), end = bytes.size() - (from_right ? trailing(bytes) : 0);
  const auto space = [&](size_t at) { return is_space(utf8_code_point(bytes.substr(at))); };
  const auto previous = [&](size_t at) {
    do --at;
    while (at > 0 && (static_cast<u8>(bytes[at]) & 0xC0) == 0x80);
    return at;
  };
  while (begin < end && static_cast<i64>(kept.size()) < most) {
    size_t cut = from_right ? end : begin;
    if (from_right) {
      while (cut > begin && !space(previous(cut))) cut = previous(cut);
      if (cut == begin) break;
      kept.emplace_back(cut, end);
      end = cut - trailing(bytes.substr(0, cut));
    } else {
      while (cut < end && !space(cut)) cut += utf8_length(bytes.substr(cut));
      if (cut == end) break;
      kept.emplace_back(begin, cut);
      begin = cut + leading(bytes.substr(cut));
    }
  }
  if (begin < end) kept.emplace_back(begin, end);
  if (from_right) std::reverse(kept.begin(), kept.end());
  return kept;
}

std::vector<std::pair<size_t, size_t>> between(std::string_view bytes, const std::string& separator, i64 most,
                                               bool from_right) {
  std::vector<std::pair<size_t, size_t>> kept;
  const size_t size = bytes.size();
  std::string turned, turned_separator;
  if (from_right)
    turned.assign(bytes.rbegin(), bytes.rend()), turned_separator.assign(separator.rbegin(), separator.rend());
  const std::string_view all = from_right ? std::string_view(turned) : bytes;
  size_t begin = 0;
  while (static_cast<i64>(kept.size()) < most) {
    const size_t at = find_first(all, from_right ? turned_separator : separator, begin);
    if (at == all.npos) break;
    kept.emplace_back(begin, at);
    begin = at + separator.size();
  }
  kept.emplace_back(begin, size);
  if (from_right) {
    for (auto& [b, e] : kept) b = size - b, e = size - e, std::swap(b, e);
    std::reverse(kept.begin(), kept.end());
  }
  return kept;
}

template <bool from_right>
Result<Value> split(Run& run, const Text& text, const Bound& a) {
  const Text* separator = R1_TRY(a.text(0));
  const auto cap = static_cast<i64>(run.budget.limits.memory / 128);  // more parts than there is memory for
  const i64 asked = R1_TRY(a.integer(1, -1)), most = asked < 0 ? cap : std::min(asked, cap);
  R1_TRY(run.budget.work((separator ? 4 : kPerCharacter) * text.size()));
  if (!separator) return pieces(run, text, words(text.bytes(), most, from_right));
  if (separator->empty()) return fail(Errc::corrupt, "an empty separator");
  return pieces(run, text, between(text.bytes(), separator->bytes(), most, from_right));
}

template <bool last>
Result<Value> partition(Run& run, const Text& text, const Bound& a) {
  const Text* separator = R1_TRY(a.text(0));
  if (!separator || separator->empty()) return fail(Errc::corrupt, "needs a separator");
  R1_TRY(run.budget.work(2 * text.size()));
  const size_t size = text.size();
  size_t at = last ? find_last(text.bytes(), separator->bytes()) : find_first(text.bytes(), separator->bytes());
  size_t after = at + separator->size();
  if (at == std::string::npos) at = after = last ? 0 : size;
  std::vector<Value> parts;
  for (const auto& [begin, end] : {std::pair{size_t{0}, at}, {at, after}, {after, size}})
    parts.push_back(R1_TRY(make_string(run.budget, text, begin, end)));
  return make_list(run.budget, std::move(parts), true);
}

Result<Value> split_lines(Run& run, const Text& text, const Bound& a) {
  if (a.truth(0)) return fail(Errc::unsupported, "keepends is not supported");
  return make_list(run.budget, R1_TRY(lines_of(run, text)));
}

template <bool end>
Result<Value> starts(Run& run, const Text& text, const Bound& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs a string");
  const std::vector<Value> one{*a[0]};
  for (const Value& affix : a[0]->is_tuple() ? *a[0]->list() : one) {
    if (!affix.text()) return fail(Errc::corrupt, "needs a string, found {}", affix.type());
    R1_TRY(run.budget.work(affix.text()->size()));
    const std::string& bytes = affix.text()->bytes();
    if (end ? text.bytes().ends_with(bytes) : text.bytes().starts_with(bytes)) return Value(true);
  }
  return Value(false);
}

template <bool end>
Result<Value> without(Run& run, const Text& text, const Bound& a) {
  const Text* affix = R1_TRY(a.text(0));
  if (!affix) return fail(Errc::corrupt, "needs a string");
  const bool there = end ? text.bytes().ends_with(affix->bytes()) : text.bytes().starts_with(affix->bytes());
  const size_t cut = there ? affix->size() : 0;
  return make_string(run.budget, text, end ? 0 : cut, text.size() - (end ? cut : 0));
}

Result<i64> place(Run& run, const Text& text, const Bound& a, bool last) {
  const Text* what = R1_TRY(a.text(0));
  if (!what) return fail(Errc::corrupt, "needs a string");
  R1_TRY(run.budget.work(2 * text.size()));
  const size_t at = last ? find_last(text.bytes(), what->bytes()) : find_first(text.bytes(), what->bytes());
  if (at == std::string::npos) return -1;
  return static_cast<i64>(count_characters(std::string_view(text.bytes()).substr(0, at)));
}
template <bool last>
Result<Value> find(Run& run, const Text& text, const Bound& a) {
  return Value(R1_TRY(place(run, text, a, last)));
}
template <bool last>
Result<Value> index(Run& run, const Text& text, const Bound& a) {
  const i64 at = R1_TRY(place(run, text, a, last));
  if (at < 0) return fail(Errc::corrupt, "substring not found");
  return Value(at);
}

Result<Value> count(Run& run, const Text& text, const Bound& a) {
  const Text* what = R1_TRY(a.text(0));
  if (!what) return fail(Errc::corrupt, "needs a string");
  R1_TRY(run.budget.work(2 * text.size()));
  if (what->empty()) return Value(static_cast<i64>(count_characters(text.bytes())) + 1);
  i64 n = 0;
  for (size_t at = find_first(text.bytes(), what->bytes()); at != std::string::npos; ++n)
    at = find_first(text.bytes(), what->bytes(), at + what->size());
  return Value(n);
}

Result<Value> replace(Run& run, const Text& text, const Bound& a) {
  const Text *what = R1_TRY(a.text(0)), *by = R1_TRY(a.text(1));
  if (!what || !by) return fail(Errc::corrupt, "needs two strings");
  return replaced(run, text, *what, *by, R1_TRY(a.integer(2, -1)));
}

Result<Value> join(Run& run, const Text& text, const Bound& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs a list");
  const auto items = R1_TRY(run.elements(*a[0]));
  Writer out(run.budget);
  for (size_t i = 0; i < items->items.size(); ++i) {
    const Text* item = items->items[i].text();
    if (!item) return fail(Errc::corrupt, "item {} is no string but {}", i, items->items[i].type());
    if (i) R1_TRY(out.add(text));
    R1_TRY(out.add(*item));
  }
  return out.value();
}

// Padding on both sides, left before right if it does not come out even as Python has it.
template <int left_share, int right_share>
Result<Value> padded(Run& run, const Text& text, const Bound& a) {
  const i64 width = R1_TRY(a.integer(0, 0)), length = static_cast<i64>(count_characters(text.bytes()));
  const Text* fill = R1_TRY(a.text(1));
  if (fill && count_characters(fill->bytes()) != 1) return fail(Errc::corrupt, "fills with one character");
  const i64 pad = std::max<i64>(width - length, 0);
  if (static_cast<u64>(pad) > run.budget.limits.repeat) return fail(Errc::exhausted, "a width of {}", width);
  const i64 both = left_share + right_share;
  const i64 left = both == 1 ? pad * left_share : pad / 2 + (pad & width & 1);
  Writer out(run.budget);
  for (i64 i = 0; i < left; ++i) R1_TRY(out.add(fill ? fill->bytes() : " "));
  R1_TRY(out.add(text));
  for (i64 i = left; i < pad; ++i) R1_TRY(out.add(fill ? fill->bytes() : " "));
  return out.value();
}

Result<Value> zero_filled(Run& run, const Text& text, const Bound& a) {
  const i64 pad = R1_TRY(a.integer(0, 0)) - static_cast<i64>(count_characters(text.bytes()));
  if (pad > 0 && static_cast<u64>(pad) > run.budget.limits.repeat) return fail(Errc::exhausted, "{} zeros", pad);
  const size_t sign = !text.empty() && (text.bytes()[0] == '-' || text.bytes()[0] == '+') ? 1 : 0;
  Writer out(run.budget);
  R1_TRY(out.add(text, 0, sign));
  for (i64 i = 0; i < pad; ++i) R1_TRY(out.add("0"));
  R1_TRY(out.add(text, sign, text.size()));
  return out.value();
}

template <bool (*holds)(u32)>
Result<Value> all_are(Run& run, const Text& text, const Bound&) {
  R1_TRY(run.budget.work(kPerCharacter * text.size()));
  std::string_view rest = text.bytes();
  for (; !rest.empty(); rest.remove_prefix(utf8_length(rest)))
    if (!holds(utf8_code_point(rest))) return Value(false);
  return Value(!text.empty());
}
bool is_decimal(u32 c) { return class_of(c) == CharacterClass::decimal; }
bool is_numeric(u32 c) { return is_decimal(c) || class_of(c) == CharacterClass::numeric; }
bool is_letter(u32 c) { return class_of(c) == CharacterClass::letter; }
bool is_alphanumeric(u32 c) { return class_of(c) != CharacterClass::other; }
template <std::string (*same)(std::string_view), std::string (*other)(std::string_view)>
Result<Value> is_case(Run& run, const Text& text, const Bound&) {
  R1_TRY(run.budget.work(2 * kPerCharacter * text.size()));
  return Value(same(text.bytes()) == text.bytes() && other(text.bytes()) != text.bytes());
}

struct Entry {
  std::string_view name, parameters;
  StringMethod method;
};
constexpr Entry kStringMethods[] = {{"strip", "chars", strip<true, true>},
                                    {"lstrip", "chars", strip<true, false>},
                                    {"rstrip", "chars", strip<false, true>},
                                    {"split", "sep,maxsplit", split<false>},
                                    {"rsplit", "sep,maxsplit", split<true>},
                                    {"splitlines", "keepends", split_lines},
                                    {"partition", "sep", partition<false>},
                                    {"rpartition", "sep", partition<true>},
                                    {"startswith", "prefix", starts<false>},
                                    {"endswith", "suffix", starts<true>},
                                    {"removeprefix", "prefix", without<false>},
                                    {"removesuffix", "suffix", without<true>},
                                    {"replace", "old,new,count", replace},
                                    {"find", "sub", find<false>},
                                    {"rfind", "sub", find<true>},
                                    {"index", "sub", index<false>},
                                    {"rindex", "sub", index<true>},
                                    {"count", "sub", count},
                                    {"join", "iterable", join},
                                    {"upper", "", changed<upper>},
                                    {"lower", "", changed<lower>},
                                    {"casefold", "", changed<lower>},
                                    {"title", "", title},
                                    {"capitalize", "", capitalize},
                                    {"swapcase", "", swap_case},
                                    {"center", "width,fillchar", padded<1, 1>},
                                    {"ljust", "width,fillchar", padded<0, 1>},
                                    {"rjust", "width,fillchar", padded<1, 0>},
                                    {"zfill", "width", zero_filled},
                                    {"isspace", "", all_are<is_space>},
                                    {"isalpha", "", all_are<is_letter>},
                                    {"isalnum", "", all_are<is_alphanumeric>},
                                    {"isdecimal", "", all_are<is_decimal>},
                                    {"isdigit", "", all_are<is_decimal>},
                                    {"isnumeric", "", all_are<is_numeric>},
                                    {"isupper", "", is_case<upper, lower>},
                                    {"islower", "", is_case<lower, upper>}};

const Entry* string_method(std::string_view name) {
  const auto* found = std::find_if(std::begin(kStringMethods), std::end(kStringMethods),
                                   [&](const Entry& e) { return e.name == name; });
  return found == std::end(kStringMethods) ? nullptr : found;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<Value> dict_method(Run& run, const Value& self, std::string_view name, const Arguments& given) {
  const auto& members = *self.dict();
  if (name == "get") {
    const Bound a = R1_TRY(Bound::of(given, "key,default"));
    if (!a[0]) return fail(Errc::corrupt, "needs a key");
    if (const Value* found = R1_TRY(find_key(run.budget, members, *a[0]))) return *found;
    return a[1] ? *a[1] : Value(None{});
  }
  R1_TRY(Bound::of(given, ""));
  if (name == "copy") return self;
  std::vector<Value> items;
  items.reserve(members.size());
  for (const auto& [key, value] : members) {
    if (name == "keys") items.push_back(key);
    else if (name == "values") items.push_back(value);
    else items.push_back(R1_TRY(make_list(run.budget, {key, value}, true)));
  }
  return make_list(run.budget, std::move(items));
}

Result<Value> list_method(Run& run, const Value& self, std::string_view name, const Arguments& given) {
  if (name == "copy") return self;
  const Bound a = R1_TRY(Bound::of(given, "value"));
  if (!a[0]) return fail(Errc::corrupt, "needs a value");
  i64 found = 0;
  for (size_t i = 0; i < self.list()->size(); ++i) {
    if (!R1_TRY(equal(run.budget, (*self.list())[i], *a[0]))) continue;
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
  if (name == "depth" || name == "depth0") return Value(i64{name == "depth"});  // more only in recursive loops
  if (name == "previtem" && at > 0) return loop.items->items[loop.index - 1];
  if (name == "nextitem" && at + 1 < size) return loop.items->items[loop.index + 1];
  return undefined_named(name);
}

}  // namespace

bool has_method(const Value& v, std::string_view name) {
  if (v.text()) return name == "format" || string_method(name);
  if (v.dict()) return is_one_of(name, {"get", "keys", "values", "items", "copy"});
  if (v.list()) return is_one_of(name, {"index", "count"}) || (name == "copy" && !v.is_tuple());
  return v.loop() && name == "cycle";
}

Result<Value> Run::attribute(const Value& of, std::string_view wanted) {
  if (const Undefined* u = of.undefined())
    return fail(Errc::corrupt, "'{}' is undefined", u->name ? *u->name : "value");
  if (has_method(of, wanted)) {
    constexpr size_t kMethodBytes = 192;
    R1_TRY(budget.hold(kMethodBytes));
    return Value(std::make_shared<const CallableNode>(CallableNode{CallableNode::Kind::method, std::string(wanted), of,
                                                                   nullptr, nullptr, Held(&budget, kMethodBytes)}));
  }
  if (const auto* members = of.dict()) {
    // What Python's dicts have and a sandbox keeps back hides a member of that name.
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

Result<Value> Run::call_method(const Value& self, std::string_view wanted, const Arguments& given) {
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
  const Entry& entry = *string_method(wanted);
  auto bound = Bound::of(given, entry.parameters);
  if (!bound) return named(tl::unexpected(std::move(bound).error()));
  return named(entry.method(*this, *self.text(), *bound));
}

}  // namespace r1::jinja
