// Sets of Unicode characters, as sorted ranges. Surrogates are no characters and are never in a set.
#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

class CharSet {
 public:
  using Range = std::pair<u32, u32>;  // first and last

  CharSet() = default;
  CharSet(u32 first, u32 last) { add(first, last); }
  static CharSet all() { return {0, 0x10FFFF}; }
  static CharSet of(std::string_view ascii);

  void add(u32 first, u32 last);
  void add(const CharSet& other);
  CharSet complement() const;
  CharSet without(const CharSet& other) const;
  bool contains(u32 c) const;
  bool empty() const { return ranges_.empty(); }
  i64 size() const;
  const std::vector<Range>& ranges() const { return ranges_; }
  bool operator==(const CharSet&) const = default;

 private:
  std::vector<Range> ranges_;  // ascending, disjoint and not adjacent
};

// Reads the number of a character from the first `digits` bytes of `text`, which must be hexadecimal digits. Errors:
// fewer digits; a number that is not that of a character.
Result<u32> hex_character(std::string_view text, size_t digits);

// A sequence of byte ranges: the texts whose i-th byte lies in the i-th range.
struct ByteRanges {
  int length = 0;
  u8 low[4] = {}, high[4] = {};
};
// The UTF-8 forms of the characters of `set`, each exactly once.
std::vector<ByteRanges> utf8_forms(const CharSet& set);

}  // namespace r1
