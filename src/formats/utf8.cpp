#include "formats/utf8.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace r1 {

size_t utf8_length(std::string_view s) {
  if (s.empty()) return 0;
  const auto byte = [&](size_t i) { return i < s.size() ? static_cast<u8>(s[i]) : u8{0}; };
  const auto in = [&](size_t i, u8 low, u8 high) { return byte(i) >= low && byte(i) <= high; };
  const u8 a = byte(0);
  if (a < 0x80) return 1;
  if (a < 0xC2 || a > 0xF4) return 0;
  if (a < 0xE0) return in(1, 0x80, 0xBF) ? 2 : 0;
  if (a < 0xF0) {
    const bool ok = in(1, a == 0xE0 ? 0xA0 : 0x80, a == 0xED ? 0x9F : 0xBF) && in(2, 0x80, 0xBF);
    return ok ? 3 : 0;
  }
  const bool ok = in(1, a == 0xF0 ? 0x90 : 0x80, a == 0xF4 ? 0x8F : 0xBF) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF);
  return ok ? 4 : 0;
}

namespace {

// Characters that a terminal obeys: C0 and C1 controls, line and paragraph separators, and marks that turn the
// direction of the text behind them.
bool obeyed(u32 c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t valid = first_invalid_utf8(text);
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) break;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(1);
  }
  return out;
}

std::string printable(std::string_view s, size_t most) {
  std::string out;
  while (!s.empty()) {
    if (out.size() >= most) return out + "…";
    const size_t length = utf8_length(s), bytes = std::max<size_t>(length, 1);
    if (length > 0 && !obeyed(utf8_code_point(s))) out += s.substr(0, bytes);
    else if (s[0] == '\n') out += "\\n";
    else
      for (const char c : s.substr(0, bytes)) out += fmt::format("\\x{:02x}", static_cast<u8>(c));
    s.remove_prefix(bytes);
  }
  return out;
}

size_t first_invalid_utf8(std::string_view s) {
  size_t at = 0;
  while (at < s.size()) {
    for (u64 eight; s.size() - at >= 8; at += 8) {  // most text is ASCII
      std::memcpy(&eight, s.data() + at, 8);
      if (eight & 0x8080808080808080u) break;
    }
    if (at == s.size()) break;
    const size_t length = utf8_length(s.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

u32 utf8_code_point(std::string_view s) {
  const auto low6 = [&](size_t i) { return static_cast<u32>(static_cast<u8>(s[i]) & 0x3Fu); };
  const u32 a = static_cast<u8>(s[0]);
  if (a < 0x80) return a;
  if (a < 0xE0) return (a & 0x1Fu) << 6 | low6(1);
  if (a < 0xF0) return (a & 0x0Fu) << 12 | low6(1) << 6 | low6(2);
  return (a & 0x07u) << 18 | low6(1) << 12 | low6(2) << 6 | low6(3);
}

void append_utf8(u32 c, std::string& out) {
  const auto put = [&](u32 byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
}

bool is_white_space(u32 c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view last_character(std::string_view s) {
  if (s.empty()) return {};
  size_t begin = s.size() - 1;
  while (begin > 0 && s.size() - begin < 4 && (static_cast<u8>(s[begin]) & 0xC0) == 0x80) --begin;
  const std::string_view last = s.substr(begin);
  return utf8_length(last) == last.size() ? last : std::string_view{};
}

std::string_view utf8_prefix(std::string_view s, size_t most) {
  if (s.size() <= most) return s;
  for (size_t begin = most; begin > 0 && most - begin < 4; --begin) {
    if ((static_cast<u8>(s[begin]) & 0xC0) != 0x80) return s.substr(0, begin);
  }
  return s.substr(0, most);  // not UTF-8
}

size_t trailing_space(std::string_view s) {
  for (;;) {
    const std::string_view last = last_character(s);
    if (last.empty() || !is_white_space(utf8_code_point(last))) return s.size();
    s.remove_suffix(last.size());
  }
}

bool is_word_character(u32 c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default:  // joiners, and the circled and squared letters of Other_Alphabetic
      return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
             (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
  }
}

namespace {

void append_nfc(std::string_view text, std::string& out) {
  utf8proc_uint8_t* composed = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &composed, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (length >= 0) out.append(reinterpret_cast<const char*>(composed), length);
  else out += text;
  std::free(composed);
}

// The combining marks at the front of valid UTF-8: how many bytes, and how many marks.
std::pair<size_t, i64> marks_at(std::string_view text) {
  size_t bytes = 0;
  i64 count = 0;
  for (; bytes < text.size(); ++count) {
    const std::string_view rest = text.substr(bytes);
    if (utf8proc_get_property(static_cast<utf8proc_int32_t>(utf8_code_point(rest)))->combining_class == 0) break;
    bytes += utf8_length(rest);
  }
  return {bytes, count};
}

}  // namespace

bool is_surely_nfc(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<u8>(c) < 0xCC; });
}

std::string to_nfc(std::string_view text) {
  constexpr i64 kMostMarks = 30;
  std::string out;
  while (!text.empty()) {
    const std::string_view valid = text.substr(0, first_invalid_utf8(text));
    size_t done = 0;
    for (size_t at = 0; at < valid.size();) {
      const auto [bytes, count] = marks_at(valid.substr(at));
      if (count > kMostMarks) {
        append_nfc(valid.substr(done, at - done), out);
        out += valid.substr(at, bytes);
        done = at + bytes;
      }
      at += bytes ? bytes : utf8_length(valid.substr(at));
    }
    append_nfc(valid.substr(done), out);
    text.remove_prefix(valid.size());
    if (!text.empty()) out += text[0], text.remove_prefix(1);
  }
  return out;
}

}  // namespace r1
