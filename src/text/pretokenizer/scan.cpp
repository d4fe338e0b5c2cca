#include "text/pretokenizer/scan.hpp"

#include <utf8proc.h>

#include <array>

#include "core/dtype.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

// ---- what a character is

constexpr u8 kLetter = 1, kMark = 2, kNumber = 4, kPunctuation = 8, kSymbol = 16, kSpace = 32, kNewline = 64;
constexpr u8 kCjk = 128;  // the characters of deepseek-v3's second pattern: ideographs up to U+9FA5, and kana

constexpr bool is_ascii_letter(u32 c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
constexpr bool is_ascii_punctuation(u32 c) {  // symbols included
  return (c > 0x20 && c < 0x7F) && !is_ascii_letter(c) && !(c >= '0' && c <= '9');
}

constexpr std::array<u8, 128> kAscii = [] {
  std::array<u8, 128> bits{};
  for (u32 c = 0; c < 128; ++c) {
    const bool symbol =
        c == '$' || c == '+' || c == '<' || c == '=' || c == '>' || c == '^' || c == '`' || c == '|' || c == '~';
    if (is_ascii_letter(c)) bits[c] = kLetter;
    else if (c >= '0' && c <= '9') bits[c] = kNumber;
    else if (c == '\r' || c == '\n') bits[c] = kSpace | kNewline;
    else if (c == ' ' || (c >= 9 && c <= 13)) bits[c] = kSpace;
    else if (is_ascii_punctuation(c)) bits[c] = symbol ? kSymbol : kPunctuation;
  }
  return bits;
}();

constexpr std::array<u8, 32> kOfCategory = [] {
  std::array<u8, 32> bits{};
  for (const int c :
       {UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LT, UTF8PROC_CATEGORY_LM, UTF8PROC_CATEGORY_LO})
    bits[c] = kLetter;
  for (const int c : {UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME}) bits[c] = kMark;
  for (const int c : {UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NL, UTF8PROC_CATEGORY_NO}) bits[c] = kNumber;
  for (const int c : {UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PD, UTF8PROC_CATEGORY_PS, UTF8PROC_CATEGORY_PE,
                      UTF8PROC_CATEGORY_PI, UTF8PROC_CATEGORY_PF, UTF8PROC_CATEGORY_PO})
    bits[c] = kPunctuation;
  for (const int c : {UTF8PROC_CATEGORY_SM, UTF8PROC_CATEGORY_SC, UTF8PROC_CATEGORY_SK, UTF8PROC_CATEGORY_SO})
    bits[c] = kSymbol;
  return bits;
}();

struct Char {
  u8 bits = 0, length = 0;  // bits is 0 for an unassigned or control character, length is 0 at the end
};

Char beyond_ascii(const char* at) {
  const u8 lead = static_cast<u8>(*at);
  const u8 length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const u32 c = utf8_code_point({at, length});
  if (is_white_space(c)) return {kSpace, length};
  u8 bits = kOfCategory[static_cast<u32>(utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->category) & 31];
  if ((c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF)) bits |= kCjk;
  return {bits, length};
}

inline Char char_at(const char* at, const char* end) {
  if (at == end) return {};
  const u8 byte = static_cast<u8>(*at);
  return byte < 0x80 ? Char{kAscii[byte], 1} : beyond_ascii(at);
}

template <u8 kAny>
const char* skip(const char* at, const char* end) {
  for (Char c; ((c = char_at(at, end)).bits & kAny) != 0;) at += c.length;
  return at;
}

template <u8 kNone>
const char* skip_others(const char* at, const char* end) {
  for (Char c; (c = char_at(at, end)).length && (c.bits & kNone) == 0;) at += c.length;
  return at;
}

// ---- GPT-2, and what Qwen2 and Llama-3 made of it

enum class Case { lower, any_ascii, any_unicode };

// The length of s, t, re, ve, m, ll or d; 0 if the text begins with none of them.
template <Case kCase>
size_t contraction(const char* at, const char* end) {
  const auto letter = [&](size_t i) {
    const char c = static_cast<size_t>(end - at) > i ? at[i] : '\0';
    return kCase == Case::lower || !is_ascii_letter(static_cast<u8>(c)) ? c : static_cast<char>(c | 0x20);
  };
  switch (letter(0)) {
    case 's':
    case 't':
    case 'm':
    case 'd': return 1;
    case 'r':
    case 'v': return letter(1) == 'e' ? 2 : 0;
    case 'l': return letter(1) == 'l' ? 2 : 0;
    case '\xC5': return kCase == Case::any_unicode && letter(1) == '\xBF' ? 2 : 0;  // U+017F, the long s
    default: return 0;
  }
}

// Returns the end of what \s+(?!\S)|\s+ matches at white space. The match takes all white space if the text ends with
// it, and all but its last character otherwise. With Newlines::first, the expression \s*[\r\n]+ is tried before; its
// match ends behind the last line break of the white space.
enum class Newlines { like_spaces, first };
template <Newlines kNewlines>
const char* white_space(const char* at, const char* end) {
  const char *last = at, *broken = nullptr, *to = at;
  for (Char c; ((c = char_at(to, end)).bits & kSpace) != 0;) {
    last = to, to += c.length;
    if (c.bits & kNewline) broken = to;
  }
  if (kNewlines == Newlines::first && broken) return broken;
  return to == end || last == at ? to : last;
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// With cut_first, \p{N} has cut the text before: a number is a piece, and the pattern sees an end of text before it.
enum class Numbers { in_runs, cut_first };
template <Numbers kNumbers>
const char* scan_gpt2_like(const char* at, const char* end) {
  constexpr u8 kWord = kLetter | kNumber;
  if (*at == '\'') {
    if (const size_t letters = contraction<Case::lower>(at + 1, end)) return at + 1 + letters;
  }
  const char* next = at + (*at == ' ');
  const Char c = char_at(next, end);
  if (c.bits & kLetter) return skip<kLetter>(next, end);
  if (c.bits & kNumber) {
    if (kNumbers == Numbers::in_runs) return skip<kNumber>(next, end);
    return next == at ? next + c.length : next;
  }
  if (c.length && !(c.bits & kSpace)) return skip_others<kSpace | kWord>(next, end);
  if (kNumbers == Numbers::cut_first) {
    const char* spaces_end = skip<kSpace>(at, end);
    if (char_at(spaces_end, end).bits & kNumber) return spaces_end;
  }
  return white_space<Newlines::like_spaces>(at, end);
}

// kContractions|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,kDigits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <Case kContractions, int kDigits>
const char* scan_gpt4_like(const char* at, const char* end) {
  constexpr u8 kWord = kLetter | kNumber;
  const Char first = char_at(at, end);
  const char* next = at + first.length;
  if (first.bits & kLetter) return skip<kLetter>(next, end);
  if (*at == '\'') {
    if (const size_t letters = contraction<kContractions>(next, end)) return next + letters;
  }
  Char second = char_at(next, end);
  if (first.bits & kNumber) {
    for (int i = 1; i < kDigits && (second.bits & kNumber); ++i, second = char_at(next, end)) next += second.length;
    return next;
  }
  if (!(first.bits & kNewline) && (second.bits & kLetter)) return skip<kLetter>(next + second.length, end);
  const bool others_follow = *at == ' ' && second.length && !(second.bits & (kSpace | kWord));
  if ((first.bits & kSpace) && !others_follow) return white_space<Newlines::first>(at, end);
  return skip<kNewline>(skip_others<kSpace | kWord>(next, end), end);
}

// ---- DeepSeek-V3: the third pattern. It is applied to the pieces that the first two patterns have cut, one at a time.
// A piece is a run of kCjk characters, or the text between such runs and numbers.

template <bool kInCjk>
Char inside(const char* at, const char* end) {
  const Char c = char_at(at, end);
  return ((c.bits & kCjk) != 0) == kInCjk && !(c.bits & kNumber) ? c : Char{};
}

template <bool kInCjk, u8 kAny>
const char* skip_inside(const char* at, const char* end) {
  for (Char c; ((c = inside<kInCjk>(at, end)).bits & kAny) != 0;) at += c.length;
  return at;
}

// [ASCII punctuation][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// The end of the match at `at`; null if there is none.
template <bool kInCjk>
const char* match_v3(const char* at, const char* end) {
  constexpr u8 kWord = kLetter | kMark, kOther = kPunctuation | kSymbol;
  const Char first = inside<kInCjk>(at, end);
  const char* next = at + first.length;
  const Char second = inside<kInCjk>(next, end);
  if (is_ascii_punctuation(static_cast<u8>(*at)) && next < end && is_ascii_letter(static_cast<u8>(*next))) {
    while (next < end && is_ascii_letter(static_cast<u8>(*next))) ++next;
    return next;
  }
  if (first.bits & kWord) return skip_inside<kInCjk, kWord>(next, end);
  if (!(first.bits & (kNewline | kOther)) && (second.bits & kWord)) return skip_inside<kInCjk, kWord>(next, end);
  if ((first.bits & kOther) || (*at == ' ' && (second.bits & kOther))) {
    return skip_inside<kInCjk, kNewline>(skip_inside<kInCjk, kOther>(next, end), end);
  }
  if (!(first.bits & kSpace)) return nullptr;
  // If a number, an ideograph or the end of the text follows, the piece ends with the white space. The pattern then
  // takes the whole white space, because its look-ahead sees no character behind it.
  const char* spaces_end = skip_inside<kInCjk, kSpace>(next, end);
  return white_space<Newlines::first>(at, inside<kInCjk>(spaces_end, end).length ? end : spaces_end);
}

// A match, or the gap up to the next one.
template <bool kInCjk>
const char* scan_v3_piece(const char* at, const char* end) {
  if (const char* match = match_v3<kInCjk>(at, end)) return match;
  do {
    at += char_at(at, end).length;
  } while (inside<kInCjk>(at, end).length && !match_v3<kInCjk>(at, end));
  return at;
}

}  // namespace

const char* scan_gpt2(const char* at, const char* end) { return scan_gpt2_like<Numbers::in_runs>(at, end); }
const char* scan_smollm(const char* at, const char* end) { return scan_gpt2_like<Numbers::cut_first>(at, end); }
const char* scan_qwen2(const char* at, const char* end) { return scan_gpt4_like<Case::any_unicode, 1>(at, end); }
const char* scan_qwen2_gguf(const char* at, const char* end) { return scan_gpt4_like<Case::any_ascii, 1>(at, end); }
const char* scan_llama3(const char* at, const char* end) { return scan_gpt4_like<Case::any_unicode, 3>(at, end); }
const char* scan_llama3_gguf(const char* at, const char* end) { return scan_gpt4_like<Case::any_ascii, 3>(at, end); }

const char* scan_deepseek_v3(const char* at, const char* end) {
  Char c = char_at(at, end);
  if (c.bits & kCjk) return scan_v3_piece<true>(at, end);
  if (!(c.bits & kNumber)) return scan_v3_piece<false>(at, end);
  for (int i = 0; i < 3 && (c.bits & kNumber); ++i, c = char_at(at, end)) at += c.length;
  return at;
}

}  // namespace r1
