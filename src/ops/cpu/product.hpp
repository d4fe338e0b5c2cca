// Matrix products over a pass's threads: what linear, experts, attention and the loss share.
//
// Work is split over rows and panels of the result, never over k, so thread counts do not change bits.
#pragma once
#include <vector>

#include "core/pass.hpp"
#include "core/weight.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {

inline cpu::Format format_of(const Pass& p) {
  return p.numerics.matmul == DType::f32 ? cpu::Format::f32 : cpu::Format::bf16;
}

inline cpu::MatrixView view(const Tensor& x) { return {x.data(), x.cols()}; }
inline cpu::MatrixView view_transposed(const Tensor& x) { return {x.data(), x.cols(), cpu::Layout::columns}; }

enum class Direction : u8 { forward, backward };  // y = x Wᵀ, dx = dy W

// A weight as a product takes it: all panels, and what it is multiplied as.
struct Packed {
  cpu::Format format = cpu::Format::f32;
  const std::byte* panels = nullptr;
};

// Collects the packs that an op needs; stale ones are refilled together, in one fork. Packs asked for stay where they
// are as long as the weight lives. Call fill() before reading any of them.
class Packs {
 public:
  explicit Packs(const Pass& p) : p_(p) {}
  Packed get(const Weight& w, Direction direction);
  void fill();

 private:
  struct Job {
    cpu::Format format;
    cpu::MatrixView b;
    std::byte* to;
    i64 k, n, begin, end;  // panels
  };
  const Pass& p_;
  std::vector<Job> jobs_;
};

// Scratch for gemm on every thread: scratch.of(worker).
class GemmScratch {
 public:
  GemmScratch(const Pass& p, i64 threads) : memory_(p.alloc(threads, p.kernels.gemm.scratch_bytes / 4)) {}
  std::byte* of(int worker) const { return reinterpret_cast<std::byte*>(memory_.row(worker)); }

 private:
  Tensor memory_;
};

// All `rows` rows and all panels of g.
void multiply(const Pass& p, const cpu::Gemm& g, i64 rows);

// y (+)= x Wᵀ or, backward, dx (+)= dy W.
void multiply(const Pass& p, Tensor y, const Tensor& x, const Weight& w, Direction direction, bool accumulate);

// B [k, n] of `b` packed for this pass.
Tensor pack(const Pass& p, const cpu::MatrixView& b, i64 k, i64 n);

// w.grad() += dyᵀ x, summed over rows in ascending order.
void accumulate_weight_gradient(const Pass& p, const Weight& w, const Tensor& dy, const Tensor& x);

// Least work that is worth a task of its own: about four microseconds of one core. A fork costs about as much on a
// quiet machine, and twenty times that when another program holds the other core.
inline constexpr i64 kTaskMultiplyAdds = 200'000;
inline constexpr i64 kTaskPackedElements = 16'384;

}  // namespace r1
