// Reverse-mode differentiation as a side effect of running ops. An op that is given a tape records one closure; the
// tape keeps alive what the closure captured until backward() has run it. Backward functions always add.
//
//   Tensor y = rms_norm(p, x, w, eps);              // p.tape set: recorded
//   std::fill_n(tape.grads()[y].data(), n, 1);       // seed: grads()[y] is made of zeros, write through data()
//   tape.backward();                                // weights' gradients are in the weights, inputs' in grads()
#pragma once
#include <functional>
#include <unordered_map>
#include <vector>

#include "core/tensor.hpp"

namespace r1 {

// Gradients of activations, by identity; made (zero-filled) at first use.
class Grads {
 public:
  explicit Grads(Arena& arena) : arena_(arena) {}
  Tensor operator[](const Tensor& x);
  // For an op that can overwrite. second: the gradient already holds something, add to it; else write all of it.
  std::pair<Tensor, bool> target(const Tensor& x);
  bool has(const Tensor& x) const { return map_.count(x.id()) != 0; }
  void drop(const Tensor& x) { map_.erase(x.id()); }

 private:
  Arena& arena_;
  struct Entry {
    Tensor of, gradient;  // `of` keeps the key's buffer from being recycled
  };
  std::unordered_map<const void*, Entry> map_;
};

class Tape {
 public:
  explicit Tape(Arena& arena) : grads_(arena) {}
  using Backward = std::function<void(Grads&)>;

  // `outputs` are what the op made. When none of them has received a gradient the closure is skipped.
  void record(std::initializer_list<Tensor> outputs, Backward backward);

  // Runs the closures in reverse, dropping each (and its outputs' gradients) when done. The tape is empty afterwards;
  // gradients of tensors that no op made (leaves) remain in grads().
  void backward();
  Grads& grads() { return grads_; }
  bool empty() const { return steps_.empty(); }

 private:
  struct Step {
    std::vector<Tensor> outputs;
    Backward backward;
  };
  std::vector<Step> steps_;
  Grads grads_;
};

}  // namespace r1
