#include "grammar/json_parts.hpp"

#include <algorithm>
#include <cmath>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

CharSet hex() {
  CharSet set('0', '9');
  set.add('a', 'f'), set.add('A', 'F');
  return set;
}

// The forms of the characters in `set`: as they are, or escaped if JSON demands it.
Expr escaped_characters(const CharSet& set) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
  const CharSet must_escape = json_plain_characters().complement();
  std::vector<Expr> forms;
  if (CharSet plain = set.without(must_escape); !plain.empty()) forms.push_back(chars_expr(std::move(plain)));
  for (u32 c = 0; c < 0x80; ++c) {
    if (!must_escape.contains(c) || !set.contains(c)) continue;
    const size_t at = kShort.find(static_cast<char>(c));
    if (at != kShort.npos) forms.push_back(text_expr(std::string{'\\', kLetters[at]}));
    else forms.push_back(text_expr(fmt::format("\\u{:04x}", c)));
  }
  return choice_of(std::move(forms));
}

Expr text_expr_of(char c) { return text_expr(std::string_view(&c, 1)); }
Expr any_digits(size_t count) {
  return repeat_of(chars_expr({'0', '9'}), static_cast<i64>(count), static_cast<i64>(count));
}
Expr digit_from(char first, char last) { return chars_expr({static_cast<u32>(first), static_cast<u32>(last)}); }

// Numbers with as many digits as `limit`, at least or at most as large.
Expr digits_beyond(std::string_view limit, bool upwards) {
  if (limit.empty()) return {};
  std::vector<Expr> ways;
  ways.push_back(sequence_of({text_expr_of(limit[0]), digits_beyond(limit.substr(1), upwards)}));
  if (limit[0] != (upwards ? '9' : '0'))
    ways.push_back(sequence_of(
        {upwards ? digit_from(static_cast<char>(limit[0] + 1), '9') : digit_from('0', static_cast<char>(limit[0] - 1)),
         any_digits(limit.size() - 1)}));
  return choice_of(std::move(ways));
}

// Between two numbers with equally many digits.
Expr digits_between(std::string_view low, std::string_view high) {
  if (low.empty()) return {};
  if (low[0] == high[0]) return sequence_of({text_expr_of(low[0]), digits_between(low.substr(1), high.substr(1))});
  std::vector<Expr> ways;
  ways.push_back(sequence_of({text_expr_of(low[0]), digits_beyond(low.substr(1), true)}));
  if (low[0] + 1 < high[0])
    ways.push_back(sequence_of(
        {digit_from(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1)), any_digits(low.size() - 1)}));
  ways.push_back(sequence_of({text_expr_of(high[0]), digits_beyond(high.substr(1), false)}));
  return choice_of(std::move(ways));
}

// From `low` to `high`, both 0 or more, without leading zeros. Adds nothing if the range is empty.
std::vector<Expr> natural_numbers(i64 low, i64 high) {
  std::vector<Expr> ways;
  i64 first = 0, last = 9;  // those with one digit, then with two, ...
  constexpr int kMostDigits = 18;
  for (int digits = 1; digits <= kMostDigits; ++digits) {
    if (const i64 a = std::max(low, first), b = std::min(high, last); a <= b)
      ways.push_back(digits_between(std::to_string(a), std::to_string(b)));
    if (digits < kMostDigits) first = last + 1, last = 10 * last + 9;
  }
  return ways;
}

constexpr i64 kFractionDigits = 16, kExactDigits = 15;
Expr fraction(i64 most) { return sequence_of({text_expr("."), repeat_of(chars_expr({'0', '9'}), 1, most)}); }
// A fraction of up to `most` digits, one of which is not 0.
Expr fraction_above_zero(i64 most) {
  Expr digits = chars_expr({'1', '9'});
  for (i64 behind = 1; behind < most; ++behind)
    digits = choice_of({sequence_of({text_expr("0"), std::move(digits)}),
                        sequence_of({chars_expr({'1', '9'}), repeat_of(chars_expr({'0', '9'}), 0, behind)})});
  return sequence_of({text_expr("."), std::move(digits)});
}

i64 digits_of(i64 n) { return std::ssize(std::to_string(n)); }

// Numbers of 0 or more with and without a fraction.
std::vector<Expr> positive_numbers(i64 low, bool open_low, i64 high, bool open_high) {
  std::vector<Expr> ways;
  if (low > high) return ways;
  // All of one way have equally many digits before the fraction.
  i64 digits = digits_of(low + open_low);
  for (Expr& way : natural_numbers(low + open_low, high - 1)) {
    const i64 room = kExactDigits - digits++;
    ways.push_back(room > 0 ? sequence_of({std::move(way), optional_of(fraction(room))}) : std::move(way));
  }
  if (const i64 room = kExactDigits - digits_of(low); open_low && low < high && room > 0)
    ways.push_back(sequence_of({text_expr(std::to_string(low)), fraction_above_zero(room)}));
  if (!open_high && !(open_low && low == high)) ways.push_back(text_expr(std::to_string(high)));
  return ways;
}

// A reader that keeps doubles rounds integers from 2^53 on. Rounding keeps their order, so it reaches an end of the
// range at most. Where the end is excluded, the next double inside the range becomes the end instead.
NumberRange with_ends_of_doubles(NumberRange r) {
  constexpr i64 kExact = i64{1} << 53;
  const auto next = [](i64 end, double towards) {
    return static_cast<i64>(std::nextafter(static_cast<double>(end), towards));
  };
  if (r.open_low && std::abs(r.low) >= kExact) r.low = next(r.low, 1e300), r.open_low = false;
  if (r.open_high && std::abs(r.high) >= kExact) r.high = next(r.high, -1e300), r.open_high = false;
  return r;
}

std::optional<Expr> with_signs(std::vector<Expr> positive, std::vector<Expr> negative) {
  if (!negative.empty()) positive.push_back(sequence_of({text_expr("-"), choice_of(std::move(negative))}));
  if (positive.empty()) return {};
  return choice_of(std::move(positive));
}

}  // namespace

Expr json_space() {
  return optional_of(choice_of({text_expr(" "), sequence_of({text_expr("\n"), repeat_of(text_expr(" "), 0, 20)})}));
}

Expr json_escaped(const Expr& e) {
  if (e.kind == Expr::Kind::chars) return escaped_characters(e.chars);
  if (e.kind == Expr::Kind::text) {
    std::vector<Expr> items;
    for (std::string_view rest = e.text; !rest.empty(); rest.remove_prefix(utf8_length(rest))) {
      const u32 c = utf8_code_point(rest);
      items.push_back(escaped_characters({c, c}));
    }
    return sequence_of(std::move(items));
  }
  Expr out = e;
  for (Expr& item : out.items) item = json_escaped(item);
  return out;
}

CharSet json_plain_characters() {
  CharSet escaped = CharSet::of("\"\\");
  escaped.add(0, 0x1f);
  return escaped.complement();
}

Expr json_character() {
  CharSet lead = hex().without(CharSet::of("dD"));
  const Expr digit = chars_expr(hex()), d = chars_expr(CharSet::of("dD"));
  // Four digits that are no surrogate, or the two surrogates of a character.
  const Expr low_half = sequence_of({text_expr("\\u"), d, chars_expr(CharSet::of("cdefCDEF")), digit, digit});
  const Expr code = choice_of({sequence_of({chars_expr(std::move(lead)), digit, digit, digit}),
                               sequence_of({d, chars_expr({'0', '7'}), digit, digit}),
                               sequence_of({d, chars_expr(CharSet::of("89abAB")), digit, digit, low_half})});
  return choice_of({chars_expr(json_plain_characters()),
                    sequence_of({text_expr("\\"), choice_of({chars_expr(CharSet::of("\"\\/bfnrt")),
                                                             sequence_of({text_expr("u"), code})})})});
}

std::optional<Expr> json_integers(const NumberRange& range) {
  const NumberRange r = with_ends_of_doubles(range);
  const i64 low = std::max(r.low + r.open_low, -kMostInteger), high = std::min(r.high - r.open_high, kMostInteger);
  return with_signs(natural_numbers(std::max<i64>(low, 0), high), natural_numbers(std::max<i64>(-high, 1), -low));
}

std::optional<Expr> json_numbers(const NumberRange& range) {
  const NumberRange r = with_ends_of_doubles(range);
  std::vector<Expr> negative;
  // Zero has no sign here.
  if (r.low < 0) negative = positive_numbers(std::max<i64>(-r.high, 0), r.high >= 0 || r.open_high, -r.low, r.open_low);
  return with_signs(positive_numbers(std::max<i64>(r.low, 0), r.low >= 0 && r.open_low, r.high, r.open_high),
                    std::move(negative));
}

Expr json_list(const char* open, const Expr& member, const char* close, i64 min, i64 max) {
  if (max == 0) return text_expr(std::string(open) + close);
  const Expr more =
      repeat_of(sequence_of({text_expr(","), json_space(), member}), std::max<i64>(min - 1, 0), max < 0 ? -1 : max - 1);
  Expr members = sequence_of({member, more, json_space()});
  return sequence_of({text_expr(open), json_space(), min > 0 ? std::move(members) : optional_of(std::move(members)),
                      text_expr(close)});
}

Expr JsonRules::rule(const char* name) {
  const auto [entry, added] = rules_.try_emplace(name);
  if (added) {
    const i32 id = entry->second = grammar_->add(name);
    Expr body = body_of(name);
    grammar_->rules[id].body = std::move(body);
    grammar_->rules[id].shared = true;
  }
  return rule_expr(rules_[name]);
}

Expr JsonRules::body_of(std::string_view name) {
  const Expr digit = chars_expr({'0', '9'});
  const Expr whole =
      sequence_of({optional_of(text_expr("-")),
                   choice_of({text_expr("0"), sequence_of({chars_expr({'1', '9'}), repeat_of(digit, 0, 17)})})});
  if (name == "string") return sequence_of({text_expr("\""), repeat_of(json_character(), 0, -1), text_expr("\"")});
  if (name == "integer") return whole;
  if (name == "number")
    return sequence_of(
        {whole, optional_of(fraction(kFractionDigits)),
         optional_of(sequence_of(
             {chars_expr(CharSet::of("eE")), optional_of(chars_expr(CharSet::of("+-"))), repeat_of(digit, 1, 2)}))});
  if (name == "array") return json_list("[", value(), "]");
  if (name == "object") return json_list("{", sequence_of({string(), text_expr(":"), json_space(), value()}), "}");
  return choice_of({string(), object(), array(), number(), text_expr("true"), text_expr("false"), text_expr("null")});
}

}  // namespace r1
