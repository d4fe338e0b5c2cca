// Attention kernels. A call handles the rows of one head, or in the absorbed form all heads of one token, against
// blocks of kBlockKeys keys.
//
// The arithmetic is the same on every path. A score is one accumulator over ascending d, first the part without rope
// (nope), then the part with it; SIMD lanes run across keys. A block gives a partial (max, sum, o), to which masked
// keys contribute exact zeros. One formula merges the partials in ascending block order. A row's bits therefore depend
// on its query and its keys alone, and not on its tile, on the number of later keys, or on the threads.
#pragma once
#include <cstddef>

#include "core/dtype.hpp"

namespace r1::cpu {

inline constexpr i64 kBlockKeys = 64;  // keys in a block, equal to the tokens in a page
inline constexpr i64 kQueryTile = 32;  // query rows that are computed together against a block of keys

// Where the key blocks of one sequence are stored: block b is page table[b], or page b if `table` is null. The elements
// of a page are f32, bf16 or, in Q8_0, i8. The offsets *_at count elements and select a head.
//   expanded  k_c [depth][64] at k_c_at, k_r [rope][64] at k_r_at, v [64][v] at v_at
//   latent    c [64][depth] at k_c_at, k_r [64][rope] at k_r_at. c is also the value: v == depth, v_at == k_c_at.
// In Q8_0 every block of 32 features of a key has a scale. scales_at counts bytes from the start of the page to the
// scales, the offsets *_scale_at count scales from there. A column has its scales [blocks][64], a row [64][blocks].
struct KeyPages {
  const std::byte* base = nullptr;
  i64 page_bytes = 0;
  const i32* table = nullptr;
  DType dtype = DType::f32;
  bool latent = false;
  i64 k_c_at = 0, k_r_at = 0, v_at = 0;
  i64 scales_at = 0, k_c_scale_at = 0, k_r_scale_at = 0, v_scale_at = 0;  // Q8_0 only
  i64 depth = 0, rope = 0, v = 0;                                         // sizes per key; with rope 0 there is no k_r
};

// Query row r has position `position` + r·`position_step` and attends to the keys from 0 to its own position.
struct Queries {
  i64 rows = 0, position = 0, position_step = 1;
  const float *q_c = nullptr, *q_r = nullptr;
  i64 q_c_stride = 0, q_r_stride = 0;
  float scale = 1;
};

// o = Σ_j p_j v_j with p = softmax of the scores. The softmax's max and sum are kept for the backward kernel.
struct AttentionOutput {
  float* o = nullptr;
  i64 o_stride = 0;
  float *max = nullptr, *sum = nullptr;  // one per row, stat_stride apart
  i64 stat_stride = 1;
};

// Gradients of one head, for all rows of a sequence that starts at position 0. The kernel adds to them. All heads share
// k_r; dk_r receives the contribution of this head.
struct AttentionGradients {
  const float* d_o = nullptr;              // has the stride of o
  float *dq_c = nullptr, *dq_r = nullptr;  // have the strides of the queries
  float *dk_c = nullptr, *dk_r = nullptr, *dv = nullptr;
  i64 dk_c_stride = 0, dk_r_stride = 0, dv_stride = 0;
};

// Rows of k_c, k_r and v, with all heads, to store into the slots of a page.
struct KeyRows {
  i64 rows = 0;
  const float *k_c = nullptr, *k_r = nullptr, *v = nullptr;  // for latent pages k_c is c, and v is not read
  i64 k_c_stride = 0, k_r_stride = 0, v_stride = 0;
};

// A partial consists of v + 2 floats: o, max, sum.
static inline i64 partial_floats(i64 v) { return v + 2; }
// Whether blocks of keys are computed from the pages before they are used.
static inline bool computes_blocks(const KeyPages& k) { return k.latent || k.dtype == DType::q8_0; }
static inline i64 block_scratch_floats(const KeyPages& k) {
  if (k.dtype != DType::q8_0) return k.latent ? kBlockKeys * (k.depth + k.rope) : 0;
  return kBlockKeys * (k.depth + k.rope + k.v + (k.latent ? k.rope : 0));
}
static inline i64 attend_scratch_floats(const KeyPages& k) {
  return kQueryTile * (kBlockKeys + partial_floats(k.v)) + block_scratch_floats(k);
}
static inline i64 attend_backward_scratch_floats(const KeyPages& k) {
  return 2 * kQueryTile * kBlockKeys + 3 * kBlockKeys * (k.depth + k.rope + k.v) + block_scratch_floats(k);
}

struct AttentionKernels {
  // Complete attention: every block that a row can see.
  void (*attend)(const Queries&, const KeyPages&, const AttentionOutput&, float* scratch);
  // The partials of blocks [begin, end), as input of merge: partials [end − begin][rows][v + 2]. Every row must see at
  // least one key of each block.
  void (*attend_partials)(const Queries&, const KeyPages&, i64 begin, i64 end, float* partials, float* scratch);
  // Merges partials [blocks][rows][v + 2] of all blocks from 0 on. Gives the same bits as attend.
  void (*merge)(i64 rows, i64 blocks, i64 v, const float* partials, const AttentionOutput&);

  void (*attend_backward)(const Queries&, const KeyPages&, const AttentionOutput&, const AttentionGradients&,
                          float* scratch);

  // Stores rows into the slots of one page, from first_slot on, rounded to the page's dtype. The offsets of KeyPages
  // are those of head 0; head h lies h·depth·64 elements (k_c) and h·v·64 elements (v) further, and its scales
  // scale_blocks(depth)·64 and scale_blocks(v)·64 further.
  void (*store_keys)(std::byte* page, const KeyPages&, i64 heads, i64 first_slot, const KeyRows&);
  // The first `rows` latents of a latent page in f32: c [rows][depth], k_r [rows][rope].
  void (*load_latents)(const std::byte* page, const KeyPages&, i64 rows, float* c, float* k_r);

  // For the absorbed form: c[i][n] = Σ_k a[i][k] b[k][n], k ascending, lanes across n.
  void (*product)(float* c, i64 c_stride, const float* a, i64 a_stride, const void* b, DType b_type, i64 b_stride,
                  i64 rows, i64 depth, i64 cols);
  // c[i][n] = Σ_k a[i][k] b[n][k], lanes across k, summed in one fixed order.
  void (*product_transposed)(float* c, i64 c_stride, const float* a, i64 a_stride, const void* b, DType b_type,
                             i64 b_stride, i64 rows, i64 depth, i64 cols);
};

}  // namespace r1::cpu
