// Products of weights that stay in their blocks with activations quantised to 8 bits, for serving.
//
// A row of activations is quantised once, in blocks of 32 elements for Q8_0 and Q4_0 and of 256 for the K-quants:
//   dx = max|x| / 127,   q = x · (127 / max|x|), to the nearest integer, ties to even.
// Then, block after block in ascending k,
//   y += (d · dx) · I,   I = Σ over the block of scale · quant · q     and, where the type has a minimum,
//   y −= (dmin · dx) · M,   M = Σ over the block of minimum · q.
// I and M are exact integers, whatever the order in which a level adds them. y is one f32 accumulator per output (fused
// multiply-adds where the level has them), so a row's bits depend on that row and the weights alone. A block of
// activations with an infinity or NaN gives NaN.
// Nothing here allocates or starts threads: callers split rows of weights over theirs.
#pragma once
#include "kernels/cpu/gemm.hpp"

#include "core/integer.hpp"

namespace r1::cpu {

// Elements a weight tile and a quantised block of activations hold.
inline constexpr i64 kDotChunk = 256;

// One row's k elements at [256c, 256c + 256). Rows of a chunk lie one after another, chunk after chunk.
struct QuantizedChunk {
  i8 q[kDotChunk];
  i32 start[16];          // less what unsigned quants count too much: Q6_K per 16 elements, Q8_0 and Q4_0 per 32
  std::int16_t sum32[8];  // Σ q of 32 elements
  float d[8];             // per 32 elements; K-quants use the first
};

struct BlockProduct {
  DType type = DType::q8_0;
  const std::byte* w = nullptr;       // rows of blocks, row_bytes apart
  i64 row_bytes = 0, k = 0, n = 0;    // n rows of weights = columns of y
  const QuantizedChunk* x = nullptr;  // [chunks(k)][rows], quantised for `type`
  i64 rows = 0;
  float* y = nullptr;
  i64 ldy = 0;
};

struct BlockDotKernels {
  i64 lanes;          // rows of weights taken together: split at multiples
  i64 scratch_bytes;  // per thread, 64-byte aligned
  // Rows [begin, end) of the `rows` f32 rows of x (layout rows, index allowed), as products with weights of `type` want
  // them.
  void (*quantize)(DType type, QuantizedChunk* to, const MatrixView& x, i64 rows, i64 k, i64 begin, i64 end);
  // All rows of y, columns [begin, end).
  void (*multiply)(const BlockProduct& g, i64 begin, i64 end, std::byte* scratch);
};

static constexpr bool has_block_dot(DType t) {
  return t == DType::q8_0 || t == DType::q4_0 || t == DType::q4_k || t == DType::q5_k || t == DType::q6_k;
}
// Do weights of both types want the same quantised rows?
static constexpr bool same_quantization(DType a, DType b) {
  return a == b || (block_of(a).elements == kDotChunk && block_of(b).elements == kDotChunk);
}
static constexpr i64 dot_chunks(i64 k) { return ceil_div(k, kDotChunk); }

}  // namespace r1::cpu
