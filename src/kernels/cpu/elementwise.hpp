// Kernels that stream over rows: norms, activations, rotary positions, conversions, the optimizer step, reductions over
// a row of logits. Callers split the work over threads. A row's result depends on that row alone. Backward kernels add
// to their outputs. An output may be the same memory as an input only if the kernel's comment says so.
#pragma once
#include "core/dtype.hpp"

namespace r1::cpu {

struct ElementwiseKernels {
  // y = x · rstd ⊙ w, rstd[r] = 1 / sqrt(mean(x²) + eps). x and y are [rows, cols].
  void (*rms_norm)(float* y, float* rstd, const float* x, const float* w, i64 rows, i64 cols, float eps);
  // n = x·rstd, g = dy ⊙ w:   dx += rstd · (g − n · mean(g n)),   dw += Σ_rows dy ⊙ n. dw is null for a frozen weight.
  void (*rms_norm_backward)(float* dx, float* dw, const float* dy, const float* x, const float* w, const float* rstd,
                            i64 rows, i64 cols);

  void (*add)(float* y, const float* a, const float* b, i64 n);  // y = a + b
  void (*accumulate)(float* y, const float* x, i64 n);           // y += x
  void (*scale)(float* y, const float* x, float a, i64 n);       // y = a x. y may be x

  void (*swiglu)(float* y, const float* gate, const float* up, i64 n);  // silu(gate) up
  void (*swiglu_backward)(float* dgate, float* dup, const float* dy, const float* gate, const float* up, i64 n);

  // Rotates the pairs (2j, 2j+1) of each head by angle j of the row. `angles` is [rows, dim]: cosines in the first
  // dim/2 columns, sines in the rest. x is [rows, heads·dim]. rotate_back adds the transposed rotation of dy to dx.
  void (*rotate)(float* y, const float* x, const float* angles, i64 rows, i64 heads, i64 dim);
  void (*rotate_back)(float* dx, const float* dy, const float* angles, i64 rows, i64 heads, i64 dim);
  // The same for the pairs (j, j + dim/2).
  void (*rotate_halves)(float* y, const float* x, const float* angles, i64 rows, i64 heads, i64 dim);
  void (*rotate_halves_back)(float* dx, const float* dy, const float* angles, i64 rows, i64 heads, i64 dim);

  void (*softmax)(float* y, const float* x, i64 n);  // of one row. y may be x
  void (*sigmoid)(float* y, const float* x, i64 n);  // y may be x

  // Reductions of one row of logits. argmax gives the lowest index of the largest value; it ignores NaN, and gives 0 if
  // all values are NaN. logsumexp sums 1024 columns at a time in f32, and adds these sums in double.
  i64 (*argmax)(const float* x, i64 n);
  float (*logsumexp)(const float* x, i64 n);

  // Σ x², in double. The norm of all gradients calls it for fixed blocks of elements and adds the results in order.
  double (*sum_of_squares)(const float* x, i64 n);

  // g' = grad_scale g;  m = b1 m + (1−b1) g';  v = b2 v + (1−b2) g'²;
  // p −= lr · (m/bias1 / (sqrt(v/bias2) + eps) + wd p),   bias1 = 1 − b1^step, bias2 = 1 − b2^step.
  void (*adamw)(float* p, float* m, float* v, const float* g, i64 n, float lr, float b1, float b2, float eps, float wd,
                float bias1, float bias2, float grad_scale);
};

}  // namespace r1::cpu
