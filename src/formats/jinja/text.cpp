#include "formats/jinja/text.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "formats/utf8.hpp"

namespace r1::jinja {

bool Text::marked_at(size_t byte) const {
  const auto after = std::upper_bound(flips_.begin(), flips_.end(), byte);
  return first_ != (((after - flips_.begin()) & 1) != 0);
}

void Text::append(std::string_view bytes, bool marked) {
  if (bytes.empty()) return;
  if (bytes_.empty()) first_ = marked, flips_.clear();
  else if (marked != (first_ != ((flips_.size() & 1) != 0))) flips_.push_back(static_cast<u32>(bytes_.size()));
  bytes_ += bytes;
}

void Text::append(const Text& text, size_t begin, size_t end) {
  const std::string_view all = text.bytes_;
  if (text.flips_.empty()) return append(all.substr(begin, end - begin), text.first_);
  text.for_each_run([&](size_t from, size_t to, bool marked) {
    from = std::max(from, begin), to = std::min(to, end);
    if (from < to) append(all.substr(from, to - from), marked);
  });
}

Text Text::slice(size_t begin, size_t end) const {
  Text out;
  out.append(*this, begin, end);
  return out;
}

void Text::trim() {
  if (bytes_.capacity() > 64 + bytes_.size() + bytes_.size() / 4) bytes_.shrink_to_fit();
  flips_.shrink_to_fit();
}

std::string Text::take() {
  flips_.clear();
  return std::exchange(bytes_, {});
}

bool is_space(u32 c) {
  return (c >= 0x9 && c <= 0xd) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<u8>(c) & 0xC0) != 0x80; }));
}

size_t byte_of_character(std::string_view text, size_t index) {
  size_t byte = 0;
  for (; index > 0 && byte < text.size(); --index) byte += utf8_length(text.substr(byte));
  return std::min(byte, text.size());
}

namespace {

bool strips(std::string_view character, const std::string_view* set) {
  return set ? set->find(character) != set->npos : is_space(utf8_code_point(character));
}

}  // namespace

size_t leading(std::string_view text, const std::string_view* set) {
  size_t byte = 0;
  while (byte < text.size()) {
    const std::string_view character = text.substr(byte, utf8_length(text.substr(byte)));
    if (!strips(character, set)) break;
    byte += character.size();
  }
  return byte;
}

size_t trailing(std::string_view text, const std::string_view* set) {
  size_t end = text.size();
  while (end > 0) {
    size_t begin = end - 1;
    while (begin > 0 && (static_cast<u8>(text[begin]) & 0xC0) == 0x80) --begin;
    if (!strips(text.substr(begin, end - begin), set)) break;
    end = begin;
  }
  return text.size() - end;
}

size_t find_first(std::string_view text, std::string_view what, size_t from) {
  if (from > text.size()) return text.npos;
  if (what.empty()) return from;
  const void* at = memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return at ? static_cast<size_t>(static_cast<const char*>(at) - text.data()) : text.npos;
}

size_t find_last(std::string_view text, std::string_view what) {
  const std::string backwards(text.rbegin(), text.rend()), what_backwards(what.rbegin(), what.rend());
  const size_t at = find_first(backwards, what_backwards);
  return at == text.npos ? at : text.size() - at - what.size();
}

namespace {

template <class Map>
std::string mapped(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    map(utf8_code_point(text), out);
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace

std::string upper(std::string_view text) {
  return mapped(text, [](u32 c, std::string& out) {
    if (c == 0xdf) out += "SS";
    else append_utf8(static_cast<u32>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))), out);
  });
}

std::string lower(std::string_view text) {
  return mapped(text, [](u32 c, std::string& out) {
    append_utf8(static_cast<u32>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), out);
  });
}

bool is_printable(u32 c) {
  if (c < 0x7f) return c >= 0x20;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return true;
  }
}

CharacterClass class_of(u32 c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return CharacterClass::letter;
    case UTF8PROC_CATEGORY_ND: return CharacterClass::decimal;
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return CharacterClass::numeric;
    default: return CharacterClass::other;
  }
}

// The shortest digits that read back to the same number, with an exponent outside 1e-4 .. 1e16.
std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const double size = std::abs(value);
  const bool scientific = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr);
  if (!scientific && text.find('.') == text.npos) text += ".0";
  return text;
}

}  // namespace r1::jinja
