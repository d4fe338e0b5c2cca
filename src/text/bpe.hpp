// Byte-pair merging of one piece of text.
#pragma once
#include <span>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

class BpeMerges {
 public:
  struct Merge {
    i32 a = -1, b = -1;  // the pair; -1 in an empty slot
    i32 rank = 0, result = 0;
  };
  BpeMerges();

  // Of two merges of the same pair the later one counts. Ranks differ.
  void add(const Merge& merge);
  std::vector<Merge> by_rank() const;

  // Merges the tokens in place: always the pair of lowest rank, of those the leftmost. Returns how many are left.
  // O(n log n), because pieces of megabytes exist. At most kLongest tokens.
  static constexpr size_t kLongest = size_t{1} << 30;
  size_t apply(std::span<i32> symbols) const;

 private:
  size_t slot_of(i32 a, i32 b) const;  // where the pair is, or the empty slot where it would be
  const Merge* find(i32 a, i32 b) const {
    const Merge& m = slots_[slot_of(a, b)];
    return m.a < 0 ? nullptr : &m;
  }
  void grow();
  size_t apply_short(std::span<i32> symbols) const;
  size_t apply_long(std::span<i32> symbols) const;

  std::vector<Merge> slots_;  // open addressing; a power of two
  size_t count_ = 0;
  int shift_ = 0;
  u64 multiplier_;  // odd; secret, so that no file can make all pairs meet in one slot
};

}  // namespace r1
