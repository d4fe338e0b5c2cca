// Random weights of any type, generated directly as stored bytes. Quants are random bits. Scales are drawn so that the
// values spread by about `scale` and none is infinite or NaN. For tests, and for measuring the speed of models of which
// no file is at hand.
#pragma once
#include <cmath>
#include <cstring>

#include "core/half.hpp"

namespace r1 {

class RandomBlocks {
 public:
  RandomBlocks(u64 seed, double scale) : state_(seed), scale_(scale) {}

  // Writes n elements of type `t`; n is a multiple of the type's block. FP8 bytes suit block scales near `scale`/100.
  void fill(DType t, std::byte* dst, i64 n) {
    auto* p = reinterpret_cast<u8*>(dst);
    const BlockShape b = block_of(t);
    for (i64 i = 0; i < n; i += b.elements, p += b.bytes) block(t, p, b);
  }

 private:
  u64 next() {  // splitmix64
    u64 z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  float uniform() { return static_cast<float>(static_cast<u32>(next() >> 40)) * 0x1p-24f; }
  float symmetric() { return (uniform() - 0.5f) * 3.46f; }  // variance 1

  // Writes an f16 scale at `at` for a block whose quants spread by about `quants`.
  void half(u8* at, double quants) {
    const u16 h = f16_from_f32(static_cast<float>(scale_ / quants) * (0.75f + 0.5f * uniform()));
    std::memcpy(at, &h, 2);
  }

  void block(DType t, u8* p, const BlockShape& b) {
    for (i64 i = 0; i < b.bytes; i += 8) {
      const u64 bits = next();
      std::memcpy(p + i, &bits, b.bytes - i < 8 ? b.bytes - i : 8);
    }
    switch (t) {
      case DType::f32: return store(p, bits_from_f32(static_cast<float>(scale_) * symmetric()), 4);
      case DType::bf16: return store(p, bf16_from_f32(static_cast<float>(scale_) * symmetric()), 2);
      case DType::f16: return store(p, f16_from_f32(static_cast<float>(scale_) * symmetric()), 2);
      case DType::f8_e4m3: p[0] = static_cast<u8>((p[0] & 0x80) | (p[0] & 0x7f) % 0x7f); return;
      case DType::q4_0:
      case DType::iq4_nl: return half(p, t == DType::q4_0 ? 4.6 : 60);
      case DType::q5_0: return half(p, 9.2);
      case DType::q8_0: return half(p, 74);
      case DType::q4_1: half(p, 4.6); return negative(p, 2, 7.5);
      case DType::q5_1: half(p, 9.2); return negative(p, 2, 15.5);
      case DType::q2_k: half(p + 80, 9); return half(p + 82, 6);
      case DType::q3_k: return half(p + 108, 42);
      case DType::q4_k: half(p, 170); return half(p + 2, 22);
      case DType::q5_k: half(p, 340); return half(p + 2, 22);
      case DType::q6_k: return half(p + 208, 1360);
      case DType::q8_k: return store(p, bits_from_f32(static_cast<float>(scale_ / 74)), 4);
      case DType::iq2_xxs:
      case DType::iq2_xs:
      case DType::iq2_s: return half(p, 55);
      case DType::iq3_xxs: return half(p, 140);
      case DType::iq3_s: return half(p, 130);
      case DType::iq1_s: return half(p, 7);
      case DType::iq1_m: return spread_half(p + 48);
      case DType::iq4_xs: return half(p, 1100);
      case DType::tq1_0: return half(p + 52, 0.8);
      case DType::tq2_0: return half(p + 64, 0.8);
      case DType::mxfp4:
        p[0] = static_cast<u8>(static_cast<int>(std::lround(std::log2(scale_ / 4))) + 127 + (p[0] & 1));
        return;
      case DType::nvfp4:
        for (int i = 0; i < 4; ++i) p[i] = static_cast<u8>(p[i] % 0x40);
        return;
    }
  }
  void store(u8* at, u32 bits, size_t bytes) { std::memcpy(at, &bits, bytes); }
  // Writes an f16 minimum of -`times` the scale that stands at p, so that values lie around zero.
  void negative(u8* p, i64 at, double times) {
    u16 d = 0;
    std::memcpy(&d, p, 2);
    const u16 m = f16_from_f32(static_cast<float>(-times) * f32_from_f16(d));
    std::memcpy(p + at, &m, 2);
  }
  // IQ1_M stores the 16 bits of its scale in the top nibbles of four words.
  void spread_half(u8* p) {
    u16 d = 0;
    half(reinterpret_cast<u8*>(&d), 7);
    for (int k = 0; k < 4; ++k) p[2 * k + 1] = static_cast<u8>((p[2 * k + 1] & 15) | (d >> 4 * k & 15) << 4);
  }

  u64 state_;
  double scale_;
};

}  // namespace r1
