// Reverse-mode differentiation as a side effect of running ops. An op whose pass has a tape records one backward
// function. The tape keeps the tensors that the function captured alive until backward() has run it. Backward functions
// always add to the gradients that they compute.
//
//   Tensor y = rms_norm(p, x, w, eps);               // p.tape is set: the op records its backward function
//   std::fill_n(tape.grads()[y].data(), n, 1);       // the seed; grads()[y] starts as zeros
//   tape.backward();                                 // weights hold their gradients; grads() holds those of inputs
#pragma once
#include <functional>
#include <unordered_map>
#include <vector>

#include "core/tensor.hpp"

namespace r1 {

// Gradients of activations, found by the identity of the activation's buffer. operator[] creates a missing gradient,
// filled with zeros.
class Grads {
 public:
  explicit Grads(Arena& arena) : arena_(arena) {}
  Tensor operator[](const Tensor& x);
  // For a backward function that can overwrite a new gradient instead of adding to zeros. If `second` is true, the
  // gradient holds values, and the caller must add to them. If it is false, the gradient is uninitialised, and the
  // caller must write all of it.
  std::pair<Tensor, bool> target(const Tensor& x);
  bool has(const Tensor& x) const { return map_.count(x.id()) != 0; }
  void drop(const Tensor& x) { map_.erase(x.id()); }

 private:
  Arena& arena_;
  struct Entry {
    Tensor of, gradient;  // `of` keeps the buffer that is the key from being recycled
  };
  std::unordered_map<const void*, Entry> map_;
};

class Tape {
 public:
  explicit Tape(Arena& arena) : grads_(arena) {}
  using Backward = std::function<void(Grads&)>;

  // `outputs` are the op's results. backward() skips the function if none of them has received a gradient.
  void record(std::initializer_list<Tensor> outputs, Backward backward);

  // Runs the functions in reverse order, and frees each of them and its outputs' gradients as soon as it has run. The
  // tape is empty afterwards. The gradients of leaves, tensors that no op made, remain in grads().
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
