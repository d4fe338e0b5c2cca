// One row of logits as a distribution, for code that chooses tokens and does not include kernels. There is no tape:
// linear_cross_entropy is the op for training, and its log-probabilities have the same bits.
#pragma once
#include "core/dtype.hpp"

namespace r1 {

namespace cpu {
struct Kernels;
}

// Functions of one row of n logits, by the given kernels. kernels/cpu/elementwise.hpp has their contracts.
class Distribution {
 public:
  explicit Distribution(const cpu::Kernels& kernels) : kernels_(&kernels) {}
  void scale(float* y, const float* x, float a, i64 n) const;  // y = a x; y may be x
  float logsumexp(const float* x, i64 n) const;
  void softmax(float* y, const float* x, i64 n) const;  // y may be x
  i64 argmax(const float* x, i64 n) const;              // the lowest index of the largest value

 private:
  const cpu::Kernels* kernels_;
};

}  // namespace r1
