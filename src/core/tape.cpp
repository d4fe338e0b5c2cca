#include "core/tape.hpp"

#include <algorithm>

namespace r1 {

Tensor Grads::operator[](const Tensor& x) {
  Tensor& g = map_[x.id()];
  if (!g) g = arena_.zeros(x.rows(), x.cols());
  return g;
}

void Tape::record(std::initializer_list<Tensor> outputs, Backward backward) {
  steps_.push_back({outputs, std::move(backward)});
}

void Tape::backward() {
  while (!steps_.empty()) {
    Step step = std::move(steps_.back());
    steps_.pop_back();
    if (std::any_of(step.outputs.begin(), step.outputs.end(), [&](const Tensor& y) { return grads_.has(y); }))
      step.backward(grads_);
    for (const Tensor& y : step.outputs) grads_.drop(y);
  }
}

}  // namespace r1
