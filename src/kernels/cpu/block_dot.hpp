// Products of weights, read in their block types, with activations quantised to 8 bits. For serving.
//
// A row of activations is quantised once, in blocks of as many elements as the blocks of the weights have, 32 or 256:
//   dx = max|x| / 127,   q = x · (127 / max|x|), to the nearest integer, ties to even.
// Then, block after block in ascending k,
//   y += (d · dx) · I,   I = Σ over the block of scale · quant · q     and, where the type has a minimum,
//   y −= (dmin · dx) · M,   M = Σ over the block of minimum · q.
// I and M are exact integers, so the order in which a level adds their terms does not matter. y has one f32 accumulator
// per output (with fused multiply-adds where the level has them), so a row's bits depend on that row and the weights
// alone. A block of activations that holds an infinity or NaN gives NaN.
// These kernels allocate nothing and start no threads: callers split the rows of the weights over their threads.
#pragma once
#include "core/integer.hpp"
#include "kernels/cpu/gemm.hpp"

namespace r1::cpu {

// The number of elements along k in a tile of weights and in a chunk of quantised activations.
inline constexpr i64 kDotChunk = 256;

// Elements [256c, 256c + 256) of one quantised row. Chunk 0 of all rows comes first, then chunk 1 of all rows, etc.
struct QuantizedChunk {
  i8 q[kDotChunk];
  i32 start[16];           // -32 · sum16
  std::int16_t sum16[16];  // Σ q of 16 elements
  std::int16_t sum32[8];   // Σ q of 32 elements
  float d[8];              // the scale dx of 32 elements each; blocks of 256 use only the first
};

struct BlockProduct {
  DType type = DType::q8_0;
  const std::byte* w = nullptr;       // rows of weight blocks, row_bytes apart, or their pack
  i64 row_bytes = 0, k = 0, n = 0;    // n: rows of w, and columns of y
  const QuantizedChunk* x = nullptr;  // [dot_chunks(k)][rows], quantised for `type`
  i64 rows = 0;
  float* y = nullptr;
  i64 ldy = 0;
  bool packed = false;
};

struct BlockDotKernels {
  i64 lanes;          // rows of weights that are computed together; callers split at multiples of it
  i64 scratch_bytes;  // per thread, 64-byte aligned
  // A pack holds the same bits as the rows, in the order in which `multiply` reads them: one stream of memory per task,
  // and no shuffling. pack_bytes is its size, or 0 if this level has no packs. `pack` writes the part for the rows
  // [begin, end) of w, where `begin` is a multiple of `lanes`, and so is `end` unless it is n. Products from a pack
  // have the same bits as products from the rows.
  i64 (*pack_bytes)(DType type, i64 k, i64 n);
  void (*pack)(DType type, std::byte* to, const std::byte* w, i64 row_bytes, i64 k, i64 n, i64 begin, i64 end);
  // Quantises rows [begin, end) of the `rows` f32 rows of x for products with weights of `type`. x has layout rows and
  // may have an index.
  void (*quantize)(DType type, QuantizedChunk* to, const MatrixView& x, i64 rows, i64 k, i64 begin, i64 end);
  // Computes columns [begin, end) of all rows of y.
  void (*multiply)(const BlockProduct& g, i64 begin, i64 end, std::byte* scratch);
};

// Every block type but two: files hold no weights in Q8_K, and the blocks of NVFP4 have 64 elements.
static constexpr bool has_block_dot(DType t) { return is_block(t) && t != DType::q8_k && t != DType::nvfp4; }
// Whether products with weights of both types can use the same quantised rows.
static constexpr bool same_quantization(DType a, DType b) { return block_of(a).elements == block_of(b).elements; }
static constexpr i64 dot_chunks(i64 k) { return ceil_div(k, kDotChunk); }

}  // namespace r1::cpu
