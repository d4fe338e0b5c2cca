// Byte-pair merging of one piece of text.
#pragma once
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

class BpeMerges {
 public:
  // The merge of tokens a and b into `result`; of two merges of the same pair the later one counts.
  void add(i32 a, i32 b, i32 rank, i32 result) { merges_[key(a, b)] = {rank, result}; }
  void reserve(size_t n) { merges_.reserve(n); }

  // Merges `symbols` in place: always the pair of lowest rank, of those the leftmost. O(n log n), because pieces of
  // megabytes exist.
  void apply(std::vector<i32>& symbols) const;

 private:
  struct Merge {
    i32 rank, result;
  };
  struct Hash {
    size_t operator()(u64 k) const { return (k ^ k >> 29) * 0x9E3779B97F4A7C15u >> 7; }
  };
  static u64 key(i32 a, i32 b) { return u64{static_cast<u32>(a)} << 32 | static_cast<u32>(b); }
  const Merge* find(i32 a, i32 b) const {
    const auto it = merges_.find(key(a, b));
    return it == merges_.end() ? nullptr : &it->second;
  }
  void apply_short(std::vector<i32>& symbols) const;
  void apply_long(std::vector<i32>& symbols) const;

  std::unordered_map<u64, Merge, Hash> merges_;
};

}  // namespace r1
