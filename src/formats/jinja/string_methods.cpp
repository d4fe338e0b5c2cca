#include "formats/jinja/string_methods.hpp"

#include <algorithm>

#include "formats/utf8.hpp"

namespace r1::jinja {

// The cost of looking at one character, in units of Budget::work: decoding, table look-ups, a branch or two.
constexpr u64 kPerCharacter = 32;

Result<Value> trimmed(Interpreter& interp, const Text& text, const Text* set, bool left, bool right) {
  const std::string_view bytes = text.bytes();
  std::string_view characters;
  if (set) characters = set->bytes();
  R1_TRY(interp.budget.work(bytes.size() * (1 + characters.size())));
  const std::string_view* chosen = set ? &characters : nullptr;
  const size_t begin = left ? leading(bytes, chosen) : 0;
  const size_t end = right ? bytes.size() - trailing(bytes.substr(begin), chosen) : bytes.size();
  return make_string(interp.budget, text, begin, end);
}

Result<Value> replaced(Interpreter& interp, const Text& text, const Text& what, const Text& by, i64 count) {
  const std::string_view bytes = text.bytes();
  R1_TRY(interp.budget.work(bytes.size()));
  Writer out(interp.budget);
  size_t done = 0, from = 0;
  for (; count != 0; --count) {
    const size_t at = find_first(bytes, what.bytes(), from);
    if (at == bytes.npos) break;
    R1_TRY(interp.budget.work(64));
    R1_TRY(out.add(text, done, at));
    R1_TRY(out.add(by));
    done = at + what.size();
    if (what.empty() && at == bytes.size()) break;
    from = what.empty() ? at + utf8_length(bytes.substr(at)) : done;
  }
  R1_TRY(out.add(text, done, bytes.size()));
  return out.value();
}

Result<std::vector<Value>> lines_of(Interpreter& interp, const Text& text) {
  const std::string_view bytes = text.bytes();
  R1_TRY(interp.budget.work(kPerCharacter * bytes.size()));
  std::vector<Value> lines;
  for (size_t begin = 0; begin < bytes.size();) {
    size_t end = begin, after = bytes.size();
    for (; end < bytes.size(); end += utf8_length(bytes.substr(end))) {
      const u32 c = utf8_code_point(bytes.substr(end));
      if (!(c >= 0xa && c <= 0xd) && !(c >= 0x1c && c <= 0x1e) && c != 0x85 && c != 0x2028 && c != 0x2029) continue;
      after = end + (bytes.substr(end, 2) == "\r\n" ? 2 : utf8_length(bytes.substr(end)));
      break;
    }
    lines.push_back(R1_TRY(make_string(interp.budget, text, begin, end)));
    begin = after;
  }
  return lines;
}

namespace {

// Replaces every character by map(character, the code point before it). That code point is 0 at the start.
template <class Map>
Result<Value> mapped(Interpreter& interp, const Text& text, Map map) {
  const std::string_view bytes = text.bytes();
  R1_TRY(interp.budget.work(2 * kPerCharacter * bytes.size()));
  Writer out(interp.budget);
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

Result<Value> title(Interpreter& interp, const Text& text, const BoundArguments&) {
  return mapped(interp, text, [](std::string_view c, u32 before) { return is_cased(before) ? lower(c) : upper(c); });
}
Result<Value> capitalize(Interpreter& interp, const Text& text, const BoundArguments&) {
  bool first = true;
  return mapped(interp, text,
                [&](std::string_view c, u32) { return std::exchange(first, false) ? upper(c) : lower(c); });
}
Result<Value> swap_case(Interpreter& interp, const Text& text, const BoundArguments&) {
  return mapped(interp, text, [](std::string_view c, u32) { return upper(c) == c ? lower(c) : upper(c); });
}
template <std::string (*change)(std::string_view)>
Result<Value> changed(Interpreter& interp, const Text& text, const BoundArguments&) {
  R1_TRY(interp.budget.work(kPerCharacter * text.size()));
  Writer out(interp.budget);
  Status added;
  text.for_each_run([&](size_t begin, size_t end, bool marked) {
    if (added) added = out.add(change(std::string_view(text.bytes()).substr(begin, end - begin)), marked);
  });
  R1_TRY(added);
  return out.value();
}

template <bool left, bool right>
Result<Value> strip(Interpreter& interp, const Text& text, const BoundArguments& a) {
  return trimmed(interp, text, R1_TRY(a.text(0)), left, right);
}

// A list of parts of the text, given as byte ranges [begin, end).
Result<Value> pieces(Interpreter& interp, const Text& text, const std::vector<std::pair<size_t, size_t>>& kept) {
  std::vector<Value> parts;
  for (const auto& [begin, end] : kept) parts.push_back(R1_TRY(make_string(interp.budget, text, begin, end)));
  return make_list(interp.budget, std::move(parts));
}

// The ranges of the words between white space. After `most` cuts, counted from the left or from the right, the rest of
// the text stays one word.
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

// The same between occurrences of a separator.
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
Result<Value> split(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const Text* separator = R1_TRY(a.text(0));
  const auto cap = static_cast<i64>(interp.budget.limits.memory / 128);  // memory never suffices for so many parts
  const i64 asked = R1_TRY(a.integer(1, -1)), most = asked < 0 ? cap : std::min(asked, cap);
  R1_TRY(interp.budget.work((separator ? 4 : kPerCharacter) * text.size()));
  if (!separator) return pieces(interp, text, words(text.bytes(), most, from_right));
  if (separator->empty()) return fail(Errc::corrupt, "an empty separator");
  return pieces(interp, text, between(text.bytes(), separator->bytes(), most, from_right));
}

template <bool last>
Result<Value> partition(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const Text* separator = R1_TRY(a.text(0));
  if (!separator || separator->empty()) return fail(Errc::corrupt, "needs a separator");
  R1_TRY(interp.budget.work(2 * text.size()));
  const size_t size = text.size();
  size_t at = last ? find_last(text.bytes(), separator->bytes()) : find_first(text.bytes(), separator->bytes());
  size_t after = at + separator->size();
  if (at == std::string::npos) at = after = last ? 0 : size;
  std::vector<Value> parts;
  for (const auto& [begin, end] : {std::pair{size_t{0}, at}, {at, after}, {after, size}})
    parts.push_back(R1_TRY(make_string(interp.budget, text, begin, end)));
  return make_list(interp.budget, std::move(parts), true);
}

Result<Value> split_lines(Interpreter& interp, const Text& text, const BoundArguments& a) {
  if (a.truth(0)) return fail(Errc::unsupported, "keepends is not supported");
  return make_list(interp.budget, R1_TRY(lines_of(interp, text)));
}

template <bool end>
Result<Value> starts(Interpreter& interp, const Text& text, const BoundArguments& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs a string");
  const std::vector<Value> one{*a[0]};
  for (const Value& affix : a[0]->is_tuple() ? *a[0]->list() : one) {
    if (!affix.text()) return fail(Errc::corrupt, "needs a string, found {}", affix.type());
    R1_TRY(interp.budget.work(affix.text()->size()));
    const std::string& bytes = affix.text()->bytes();
    if (end ? text.bytes().ends_with(bytes) : text.bytes().starts_with(bytes)) return Value(true);
  }
  return Value(false);
}

template <bool end>
Result<Value> without(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const Text* affix = R1_TRY(a.text(0));
  if (!affix) return fail(Errc::corrupt, "needs a string");
  const bool there = end ? text.bytes().ends_with(affix->bytes()) : text.bytes().starts_with(affix->bytes());
  const size_t cut = there ? affix->size() : 0;
  return make_string(interp.budget, text, end ? 0 : cut, text.size() - (end ? cut : 0));
}

Result<i64> place(Interpreter& interp, const Text& text, const BoundArguments& a, bool last) {
  const Text* what = R1_TRY(a.text(0));
  if (!what) return fail(Errc::corrupt, "needs a string");
  R1_TRY(interp.budget.work(2 * text.size()));
  const size_t at = last ? find_last(text.bytes(), what->bytes()) : find_first(text.bytes(), what->bytes());
  if (at == std::string::npos) return -1;
  return static_cast<i64>(count_characters(std::string_view(text.bytes()).substr(0, at)));
}
template <bool last>
Result<Value> find(Interpreter& interp, const Text& text, const BoundArguments& a) {
  return Value(R1_TRY(place(interp, text, a, last)));
}
template <bool last>
Result<Value> index(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const i64 at = R1_TRY(place(interp, text, a, last));
  if (at < 0) return fail(Errc::corrupt, "substring not found");
  return Value(at);
}

Result<Value> count(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const Text* what = R1_TRY(a.text(0));
  if (!what) return fail(Errc::corrupt, "needs a string");
  R1_TRY(interp.budget.work(2 * text.size()));
  if (what->empty()) return Value(static_cast<i64>(count_characters(text.bytes())) + 1);
  i64 n = 0;
  for (size_t at = find_first(text.bytes(), what->bytes()); at != std::string::npos; ++n)
    at = find_first(text.bytes(), what->bytes(), at + what->size());
  return Value(n);
}

Result<Value> replace(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const Text *what = R1_TRY(a.text(0)), *by = R1_TRY(a.text(1));
  if (!what || !by) return fail(Errc::corrupt, "needs two strings");
  return replaced(interp, text, *what, *by, R1_TRY(a.integer(2, -1)));
}

Result<Value> join(Interpreter& interp, const Text& text, const BoundArguments& a) {
  if (!a[0]) return fail(Errc::corrupt, "needs a list");
  const auto items = R1_TRY(interp.elements(*a[0]));
  Writer out(interp.budget);
  for (size_t i = 0; i < items->items.size(); ++i) {
    const Text* item = items->items[i].text();
    if (!item) return fail(Errc::corrupt, "item {} is no string but {}", i, items->items[i].type());
    if (i) R1_TRY(out.add(text));
    R1_TRY(out.add(*item));
  }
  return out.value();
}

// Padding on the left, on the right or on both sides. An odd padding is divided as in Python's str.center.
template <int left_share, int right_share>
Result<Value> padded(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const i64 width = R1_TRY(a.integer(0, 0)), length = static_cast<i64>(count_characters(text.bytes()));
  const Text* fill = R1_TRY(a.text(1));
  if (fill && count_characters(fill->bytes()) != 1) return fail(Errc::corrupt, "fills with one character");
  const i64 pad = std::max<i64>(width - length, 0);
  if (static_cast<u64>(pad) > interp.budget.limits.repeat) return fail(Errc::exhausted, "a width of {}", width);
  const i64 both = left_share + right_share;
  const i64 left = both == 1 ? pad * left_share : pad / 2 + (pad & width & 1);
  Writer out(interp.budget);
  for (i64 i = 0; i < left; ++i) R1_TRY(out.add(fill ? fill->bytes() : " "));
  R1_TRY(out.add(text));
  for (i64 i = left; i < pad; ++i) R1_TRY(out.add(fill ? fill->bytes() : " "));
  return out.value();
}

Result<Value> zero_filled(Interpreter& interp, const Text& text, const BoundArguments& a) {
  const i64 pad = R1_TRY(a.integer(0, 0)) - static_cast<i64>(count_characters(text.bytes()));
  if (pad > 0 && static_cast<u64>(pad) > interp.budget.limits.repeat) return fail(Errc::exhausted, "{} zeros", pad);
  const size_t sign = !text.empty() && (text.bytes()[0] == '-' || text.bytes()[0] == '+') ? 1 : 0;
  Writer out(interp.budget);
  R1_TRY(out.add(text, 0, sign));
  for (i64 i = 0; i < pad; ++i) R1_TRY(out.add("0"));
  R1_TRY(out.add(text, sign, text.size()));
  return out.value();
}

template <bool (*holds)(u32)>
Result<Value> all_are(Interpreter& interp, const Text& text, const BoundArguments&) {
  R1_TRY(interp.budget.work(kPerCharacter * text.size()));
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
Result<Value> is_case(Interpreter& interp, const Text& text, const BoundArguments&) {
  R1_TRY(interp.budget.work(2 * kPerCharacter * text.size()));
  return Value(same(text.bytes()) == text.bytes() && other(text.bytes()) != text.bytes());
}

constexpr StringMethod kStringMethods[] = {{"strip", "chars", strip<true, true>},
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

}  // namespace

const StringMethod* find_string_method(std::string_view name) {
  const StringMethod* const found = std::ranges::find(kStringMethods, name, &StringMethod::name);
  return found == std::end(kStringMethods) ? nullptr : found;
}

}  // namespace r1::jinja
