// Elementary functions in double whose bits are the same on every machine. libm does not give that: it chooses its code
// by processor. Accurate to a few units in the last place. Not for hot loops: kernels have their own f32 versions.
#pragma once

namespace r1 {

double exact_exp(double x);
double exact_log(double x);               // x > 0
double exact_pow(double base, double y);  // base > 0
struct SinCos {
  double sin, cos;
};
SinCos exact_sincos(double x);  // |x| < 2^21

}  // namespace r1
