// Searches for the scale of one sub-block. x are its numbers, w the weights of their squared errors, q the integers
// that stand for them. All sums run in a fixed order, so the result is the same on every machine.
#pragma once
#include "core/dtype.hpp"

namespace r1::fit {

// To the nearest integer, ties to even; |v| < 2^22.
inline float nearest(float v) {
  constexpr float kShift = 0x1.8p23f;
  return (v + kShift) - kShift;
}
inline float clamp(float v, float low, float high) { return v < low ? low : v > high ? high : v; }

// The element of largest magnitude; of several that are equal, the first.
float largest(const float* x, int n);

// For x ≈ a q with q in [-top, top - 1]: the scale a with the smallest error that the search finds. n is 8, 16 or 32.
float symmetric(const float* x, const float* w, int n, int top);

// For x ≈ a q - b with q in [0, top].
struct Affine {
  float a, b;
};
enum class Offset { at_least_zero, any };  // the values of b that the format can store
Affine affine(const float* x, const float* w, int n, int top, Offset offset);
// Σ w (x - (a q - b))² with the best q in [low, high].
float error(const float* x, const float* w, int n, int low, int high, Affine f);

// For x ≈ a kSteps[q]: the sixteen uneven steps of the IQ4 types.
inline constexpr float kSteps[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
int nearest_step(float v);  // the index of the nearest step; the lower of two that are equally near
float steps(const float* x, const float* w, int n);

}  // namespace r1::fit
