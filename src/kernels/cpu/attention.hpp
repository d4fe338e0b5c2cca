// Attention kernels: one head (or, absorbed, one token's heads) against blocks of kBlockKeys keys.
//
// Arithmetic, the same on every path: a score is one accumulator over d ascending (first the nope part, then rope),
// SIMD lanes across keys; a block gives a partial (max, sum, o) in which masked keys are exact zeros; partials are
// merged in ascending block order by one formula. So a row's bits depend on its query and its keys alone: not on the
// tile it is computed in, on how many keys follow, nor on which thread takes which block.
#pragma once
#include <cstddef>

#include "core/dtype.hpp"

namespace r1::cpu {

inline constexpr i64 kBlockKeys = 64;  // keys of a block = tokens of a page
inline constexpr i64 kQueryTile = 32;  // query rows that share one reading of a key block

// Where one sequence's blocks lie: block b is page table[b] (page b when table is null). Elements of a page are f32 or
// bf16; the offsets count elements and select a head.
//   expanded  k_c [depth][64] at k_c_at, k_r [rope][64] at k_r_at, v [64][v] at v_at
//   latent    c [64][depth] at k_c_at, k_r [64][rope] at k_r_at; c is also the value, v == depth, v_at == k_c_at
struct KeyPages {
  const std::byte* base = nullptr;
  i64 page_bytes = 0;
  const i32* table = nullptr;
  DType dtype = DType::f32;
  bool latent = false;
  i64 k_c_at = 0, k_r_at = 0, v_at = 0;
  i64 depth = 0, rope = 0, v = 0;  // rope 0: there is no k_r
};

// Row r stands at `position` + r·`position_step` and sees the keys 0..its position.
struct Queries {
  i64 rows = 0, position = 0, position_step = 1;
  const float *q_c = nullptr, *q_r = nullptr;
  i64 q_c_stride = 0, q_r_stride = 0;
  float scale = 1;
};

// o = Σ_j p_j v_j with p = softmax; max and sum are the softmax's own, kept for the backward.
struct Attended {
  float* o = nullptr;
  i64 o_stride = 0;
  float *max = nullptr, *sum = nullptr;  // per row, stat_stride apart
  i64 stat_stride = 1;
};

// One head of one sequence that starts at position 0, all its rows. Gradients are added to; dk_r is this head's share.
struct AttendGradients {
  const float* d_o = nullptr;              // same stride as o
  float *dq_c = nullptr, *dq_r = nullptr;  // strides of the queries
  float *dk_c = nullptr, *dk_r = nullptr, *dv = nullptr;
  i64 dk_c_stride = 0, dk_r_stride = 0, dv_stride = 0;
};

// Rows of k_c, k_r, v to lay into a page's slots, every head.
struct KeyRows {
  i64 rows = 0;
  const float *k_c = nullptr, *k_r = nullptr, *v = nullptr;  // latent: k_c is c, v is not read
  i64 k_c_stride = 0, k_r_stride = 0, v_stride = 0;
};

// A partial is v + 2 floats: o, max, sum.
static inline i64 partial_floats(i64 v) { return v + 2; }
static inline i64 attend_scratch_floats(const KeyPages& k) {
  const i64 latent = k.latent ? (k.depth + k.rope) * kBlockKeys : 0;
  return kQueryTile * (kBlockKeys + partial_floats(k.v)) + latent;
}
static inline i64 attend_backward_scratch_floats(const KeyPages& k) {
  return 2 * kQueryTile * kBlockKeys + 3 * kBlockKeys * (k.depth + k.rope + k.v);
}

struct AttentionKernels {
  // Whole rows: every block a row can see.
  void (*attend)(const Queries&, const KeyPages&, const Attended&, float* scratch);
  // The partials of blocks [begin, end), for merge: partials [end − begin][rows][v + 2]. Every row sees every block.
  void (*attend_partials)(const Queries&, const KeyPages&, i64 begin, i64 end, float* partials, float* scratch);
  // partials [blocks][rows][v + 2], blocks ascending from 0. The same bits as attend.
  void (*merge)(i64 rows, i64 blocks, i64 v, const float* partials, const Attended&);

  void (*attend_backward)(const Queries&, const KeyPages&, const Attended&, const AttendGradients&, float* scratch);

  // Slots first_slot.. of one page, rounded to the page's dtype. `heads` heads; the offsets are head 0's, and head h
  // lies h·depth·64 (k_c) and h·v·64 (v) further.
  void (*store_keys)(std::byte* page, const KeyPages&, i64 heads, i64 first_slot, const KeyRows&);

  // Absorption: c[i][n] = Σ_k a[i][k] b[k][n], k ascending, lanes across n.
  void (*product)(float* c, i64 c_stride, const float* a, i64 a_stride, const void* b, DType b_type, i64 b_stride,
                  i64 rows, i64 depth, i64 cols);
  // c[i][n] = Σ_k a[i][k] b[n][k], lanes across k, summed in one fixed order.
  void (*product_transposed)(float* c, i64 c_stride, const float* a, i64 a_stride, const void* b, DType b_type,
                             i64 b_stride, i64 rows, i64 depth, i64 cols);
};

}  // namespace r1::cpu
