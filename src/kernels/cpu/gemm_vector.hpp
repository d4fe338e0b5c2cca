// The level's vector of floats for matrix products, and the shape of its register tile. Only gemm.cpp includes this
// header. Everything has internal linkage, so that the linker cannot put code of one level into another.
#pragma once
#include "core/half.hpp"
#include "core/integer.hpp"
#include "kernels/cpu/gemm.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace r1::cpu::R1_TARGET {
namespace {

// The number of independent chains of multiply-adds that keeps all units busy: the latency of one times the number of
// units. In SSE2 a multiply-add is a multiplication and an addition, whose latency 12 chains would only just cover.
#if defined(R1_TARGET_portable)
constexpr int kChains = 14;
#else
constexpr int kChains = 12;
#endif

// kTileRows × kVectors accumulators, kVectors vectors of B and one broadcast word of A fill the register file.
#if defined(__AVX512F__)
constexpr int kLanes = 16, kVectors = 2, kTileRows = 14;
#if defined(R1_TARGET_amx)
constexpr int kBlockRows = 224;  // a multiple of both tile heights, 14 and 32
#else
constexpr int kBlockRows = 168;
#endif
using Vector = __m512;
inline Vector broadcast(float x) { return _mm512_set1_ps(x); }
inline Vector multiply_add(Vector sum, Vector a, Vector b) { return _mm512_fmadd_ps(a, b, sum); }
inline Vector widen(const u16* p) {
  const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}
inline Vector widen_f16(const u16* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
#elif defined(__AVX2__)
constexpr int kLanes = 8, kVectors = 2, kTileRows = 6, kBlockRows = 168;
using Vector = __m256;
inline Vector broadcast(float x) { return _mm256_set1_ps(x); }
inline Vector multiply_add(Vector sum, Vector a, Vector b) { return _mm256_fmadd_ps(a, b, sum); }
inline Vector widen(const u16* p) {
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
}
inline Vector widen_f16(const u16* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
#else
using Vector = float __attribute__((vector_size(16)));
using Words = u32 __attribute__((vector_size(16)));
constexpr int kLanes = 4, kVectors = 2;
inline Vector broadcast(float x) { return Vector{x, x, x, x}; }
inline Vector widen(const u16* p) {
#if defined(__SSE2__)
  const __m128i half = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), half));
#else
  const Words w = {p[0], p[1], p[2], p[3]};
  return reinterpret_cast<Vector>(w << 16);
#endif
}
#if defined(R1_TARGET_neon)
constexpr int kTileRows = 8, kBlockRows = 168;
inline Vector multiply_add(Vector sum, Vector a, Vector b) {
  return reinterpret_cast<Vector>(vfmaq_f32(reinterpret_cast<float32x4_t>(sum), reinterpret_cast<float32x4_t>(a),
                                            reinterpret_cast<float32x4_t>(b)));
}
#else
constexpr int kTileRows = 6, kBlockRows = 48;
inline Vector multiply_add(Vector sum, Vector a, Vector b) { return sum + a * b; }
#endif
#endif

inline Vector load(const float* p) {
  Vector v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof v); }

constexpr int kPanel = kLanes * kVectors;

// A row of packed A consists of 32-bit words; a word is a float or, where the level multiplies pairs, two bf16. A block
// has kBlockWords words per row. Its rows start kRowWords words apart, so that the rows of a tile do not all fall into
// the same few cache sets.
#if defined(R1_TARGET_portable)
constexpr i64 kBlockWords = 128;
#else
constexpr i64 kBlockWords = 256;
#endif
constexpr i64 kRowWords = kBlockWords + 16;

// SSE2 has no instruction that loads one float into all lanes. At level portable the rows of a tile are therefore
// copied in advance with every word repeated kSpread times, so that the inner loop loads whole registers. At other
// levels a tile reads packed A directly. A repeated tile stays in the L1 cache while it is multiplied with
// kSpreadPanels panels of B, which must fit the L2 cache.
constexpr i64 kSpreadPanels = 64;
#if defined(R1_TARGET_portable)
constexpr i64 kSpread = kLanes, kTileRowWords = kBlockWords * kSpread + 16;
#else
constexpr i64 kSpread = 1, kTileRowWords = kRowWords;
#endif

#if defined(R1_TARGET_amx)
constexpr bool kPairs = true;
constexpr i64 kPadWords = 16;  // one tile product takes 32 bf16 along k
#elif defined(R1_TARGET_avx512bf16)
constexpr bool kPairs = true;
constexpr i64 kPadWords = 1;
#else
constexpr bool kPairs = false;
constexpr i64 kPadWords = 1;
#endif

#if defined(__AVX2__)
constexpr bool kHalfFloats = true;
#else
constexpr bool kHalfFloats = false;
#endif

// Whether packing in this format rounds, and whether its panels hold single elements of 16 bits.
inline bool rounds(Format f) { return f == Format::bf16; }
inline bool halves(Format f) {
  if (f == Format::f32_f16) return kHalfFloats;
  return f == Format::f32_bf16 || (f == Format::bf16 && !kPairs);
}

// The number of elements along k in a word, and the number of words for k elements, padding included.
inline i64 per_word(Format f) { return kPairs && f == Format::bf16 ? 2 : 1; }
inline i64 words(Format f, i64 k) {
  if (per_word(f) == 1) return k;
  return round_up((k + 1) / 2, kPadWords);
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
