#include "core/tape.hpp"

#include <algorithm>

namespace r1 {

Tensor Grads::operator[](const Tensor& x) {
  Entry& e = map_[x.id()];
  if (!e.gradient) e = {x, arena_.zeros(x.rows(), x.cols())};
  return e.gradient;
}

std::pair<Tensor, bool> Grads::target(const Tensor& x) {
  Entry& e = map_[x.id()];
  const bool there = static_cast<bool>(e.gradient);
  if (!there) e = {x, arena_.alloc(x.rows(), x.cols())};
  return {e.gradient, there};
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
