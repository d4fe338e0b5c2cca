// Matrix products over the threads of a pass: what linear, experts, latent attention and the loss share.
//
// The threads split the rows and the panels of the result and never k, so the number of threads does not change bits.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "core/pass.hpp"
#include "core/weight.hpp"
#include "kernels/cpu/kernels.hpp"

namespace r1 {

// What a product does to its inputs. Those of a pass come from Pass::numerics; the default is exact f32.
struct ProductNumerics {
  cpu::Format format = cpu::Format::f32;  // f32, or bf16: both inputs are rounded to it
  bool integer_blocks = false;            // as Numerics::integer_blocks
};
inline ProductNumerics product_numerics(const Pass& p) {
  return {p.numerics.matmul == DType::f32 ? cpu::Format::f32 : cpu::Format::bf16, p.numerics.integer_blocks};
}

// The format of the panels in which products hold the values of `w`. Weights in bf16 and f16 keep their 16 bits even
// for f32 products: the panels have the same values and take half the memory.
inline cpu::Format panel_format(const ProductNumerics& numerics, const Weight& w) {
  if (numerics.format != cpu::Format::f32) return numerics.format;
  if (w.dtype() == DType::f16) return cpu::Format::f32_f16;
  return w.dtype() == DType::bf16 ? cpu::Format::f32_bf16 : cpu::Format::f32;
}

enum class Direction : u8 { forward, backward };  // y = x Wᵀ, dx = dy W
using cpu::Into;

inline cpu::MatrixView view(const Tensor& x) { return {x.data(), x.cols()}; }

// The panels of a packed weight, and the format of products with them.
struct Packed {
  cpu::Format format = cpu::Format::f32;
  const std::byte* panels = nullptr;
};

// Collects the packs of plain weights that an op needs. fill() then refills the stale ones together, in one fork; call
// it before reading any pack. A pack stays in memory, at the same place, for as long as its weight lives.
class Packs {
 public:
  Packs(const Pass& p, const ProductNumerics& numerics) : p_(p), numerics_(numerics) {}
  Packed get(const Weight& w, Direction direction);
  void fill();

 private:
  struct StalePanels {
    cpu::Format format;
    cpu::MatrixView b;
    std::byte* to;
    i64 k, n, begin, end;  // panels [begin, end) of B [k, n]
  };
  const Pass& p_;
  ProductNumerics numerics_;
  std::vector<StalePanels> stale_;
  std::vector<Weight> packed_;  // whose packs are stale
};

// Gives back the pages of a mapped file that hold the weight, after it was packed: they would only take memory beside
// the pack. They stay in the system's cache while there is room. Does nothing for weights in memory.
void release_file_pages(const Weight& w);

// Memory for the gemm kernel, a block for each of `threads` threads.
class GemmScratch {
 public:
  GemmScratch(const Pass& p, i64 threads) : memory_(p.alloc(threads, p.kernels.gemm.scratch_bytes / 4)) {}
  std::byte* of(int worker) const { return reinterpret_cast<std::byte*>(memory_.row(worker)); }

 private:
  Tensor memory_;
};

// Computes `rows` rows and all panels of every product, in one fork.
void multiply(const Pass& p, std::span<const cpu::Gemm> products, i64 rows);

// y = x Wᵀ, or y += x Wᵀ, as `into` says. Backward, y is dx and x is dy: dx = dy W, or dx += dy W.
void multiply(const Pass& p, const ProductNumerics& numerics, Tensor y, const Tensor& x, const Weight& w,
              Direction direction, Into into);

// y[i] = x W[i]ᵀ. One fork computes both products if both weights are streamed (streams() of streamed_product.hpp) or
// neither is.
void multiply_pair(const Pass& p, const ProductNumerics& numerics, const std::array<Tensor, 2>& y, const Tensor& x,
                   const std::array<Weight, 2>& w);

// Whether accumulate_weight_gradient() reads dy and x where they lie in memory. Otherwise it packs them first.
inline bool adds_in_place(const Pass& p, cpu::Format format) {
  return format == cpu::Format::f32 || !p.kernels.gemm.pairs;
}

// w.grad() += dyᵀ x, summed over the rows in ascending order. dy [rows, w.rows()], x [rows, w.cols()]. In bf16 dy may
// be rounded in place.
void accumulate_weight_gradient(const Pass& p, cpu::Format format, const Weight& w, float* dy, const float* x,
                                i64 rows);

// The least work of a task: about four microseconds of one core. A fork costs about as much on an idle machine, and
// twenty times as much when another program holds the other core.
inline constexpr i64 kTaskMultiplyAdds = 200'000;
inline constexpr i64 kTaskPackedElements = 16'384;

}  // namespace r1
