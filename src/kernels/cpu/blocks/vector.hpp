// The integer vectors of the level for products of blocks. A vector holds one lane for each of kLanes rows of weights;
// a lane is an i32 or four bytes. Only block_dot.cpp includes this header; everything has internal linkage.
#pragma once
#include "core/half.hpp"
#include "kernels/cpu/block_dot.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace r1::cpu::R1_TARGET {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
using Ints = __m512i;
using Floats = __m512;
inline Ints load(const void* p) { return _mm512_loadu_si512(p); }
inline Ints broadcast(i32 x) { return _mm512_set1_epi32(x); }
inline Ints add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
inline Ints multiply(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }
inline Ints add_16(Ints a, Ints b) { return _mm512_add_epi16(a, b); }
inline Ints multiply_bytes(Ints unsigned_a, Ints b) { return _mm512_maddubs_epi16(unsigned_a, b); }
inline Ints multiply_pairs(Ints a, Ints b) { return _mm512_madd_epi16(a, b); }
inline Ints ones_16() { return _mm512_set1_epi16(1); }
inline Ints magnitude(Ints w) { return _mm512_abs_epi8(w); }
inline Ints with_sign_of(Ints x, Ints w) {
  return _mm512_mask_sub_epi8(x, _mm512_movepi8_mask(w), _mm512_setzero_si512(), x);
}
inline Floats to_floats(Ints x) { return _mm512_cvtepi32_ps(x); }
inline Floats load_floats(const float* p) { return _mm512_loadu_ps(p); }
inline void store_floats(float* p, Floats x) { _mm512_storeu_ps(p, x); }
inline Floats broadcast_float(float x) { return _mm512_set1_ps(x); }
inline Floats add_product(Floats sum, Floats a, Floats b) { return _mm512_fmadd_ps(a, b, sum); }
inline Floats subtract_product(Floats sum, Floats a, Floats b) { return _mm512_fnmadd_ps(a, b, sum); }
#elif defined(__AVX2__)
constexpr int kLanes = 8;
using Ints = __m256i;
using Floats = __m256;
inline Ints load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline Ints broadcast(i32 x) { return _mm256_set1_epi32(x); }
inline Ints add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
inline Ints multiply(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
inline Ints add_16(Ints a, Ints b) { return _mm256_add_epi16(a, b); }
inline Ints multiply_bytes(Ints unsigned_a, Ints b) { return _mm256_maddubs_epi16(unsigned_a, b); }
inline Ints multiply_pairs(Ints a, Ints b) { return _mm256_madd_epi16(a, b); }
inline Ints ones_16() { return _mm256_set1_epi16(1); }
inline Ints magnitude(Ints w) { return _mm256_abs_epi8(w); }
inline Ints with_sign_of(Ints x, Ints w) { return _mm256_sign_epi8(x, w); }
inline Floats to_floats(Ints x) { return _mm256_cvtepi32_ps(x); }
inline Floats load_floats(const float* p) { return _mm256_loadu_ps(p); }
inline void store_floats(float* p, Floats x) { _mm256_storeu_ps(p, x); }
inline Floats broadcast_float(float x) { return _mm256_set1_ps(x); }
inline Floats add_product(Floats sum, Floats a, Floats b) { return _mm256_fmadd_ps(a, b, sum); }
inline Floats subtract_product(Floats sum, Floats a, Floats b) { return _mm256_fnmadd_ps(a, b, sum); }
#else
constexpr int kLanes = 8;
using Ints = i32 __attribute__((vector_size(32)));
using Floats = float __attribute__((vector_size(32)));
inline Ints load(const void* p) {
  Ints x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
inline Ints broadcast(i32 x) { return Ints{} + x; }
inline Ints add(Ints a, Ints b) { return a + b; }
inline Ints multiply(Ints a, Ints b) { return a * b; }
inline Floats to_floats(Ints x) { return __builtin_convertvector(x, Floats); }
inline Floats load_floats(const float* p) {
  Floats x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
inline void store_floats(float* p, Floats x) { __builtin_memcpy(p, &x, sizeof x); }
inline Floats broadcast_float(float x) { return Floats{} + x; }
inline Floats add_product(Floats sum, Floats a, Floats b) { return sum + a * b; }
inline Floats subtract_product(Floats sum, Floats a, Floats b) { return sum - a * b; }
#endif

inline i32 word_at(const void* p) {
  i32 word;
  __builtin_memcpy(&word, p, 4);
  return word;
}

// In each lane: sum plus the products of the two 16-bit halves of a and b.
inline Ints add_pairs(Ints sum, Ints a, Ints b) {
#if defined(__AVX512VNNI__)
  return _mm512_dpwssd_epi32(sum, a, b);
#elif defined(__AVXVNNI__)
  return _mm256_dpwssd_avx_epi32(sum, a, b);
#elif defined(__AVX2__)
  return add(sum, multiply_pairs(a, b));
#else
  const Ints low = ((a << 16) >> 16) * ((b << 16) >> 16), high = (a >> 16) * (b >> 16);
  return sum + low + high;
#endif
}

// How tiles hold the signed quants of Q8_0. VNNI multiplies unsigned by signed bytes and sums in 32 bits: tiles hold
// quants with 128 added, which QuantizedChunk::start subtracts again. Elsewhere tiles hold signed bytes; AVX2 moves the
// sign of each quant to the activation, and a sum of two products, at most 128·127·2, fits 16 bits.
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
constexpr bool kSignedWeights = false;
#else
constexpr bool kSignedWeights = true;
#endif

// In each lane: sum plus the products of the four bytes of a, which are unsigned, and of b, which are signed.
#if defined(__AVX512VNNI__)
inline Ints add_four(Ints sum, Ints a, Ints b) { return _mm512_dpbusd_epi32(sum, a, b); }
#elif defined(__AVXVNNI__)
inline Ints add_four(Ints sum, Ints a, Ints b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }
#endif

// In each lane: sum plus the products of the lane's quants w [kSteps][kLanes][4] and the activations q [kSteps][4],
// which all lanes share. Quants are unsigned and below kLimit, or signed if kLimit is 0. The result is exact: 16-bit
// partial sums are added to the 32-bit sum before they can overflow.
template <int kSteps, int kLimit>
inline Ints add_bytes(Ints sum, const u8* w, const i8* q) {
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
#pragma GCC unroll 8
  for (int j = 0; j < kSteps; ++j) sum = add_four(sum, load(w + j * kLanes * 4), broadcast(word_at(q + 4 * j)));
  return sum;
#elif defined(__AVX2__)
  constexpr int kProducts = kLimit == 0 ? 1 : 32767 / (2 * 127 * (kLimit - 1)),
                kRun = kProducts < kSteps ? kProducts : kSteps;
  for (int j = 0; j < kSteps; j += kRun) {
    Ints run{};
    for (int i = 0; i < kRun && j + i < kSteps; ++i) {
      const Ints a = load(w + (j + i) * kLanes * 4), x = broadcast(word_at(q + 4 * (j + i)));
      const Ints product = kLimit == 0 ? multiply_bytes(magnitude(a), with_sign_of(x, a)) : multiply_bytes(a, x);
      run = i == 0 ? product : add_16(run, product);
    }
    sum = add(sum, multiply_pairs(run, ones_16()));
  }
  return sum;
#else
  i32 lanes[kLanes];
  __builtin_memcpy(lanes, &sum, sizeof lanes);
  for (int j = 0; j < kSteps; ++j)
    for (int lane = 0; lane < kLanes; ++lane)
      for (int b = 0; b < 4; ++b) {
        const u8 a = w[(j * kLanes + lane) * 4 + b];
        lanes[lane] += (kLimit == 0 ? static_cast<i32>(static_cast<i8>(a)) : static_cast<i32>(a)) * q[4 * j + b];
      }
  return load(lanes);
#endif
}

// How many tiles are multiplied with a group of rows at once. With two tiles each word of the activations is loaded
// once for both; the sums of 4 rows and 2 tiles take half of the 32 registers of AVX-512. AVX2 has 16.
#if defined(__AVX512VNNI__)
constexpr int kTilesAtOnce = 2;
#else
constexpr int kTilesAtOnce = 1;
#endif

// add_bytes for each of kRows rows of activations q[r] and of kTiles tiles w[t].
template <int kSteps, int kLimit, int kRows, int kTiles>
inline void add_bytes(Ints (&sum)[kRows][kTiles], const u8* const (&w)[kTiles], const i8* const (&q)[kRows]) {
#if defined(__AVX512VNNI__)
#pragma GCC unroll 8
  for (int j = 0; j < kSteps; ++j) {
    Ints of_tile[kTiles];
#pragma GCC unroll 2
    for (int t = 0; t < kTiles; ++t) of_tile[t] = load(w[t] + j * kLanes * 4);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Ints x = broadcast(word_at(q[r] + 4 * j));
#pragma GCC unroll 2
      for (int t = 0; t < kTiles; ++t) sum[r][t] = add_four(sum[r][t], of_tile[t], x);
    }
  }
#else
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
    for (int t = 0; t < kTiles; ++t) sum[r][t] = add_bytes<kSteps, kLimit>(sum[r][t], w[t], q[r]);
#endif
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
