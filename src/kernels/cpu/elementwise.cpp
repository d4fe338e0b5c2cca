#include "kernels/cpu/elementwise.hpp"

#include <cmath>

#include "core/math.hpp"
#include "kernels/cpu/vector_math.hpp"

namespace r1::cpu::R1_TARGET {
namespace {

// ---- norms -------------------------------------------------------------------------------------------------------

void rms_norm(float* y, float* rstd, const float* x, const float* w, i64 rows, i64 cols, float eps) {
  for (i64 r = 0; r < rows; ++r, x += cols, y += cols) {
    V32 sum = hn::Zero(f32);
    each(cols, [&](i64 i, auto lanes) {
      const V32 v = lanes.load(x + i);
      sum = hn::MulAdd(v, v, sum);
    });
    const float s = 1.0f / std::sqrt(sum_lanes(sum) / static_cast<float>(cols) + eps);
    rstd[r] = s;
    each(cols, [&](i64 i, auto lanes) {
      lanes.store(hn::Mul(hn::Mul(lanes.load(x + i), set(s)), lanes.load(w + i)), y + i);
    });
  }
}

void rms_norm_backward(float* dx, float* dw, const float* dy, const float* x, const float* w, const float* rstd,
                       i64 rows, i64 cols) {
  for (i64 r = 0; r < rows; ++r, dx += cols, dy += cols, x += cols) {
    const V32 s = set(rstd[r]);
    V32 dot = hn::Zero(f32);
    each(cols, [&](i64 i, auto lanes) {
      const V32 n = hn::Mul(lanes.load(x + i), s), d = lanes.load(dy + i);
      dot = hn::MulAdd(hn::Mul(d, lanes.load(w + i)), n, dot);
      if (dw) lanes.store(hn::MulAdd(d, n, lanes.load(dw + i)), dw + i);
    });
    const V32 mean = set(sum_lanes(dot) / static_cast<float>(cols));
    each(cols, [&](i64 i, auto lanes) {
      const V32 n = hn::Mul(lanes.load(x + i), s), g = hn::Mul(lanes.load(dy + i), lanes.load(w + i));
      lanes.store(hn::MulAdd(s, hn::NegMulAdd(n, mean, g), lanes.load(dx + i)), dx + i);
    });
  }
}

// ---- sums and activations ----------------------------------------------------------------------------------------

void add(float* y, const float* a, const float* b, i64 n) {
  each(n, [&](i64 i, auto lanes) { lanes.store(hn::Add(lanes.load(a + i), lanes.load(b + i)), y + i); });
}

void accumulate(float* y, const float* x, i64 n) { add(y, y, x, n); }

void scale(float* y, const float* x, float a, i64 n) {
  each(n, [&](i64 i, auto lanes) { lanes.store(hn::Mul(lanes.load(x + i), set(a)), y + i); });
}

void swiglu(float* y, const float* gate, const float* up, i64 n) {
  each(n, [&](i64 i, auto lanes) {
    const V32 z = lanes.load(gate + i);
    lanes.store(hn::Mul(hn::Mul(z, sigmoid(z)), lanes.load(up + i)), y + i);
  });
}

// With s = sigmoid(z): silu'(z) = s (1 + z (1 − s)).
void swiglu_backward(float* dgate, float* dup, const float* dy, const float* gate, const float* up, i64 n) {
  each(n, [&](i64 i, auto lanes) {
    const V32 z = lanes.load(gate + i), d = lanes.load(dy + i), s = sigmoid(z), one = set(1.0f);
    const V32 slope = hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one));
    lanes.store(hn::MulAdd(hn::Mul(d, lanes.load(up + i)), slope, lanes.load(dgate + i)), dgate + i);
    lanes.store(hn::MulAdd(d, hn::Mul(z, s), lanes.load(dup + i)), dup + i);
  });
}

// ---- rotary positions --------------------------------------------------------------------------------------------

// Where the first and second elements of the pairs are: neighbours, or in the two halves of a head.
struct Neighbours {
  HWY_INLINE static void load(const float* x, i64 j, i64, V32& a, V32& b) {
    hn::LoadInterleaved2(f32, x + 2 * j, a, b);
  }
  HWY_INLINE static void store(V32 a, V32 b, float* y, i64 j, i64) { hn::StoreInterleaved2(a, b, f32, y + 2 * j); }
  static i64 first(i64 j, i64) { return 2 * j; }
  static i64 second(i64 j, i64) { return 2 * j + 1; }
};
struct Halves {
  HWY_INLINE static void load(const float* x, i64 j, i64 pairs, V32& a, V32& b) {
    a = hn::LoadU(f32, x + j), b = hn::LoadU(f32, x + pairs + j);
  }
  HWY_INLINE static void store(V32 a, V32 b, float* y, i64 j, i64 pairs) {
    hn::StoreU(a, f32, y + j), hn::StoreU(b, f32, y + pairs + j);
  }
  static i64 first(i64 j, i64) { return j; }
  static i64 second(i64 j, i64 pairs) { return pairs + j; }
};

// One head: y = the pairs of x, rotated by the angles; with kBack y += the pairs of x, rotated by the negative angles.
template <class Pairs, bool kBack>
HWY_INLINE void rotate_head(float* y, const float* x, const float* cos, const float* sin, i64 pairs) {
  i64 j = 0;
  for (; j + kLanes <= pairs; j += kLanes) {
    V32 a, b;
    Pairs::load(x, j, pairs, a, b);
    const V32 c = hn::LoadU(f32, cos + j), s = hn::LoadU(f32, sin + j);
    V32 u, v;
    if constexpr (kBack) {
      V32 old_a, old_b;
      Pairs::load(y, j, pairs, old_a, old_b);
      u = hn::Add(old_a, hn::MulAdd(a, c, hn::Mul(b, s)));
      v = hn::Add(old_b, hn::MulSub(b, c, hn::Mul(a, s)));
    } else {
      u = hn::MulSub(a, c, hn::Mul(b, s));
      v = hn::MulAdd(a, s, hn::Mul(b, c));
    }
    Pairs::store(u, v, y, j, pairs);
  }
  for (; j < pairs; ++j) {
    const i64 first = Pairs::first(j, pairs), second = Pairs::second(j, pairs);
    const float a = x[first], b = x[second], c = cos[j], s = sin[j];
    if constexpr (kBack) {
      y[first] += a * c + b * s;
      y[second] += b * c - a * s;
    } else {
      y[first] = a * c - b * s;
      y[second] = a * s + b * c;
    }
  }
}

template <class Pairs, bool kBack>
void rotate_rows(float* y, const float* x, const float* angles, i64 rows, i64 heads, i64 dim) {
  for (i64 r = 0; r < rows; ++r, angles += dim)
    for (i64 h = 0; h < heads; ++h, x += dim, y += dim)
      rotate_head<Pairs, kBack>(y, x, angles, angles + dim / 2, dim / 2);
}

// ---- one row of scores or logits ---------------------------------------------------------------------------------

void softmax(float* y, const float* x, i64 n) {
  const float sum = row_exp(y, x, row_max(x, n), n);
  each(n, [&](i64 i, auto lanes) { lanes.store(hn::Div(lanes.load(y + i), set(sum)), y + i); });
}

void sigmoid_row(float* y, const float* x, i64 n) {
  each(n, [&](i64 i, auto lanes) { lanes.store(sigmoid(lanes.load(x + i)), y + i); });
}

i64 argmax(const float* x, i64 n) {
  V32 top = set(-std::numeric_limits<float>::infinity());
  each(n, [&](i64 i, auto lanes) {
    const V32 v = lanes.or_else(lanes.load(x + i), top);
    top = hn::IfThenElse(hn::Gt(v, top), v, top);  // Gt is false for NaN
  });
  const float best = max_lanes(top);
  i64 i = 0;
  for (; i + kLanes <= n; i += kLanes)
    if (!hn::AllFalse(f32, hn::Eq(hn::LoadU(f32, x + i), set(best)))) break;
  for (; i < n; ++i)
    if (x[i] == best) return i;
  return 0;
}

float logsumexp(const float* x, i64 n) {
  constexpr i64 kBlock = 1024;
  const float shift = row_max(x, n);
  double total = 0;
  for (i64 begin = 0; begin < n; begin += kBlock) {
    float scratch[kBlock];
    total += static_cast<double>(row_exp(scratch, x + begin, shift, n - begin < kBlock ? n - begin : kBlock));
  }
  return static_cast<float>(static_cast<double>(shift) + exact_log(total));
}

double sum_of_squares(const float* x, i64 n) {
  double lanes[8] = {};
  i64 i = 0;
  for (; i + 8 <= n; i += 8)
    for (i64 j = 0; j < 8; ++j) lanes[j] += static_cast<double>(x[i + j]) * static_cast<double>(x[i + j]);
  for (i64 j = 0; i < n; ++i, ++j) lanes[j] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

// ---- optimizer ---------------------------------------------------------------------------------------------------

void adamw(float* p, float* m, float* v, const float* g, i64 n, float lr, float b1, float b2, float eps, float wd,
           float bias1, float bias2, float grad_scale) {
  each(n, [&](i64 i, auto lanes) {
    const V32 grad = hn::Mul(lanes.load(g + i), set(grad_scale)), old = lanes.load(p + i);
    const V32 mean = hn::MulAdd(set(b1), lanes.load(m + i), hn::Mul(set(1.0f - b1), grad));
    const V32 square = hn::MulAdd(set(b2), lanes.load(v + i), hn::Mul(set(1.0f - b2), hn::Mul(grad, grad)));
    const V32 root = hn::Add(hn::Sqrt(hn::Div(square, set(bias2))), set(eps));
    const V32 step = hn::MulAdd(set(wd), old, hn::Div(hn::Div(mean, set(bias1)), root));
    lanes.store(mean, m + i);
    lanes.store(square, v + i);
    lanes.store(hn::NegMulAdd(set(lr), step, old), p + i);
  });
}

}  // namespace

extern const ElementwiseKernels elementwise_table;
const ElementwiseKernels elementwise_table = {
    .rms_norm = rms_norm,
    .rms_norm_backward = rms_norm_backward,
    .add = add,
    .accumulate = accumulate,
    .scale = scale,
    .swiglu = swiglu,
    .swiglu_backward = swiglu_backward,
    .rotate = rotate_rows<Neighbours, false>,
    .rotate_back = rotate_rows<Neighbours, true>,
    .rotate_halves = rotate_rows<Halves, false>,
    .rotate_halves_back = rotate_rows<Halves, true>,
    .softmax = softmax,
    .sigmoid = sigmoid_row,
    .argmax = argmax,
    .logsumexp = logsumexp,
    .sum_of_squares = sum_of_squares,
    .adamw = adamw,
};

}  // namespace r1::cpu::R1_TARGET
