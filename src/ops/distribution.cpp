#include "ops/distribution.hpp"

#include "kernels/cpu/kernels.hpp"

namespace r1 {

void Distribution::scale(float* y, const float* x, float a, i64 n) const { kernels_->elementwise.scale(y, x, a, n); }
float Distribution::logsumexp(const float* x, i64 n) const { return kernels_->elementwise.logsumexp(x, n); }
void Distribution::softmax(float* y, const float* x, i64 n) const { kernels_->elementwise.softmax(y, x, n); }
i64 Distribution::argmax(const float* x, i64 n) const { return kernels_->elementwise.argmax(x, n); }

}  // namespace r1
