// Byte-pair merging of one piece of text that the pre-tokenizer has cut.
#pragma once
#include <span>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

class BpeMerges {
 public:
  struct Merge {
    i32 a = -1, b = -1;  // the pair of tokens; -1 in an empty slot
    i32 rank = 0, result = 0;
  };
  BpeMerges();

  // Adds a merge, replacing an earlier one of the same pair. No two merges may have the same rank.
  void add(const Merge& merge);
  std::vector<Merge> by_rank() const;

  // Merges tokens in place until no pair has a merge. Each step merges the pair of lowest rank, and the leftmost if
  // there are several. Returns how many tokens are left. The cost is O(n log n), because pieces of several megabytes
  // exist. At most kLongest tokens.
  static constexpr size_t kLongest = size_t{1} << 30;
  size_t apply(std::span<i32> symbols) const;

 private:
  size_t slot_of(i32 a, i32 b) const;  // the slot of the pair, or the empty slot where it would be stored
  const Merge* find(i32 a, i32 b) const {
    const Merge& m = slots_[slot_of(a, b)];
    return m.a < 0 ? nullptr : &m;
  }
  void grow();
  size_t apply_short(std::span<i32> symbols) const;
  size_t apply_long(std::span<i32> symbols) const;

  std::vector<Merge> slots_;  // hash table with open addressing; its size is a power of two
  size_t count_ = 0;
  int shift_ = 0;
  u64 multiplier_;  // odd, and secret: otherwise a file could put all its pairs into one slot
};

}  // namespace r1
