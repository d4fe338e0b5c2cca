#include "grammar/char_set.hpp"

#include <algorithm>
#include <string>

#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr u32 kLastChar = 0x10FFFF, kFirstSurrogate = 0xD800, kLastSurrogate = 0xDFFF;

void append_forms(u32 first, u32 last, std::vector<ByteRanges>& out) {
  // Characters of one range have the same number of bytes.
  for (const u32 end : {0x7Fu, 0x7FFu, 0xFFFFu})
    if (first <= end && last > end) {
      append_forms(first, end, out);
      return append_forms(end + 1, last, out);
    }
  // All but the leading bytes that the two ends share must be able to take every value.
  for (int bits = 6; bits <= 18; bits += 6) {
    const u32 mask = (u32{1} << bits) - 1;
    if ((first & ~mask) == (last & ~mask)) continue;
    if ((first & mask) != 0 && last > 0x7F) {
      append_forms(first, first | mask, out);
      return append_forms((first | mask) + 1, last, out);
    }
    if ((last & mask) != mask && last > 0x7F) {
      append_forms(first, (last & ~mask) - 1, out);
      return append_forms(last & ~mask, last, out);
    }
  }
  std::string low, high;
  append_utf8(first, low);
  append_utf8(last, high);
  ByteRanges form;
  form.length = static_cast<int>(low.size());
  for (int i = 0; i < form.length; ++i) form.low[i] = static_cast<u8>(low[i]), form.high[i] = static_cast<u8>(high[i]);
  out.push_back(form);
}

}  // namespace

CharSet CharSet::of(std::string_view ascii) {
  CharSet set;
  for (const char c : ascii) set.add(static_cast<u8>(c), static_cast<u8>(c));
  return set;
}

void CharSet::add(u32 first, u32 last) {
  if (first < kFirstSurrogate && last > kLastSurrogate) {
    add(first, kFirstSurrogate - 1);
    return add(kLastSurrogate + 1, last);
  }
  if (first >= kFirstSurrogate && first <= kLastSurrogate) first = kLastSurrogate + 1;
  if (last >= kFirstSurrogate && last <= kLastSurrogate) last = kFirstSurrogate - 1;
  last = std::min(last, kLastChar);
  if (first > last) return;
  std::vector<Range> merged;
  for (const Range& r : ranges_) {
    if (r.second + 1 < first || r.first > last + 1) merged.push_back(r);
    else first = std::min(first, r.first), last = std::max(last, r.second);
  }
  merged.insert(std::upper_bound(merged.begin(), merged.end(), Range{first, last}), {first, last});
  ranges_ = std::move(merged);
}

void CharSet::add(const CharSet& other) {
  for (const auto& [first, last] : other.ranges_) add(first, last);
}

CharSet CharSet::complement() const {
  CharSet out;
  u32 next = 0;
  for (const auto& [first, last] : ranges_) {
    if (first > next) out.add(next, first - 1);
    next = last + 1;
  }
  if (next <= kLastChar) out.add(next, kLastChar);
  return out;
}

CharSet CharSet::without(const CharSet& other) const {
  CharSet rest = complement();
  rest.add(other);
  return rest.complement();
}

bool CharSet::contains(u32 c) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.first <= c && c <= r.second; });
}

i64 CharSet::size() const {
  i64 n = 0;
  for (const auto& [first, last] : ranges_) n += i64{last} - first + 1;
  return n;
}

std::vector<ByteRanges> utf8_forms(const CharSet& set) {
  std::vector<ByteRanges> out;
  for (const auto& [first, last] : set.ranges()) append_forms(first, last, out);
  return out;
}

Result<u32> hex_character(std::string_view text, size_t digits) {
  const std::string number(text.substr(0, digits));
  if (number.size() < digits || number.find_first_not_of("0123456789abcdefABCDEF") != number.npos)
    return fail(Errc::invalid_argument, "expected {} hexadecimal digits", digits);
  const u64 c = std::stoull(number, nullptr, 16);
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return fail(Errc::invalid_argument, "the number of no character");
  return static_cast<u32>(c);
}

}  // namespace r1
