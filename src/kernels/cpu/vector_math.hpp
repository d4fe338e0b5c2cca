// Vectors of the level being compiled, and the elementary functions all its kernels share. Only for sources compiled
// once per level (elementwise, attention): everything here has internal linkage, so that no inline function of
// one level can be linked into another.
//
// Highway in static-dispatch mode; -ffp-contract=off, so a fused multiply-add happens exactly where MulAdd is written.
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

// A full vector, and the first lanes of one: the same code reads the body and the tail of a row. Lanes past the end
// load as zero and are not stored.
struct Whole {
  static HWY_INLINE V32 load(const float* p) { return hn::LoadU(f32, p); }
  static HWY_INLINE void store(V32 v, float* p) { hn::StoreU(v, f32, p); }
  static HWY_INLINE V32 or_else(V32 v, V32) { return v; }
};
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
constexpr bool kMaskedMemory = true;
#else
constexpr bool kMaskedMemory = false;  // Highway blends whole vectors: it would rewrite what another thread may own
#endif
struct Part {
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
  HWY_INLINE V32 or_else(V32 v, V32 other) const { return hn::IfThenElse(mask, v, other); }  // `other` past the end
};

// f(i, lanes) for i = 0, kLanes, ...; lanes is Whole, for a tail Part.
template <class Body>
HWY_INLINE void each(i64 n, const Body& f) {
  i64 i = 0;
  for (; i + kLanes <= n; i += kLanes) f(i, Whole{});
  if (i < n) f(i, Part{hn::FirstN(f32, n - i), n - i});
}

HWY_INLINE V32 set(float a) { return hn::Set(f32, a); }
HWY_INLINE float sum_lanes(V32 v) { return hn::GetLane(hn::SumOfLanes(f32, v)); }
HWY_INLINE float max_lanes(V32 v) { return hn::GetLane(hn::MaxOfLanes(f32, v)); }

// e^x to about 1 ulp, correct to the ends: 0 below -104 (so exp(-inf) is an exact zero), inf above 88.73, NaN stays.
// x = k ln 2 + r, |r| <= ln 2 / 2; e^r by Taylor to r^7/7! (remainder 5e-9 relative); 2^k in two factors so that
// subnormal results round once.
HWY_INLINE V32 exp(V32 x) {
  const V32 k = hn::Round(hn::Mul(x, set(1.44269504f)));
  V32 r = hn::NegMulAdd(k, set(0x1.62e4p-1f), x);  // 15 bits: k times it is exact, with or without fused instructions
  r = hn::NegMulAdd(k, set(0x1.7f7d1cp-20f), r);
  V32 p = set(1.0f / 5040);
  p = hn::MulAdd(p, r, set(1.0f / 720));
  p = hn::MulAdd(p, r, set(1.0f / 120));
  p = hn::MulAdd(p, r, set(1.0f / 24));
  p = hn::MulAdd(p, r, set(1.0f / 6));
  p = hn::MulAdd(p, r, set(0.5f));
  p = hn::MulAdd(hn::Mul(p, r), r, r);  // e^r - 1: adding the 1 last keeps the error near half an ulp
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

// max over n >= 1 values. NaN: unspecified.
HWY_INLINE float row_max(const float* x, i64 n) {
  V32 m = set(-std::numeric_limits<float>::infinity());
  each(n, [&](i64 i, auto lanes) { m = hn::Max(m, lanes.or_else(lanes.load(x + i), m)); });
  return max_lanes(m);
}

// y[i] = e^(x[i] - shift); returns the sum. y may be x.
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
