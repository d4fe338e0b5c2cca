// Hashes for tables whose keys come from a file. They are keyed by a secret of this process, so that nobody can make a
// file whose keys all collide. No output depends on the secret.
#pragma once
#include <cstring>
#include <random>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

inline u64 secret() {
  static const u64 value = [] {
    std::random_device device;
    return u64{device()} << 32 | device();
  }();
  return value;
}

// XORs the high and the low half of the product a·b, which mixes all bits of a and b.
inline u64 fold_multiply(u64 a, u64 b) {
  __extension__ using u128 = unsigned __int128;
  const u128 product = u128{a} * b;
  return static_cast<u64>(product) ^ static_cast<u64>(product >> 64);
}

inline u64 hash_bytes(std::string_view s, u64 key) {
  u64 h = key ^ s.size(), word = 0;
  const char* p = s.data();
  size_t n = s.size();
  for (; n >= 8; n -= 8, p += 8) {
    std::memcpy(&word, p, 8);
    h = fold_multiply(h ^ word, key | 1);
  }
  word = 0;
  if (n >= 4) {  // this branch has most words of ordinary text, so it avoids a memcpy of variable length
    u32 low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + n - 4, 4);
    word = u64{high} << 32 | low;
  } else if (n > 0) {
    word = static_cast<u8>(p[0]) | u64{static_cast<u8>(p[n / 2])} << 8 | u64{static_cast<u8>(p[n - 1])} << 16;
  }
  return fold_multiply(h ^ word ^ 0x9E3779B97F4A7C15u, key | 1);
}

}  // namespace r1
