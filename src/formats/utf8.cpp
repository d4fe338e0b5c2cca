#include "formats/utf8.hpp"

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

size_t first_invalid_utf8(std::string_view s) {
  size_t at = 0;
  while (at < s.size()) {
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

}  // namespace r1
