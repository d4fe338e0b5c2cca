// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// A number is a pure function of its key and its counter, so streams do not depend on each other's draws.
#pragma once
#include <array>

#include "core/dtype.hpp"

namespace r1 {

// What a stream of numbers is used for. Streams of different purposes never share numbers.
enum class Purpose : u32 { init = 1, data = 2, sample = 3, task = 4, test = 5, bench = 6 };

constexpr std::array<u32, 4> philox(std::array<u32, 4> counter, std::array<u32, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const u64 a = u64{0xD2511F53u} * counter[0], b = u64{0xCD9E8D57u} * counter[2];
    counter = {static_cast<u32>(b >> 32) ^ counter[1] ^ key[0], static_cast<u32>(b),
               static_cast<u32>(a >> 32) ^ counter[3] ^ key[1], static_cast<u32>(a)};
    key[0] += 0x9E3779B9u, key[1] += 0xBB67AE85u;
  }
  return counter;
}

// A sequential generator over one stream: key = seed, counter = (index, draw number, purpose, sub-stream).
class Random {
 public:
  Random(u64 seed, Purpose purpose, u64 stream = 0)
      : key_{static_cast<u32>(seed), static_cast<u32>(seed >> 32)},
        counter_{0, static_cast<u32>(stream), static_cast<u32>(stream >> 32), static_cast<u32>(purpose)} {}

  u32 next_u32() {
    if (used_ == 4) {
      block_ = philox(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }
  u64 next_u64() {
    const u64 high = next_u32();
    return high << 32 | next_u32();
  }
  // Uniform in [0, n), n >= 1, without bias (Lemire's multiply with rejection).
  u32 below(u32 n) {
    for (;;) {
      const u64 m = u64{next_u32()} * n;
      if (static_cast<u32>(m) >= (0u - n) % n) return static_cast<u32>(m >> 32);
    }
  }
  // Uniform in [low, high], both ends included. high - low must be below 2^32 - 1.
  i64 between(i64 low, i64 high) { return low + static_cast<i64>(below(static_cast<u32>(high - low + 1))); }
  double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }  // [0, 1)
  double normal();                                                              // mean 0, variance 1

 private:
  std::array<u32, 2> key_;
  std::array<u32, 4> counter_, block_{};
  unsigned used_ = 4;
};

}  // namespace r1
