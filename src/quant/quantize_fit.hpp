// Scale searches over one sub-block: numbers x with weights w of their squared errors, integers q to stand for them.
// All sums run in a fixed order, so the result is the same on every machine.
#pragma once
#include "core/dtype.hpp"

namespace r1::fit {

// To the nearest integer, ties to even; |v| < 2^22.
inline float nearest(float v) {
  constexpr float kShift = 0x1.8p23f;
  return (v + kShift) - kShift;
}
inline float clamp(float v, float low, float high) { return v < low ? low : v > high ? high : v; }

// The element of largest magnitude, the first of several.
float largest(const float* x, int n);

// x ≈ a q with q in [-top, top - 1]: the scale a of smallest error that the search finds. n is 8, 16 or 32.
float symmetric(const float* x, const float* w, int n, int top);

// x ≈ a q - b with q in [0, top].
struct Affine {
  float a, b;
};
enum class Offset { at_least_zero, any };  // of b: what the format can store
Affine affine(const float* x, const float* w, int n, int top, Offset offset);
// Σ w (x - (a q - b))² with the best q in [low, high].
float error(const float* x, const float* w, int n, int low, int high, Affine f);

// x ≈ a T[q]: the sixteen uneven steps of the IQ4 types.
inline constexpr float kSteps[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
int nearest_step(float v);  // the index; the lower of two
float steps(const float* x, const float* w, int n);

}  // namespace r1::fit
