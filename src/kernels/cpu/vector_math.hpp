// Vectors of the level being compiled, and the elementary functions that its kernels share. Only for sources that are
// compiled once per level (elementwise, attention). Everything has internal linkage, so that the linker cannot put an
// inline function of one level into another.
//
// Highway is used in static-dispatch mode. The build sets -ffp-contract=off, so the compiler fuses no multiply-adds;
// MulAdd is fused at the levels that have the instruction.
#pragma once
#include <hwy/highway.h>

#include <limits>

#include "core/dtype.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using V32 = hn::Vec<F32>;
using M32 = hn::Mask<F32>;
constexpr F32 f32{};
constexpr i64 kLanes = static_cast<i64>(hn::MaxLanes(F32()));

// FullVector and PartialVector let the same code process the body and the tail of a row. A PartialVector covers the
// first lanes of a vector: the other lanes are loaded as zero and not stored.
struct FullVector {
  static HWY_INLINE V32 load(const float* p) { return hn::LoadU(f32, p); }
  static HWY_INLINE void store(V32 v, float* p) { hn::StoreU(v, f32, p); }
  static HWY_INLINE V32 or_else(V32 v, V32) { return v; }
};
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
constexpr bool kMaskedMemory = true;
#else
constexpr bool kMaskedMemory = false;  // here Highway loads, blends and stores whole vectors, which could overwrite
                                       // elements that another thread writes
#endif
struct PartialVector {
  M32 mask;
  i64 count;
  HWY_INLINE V32 load(const float* p) const {
    if constexpr (kMaskedMemory) return hn::MaskedLoad(mask, f32, p);
    alignas(64) float lanes[kLanes] = {};
    for (i64 i = 0; i < count; ++i) lanes[i] = p[i];
    return hn::Load(f32, lanes);
  }
  HWY_INLINE void store(V32 v, float* p) const {
    if constexpr (kMaskedMemory) return hn::BlendedStore(v, mask, f32, p);
    alignas(64) float lanes[kLanes];
    hn::Store(v, f32, lanes);
    for (i64 i = 0; i < count; ++i) p[i] = lanes[i];
  }
  // v in the lanes of the row, `other` in the lanes past its end.
  HWY_INLINE V32 or_else(V32 v, V32 other) const { return hn::IfThenElse(mask, v, other); }
};

// Calls f(i, lanes) for i = 0, kLanes, 2·kLanes, ... below n. `lanes` is a FullVector, or a PartialVector for the tail.
template <class Body>
HWY_INLINE void each(i64 n, const Body& f) {
  i64 i = 0;
  for (; i + kLanes <= n; i += kLanes) f(i, FullVector{});
  if (i < n) f(i, PartialVector{hn::FirstN(f32, n - i), n - i});
}

HWY_INLINE V32 set(float a) { return hn::Set(f32, a); }
HWY_INLINE float sum_lanes(V32 v) { return hn::GetLane(hn::SumOfLanes(f32, v)); }
HWY_INLINE float max_lanes(V32 v) { return hn::GetLane(hn::MaxOfLanes(f32, v)); }

// e^x to about 1 ulp over the whole range: 0 below -104 (so exp(-inf) is an exact zero), infinity above 88.73, NaN for
// NaN. x = k ln 2 + r with |r| <= ln 2 / 2. e^r is the Taylor series up to r^7/7! (relative remainder 5e-9). 2^k is
// applied as two factors, so that subnormal results round only once.
HWY_INLINE V32 exp(V32 x) {
  const V32 k = hn::Round(hn::Mul(x, set(1.44269504f)));
  V32 r = hn::NegMulAdd(k, set(0x1.62e4p-1f), x);  // the constant has 15 bits, so k times it is exact even if not fused
  r = hn::NegMulAdd(k, set(0x1.7f7d1cp-20f), r);
  V32 p = set(1.0f / 5040);
  p = hn::MulAdd(p, r, set(1.0f / 720));
  p = hn::MulAdd(p, r, set(1.0f / 120));
  p = hn::MulAdd(p, r, set(1.0f / 24));
  p = hn::MulAdd(p, r, set(1.0f / 6));
  p = hn::MulAdd(p, r, set(0.5f));
  p = hn::MulAdd(hn::Mul(p, r), r, r);  // e^r - 1; adding 1 last keeps the error near half an ulp
  p = hn::Add(p, set(1.0f));
  const hn::RebindToSigned<F32> i32s;
  const auto n = hn::ConvertTo(i32s, k);
  const auto half = hn::ShiftRight<1>(n), bias = hn::Set(i32s, 127);
  const V32 a = hn::BitCast(f32, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const V32 b = hn::BitCast(f32, hn::ShiftLeft<23>(hn::Add(hn::Sub(n, half), bias)));
  const V32 y = hn::Mul(hn::Mul(p, a), b);
  const V32 low = hn::IfThenZeroElse(hn::Lt(x, set(-104.0f)), y);
  return hn::IfThenElse(hn::Gt(x, set(88.73f)), set(std::numeric_limits<float>::infinity()), low);
}

// 1 / (1 + e^-x)
HWY_INLINE V32 sigmoid(V32 x) { return hn::Div(set(1.0f), hn::Add(set(1.0f), exp(hn::Neg(x)))); }

// The maximum of n >= 1 values. Unspecified if one of them is NaN.
HWY_INLINE float row_max(const float* x, i64 n) {
  V32 m = set(-std::numeric_limits<float>::infinity());
  each(n, [&](i64 i, auto lanes) { m = hn::Max(m, lanes.or_else(lanes.load(x + i), m)); });
  return max_lanes(m);
}

// y[i] = e^(x[i] - shift). Returns the sum of y. y may be x.
HWY_INLINE float row_exp(float* y, const float* x, float shift, i64 n) {
  V32 sum = hn::Zero(f32);
  each(n, [&](i64 i, auto lanes) {
    const V32 e = lanes.or_else(exp(hn::Sub(lanes.load(x + i), set(shift))), hn::Zero(f32));
    lanes.store(e, y + i);
    sum = hn::Add(sum, e);
  });
  return sum_lanes(sum);
}

}  // namespace
}  // namespace r1::cpu::R1_TARGET
