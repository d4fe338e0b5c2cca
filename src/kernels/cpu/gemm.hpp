// Matrix products C [M,N] = or += A [M,K] · B [K,N], f32 accumulation, inputs f32 or rounded to bf16.
//
// B is packed in advance into panels of `panel` columns. A is packed during the product, block by block, into scratch
// memory of the caller. Every element of C has one accumulator that takes k in ascending order (with bf16 dot products
// in ascending groups of 2 or 32), in whatever tile the element lies, so a row's bits depend on that row and B alone.
// The last group of k is padded with zeros. The kernels allocate nothing and start no threads: callers split rows and
// panels over their threads.
#pragma once
#include <cstddef>

#include "core/dtype.hpp"
#include "core/integer.hpp"

namespace r1::cpu {

// The inputs of a product.
//   f32       A and B in f32
//   bf16      A and B rounded to bf16
//   f32_bf16  A in f32; B's values are bf16, and its panels hold them as bf16. Gives the bits of f32 with half the
//   memory.
//   f32_f16   The same with f16, where the level has an instruction that widens it (GemmKernels::half_floats).
enum class Format : u8 { f32, bf16, f32_bf16, f32_f16 };

// How a matrix is stored in memory. If `index` is set, row(r) below is index[r], otherwise r.
//   rows     element (i, j) at data[row(i) * ld + j]
//   columns  element (i, j) at data[row(j) * ld + i]
enum class Layout : u8 { rows, columns };

struct MatrixView {
  const void* data;
  i64 ld;
  Layout layout = Layout::rows;
  DType dtype = DType::f32;  // A is always f32
  const i32* index = nullptr;
};

// Whether a product replaces its result or adds to it: then the sums start from C.
enum class Into : u8 { overwrite, add };

struct Gemm {
  Format format = Format::f32;
  MatrixView a;
  const std::byte* b = nullptr;  // all panels of B, which pack_b packed with the same format and k
  float* c = nullptr;
  i64 ldc = 0, n = 0, k = 0;
  Into into = Into::overwrite;
};

// The gradient of a weight: C [m, n] += Aᵀ B over f32 rows, A [k, m] and B [k, n], which are read as they lie in
// memory. If b_index is set, row k of B is memory row b_index[k]. With Format::bf16 the product rounds B, and A must be
// rounded already.
struct GradientProduct {
  Format format = Format::f32;
  const float* a = nullptr;
  i64 lda = 0;
  const float* b = nullptr;
  i64 ldb = 0;
  const i32* b_index = nullptr;
  float* c = nullptr;
  i64 ldc = 0, n = 0, k = 0;
};

struct GemmKernels {
  i64 panel;          // columns of B in a panel
  i64 row_step;       // rows of one register tile; a task should have at least as many
  i64 block_rows;     // rows of A that the scratch holds at once; tasks of at most as many rows pack nothing twice
  i64 scratch_bytes;  // per thread, 64-byte aligned

  i64 (*panel_bytes)(Format format, i64 k);  // size of one packed panel, a multiple of 64
  // Packs panels [begin, end) of B [k, n] to dst + panel · panel_bytes. For y = x Wᵀ, B is the memory of W with layout
  // columns. Format f32_bf16 truncates values that are not bf16; f32_f16 rounds values that are not f16.
  void (*pack_b)(Format format, std::byte* dst, const MatrixView& b, i64 k, i64 n, i64 begin, i64 end);
  // Computes rows [m_begin, m_end) and panels [p_begin, p_end) of C.
  void (*gemm)(const Gemm& g, i64 m_begin, i64 m_end, i64 p_begin, i64 p_end, std::byte* scratch);

  // The same for a gradient, without packs and scratch memory: the bits of gemm with A of Layout columns and Into::add.
  // Not for Format::bf16 if the level multiplies `pairs`. A task should have all rows of C, because it copies its
  // panels of B.
  void (*add_gradient)(const GradientProduct& g, i64 m_begin, i64 m_end, i64 p_begin, i64 p_end);
  bool pairs;                      // whether products of bf16 add two or more terms at a time
  bool half_floats;                // whether panels of f32_f16 hold f16; otherwise they hold floats
  void (*round)(float* x, i64 n);  // rounds to bf16 in place

  // y[j] = or += Σ_i weight[i] · rows[at[i] · d + j] for j in [0, d), i
  // ascending. If `weight` is null, all weights are 1.
  void (*weighted_rows)(float* y, const float* rows, const i32* at, const float* weight, i64 count, i64 d, Into into);
  float (*dot)(const float* a, const float* b, i64 n);  // the level alone fixes how the sum is split into lanes

  // For roof.hpp. `spin` runs a loop without memory accesses on the unit that products of the format use (f32 or bf16).
  // Its result keeps the compiler from removing the loop.
  float (*spin)(Format format, i64 iterations);
  i64 spin_flops[2];                          // operations per iteration, by format
  u64 (*read)(const void* bytes, i64 count);  // reads memory as fast as one thread can; `count` is a multiple of 512
};

static constexpr i64 panels(const GemmKernels& k, i64 n) { return ceil_div(n, k.panel); }

}  // namespace r1::cpu
