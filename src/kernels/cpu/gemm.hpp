// Matrix products C [M,N] = or += A [M,K] · B [K,N], f32 accumulation, inputs f32 or rounded to bf16.
//
// B is packed beforehand into panels of `panel` columns; A is packed on the way, block by block, into the caller's
// scratch. Every element of C has one accumulator that takes k in ascending order (bf16 dot products: in ascending
// groups of 2 or 32), whatever the tile it lies in, so a row's bits depend on that row and B alone. Tails of k are
// padded with zeros. Nothing here allocates or starts threads: callers split rows and panels over theirs.
#pragma once
#include <cstddef>

#include "core/dtype.hpp"

#include "core/integer.hpp"

namespace r1::cpu {

// What the inputs of a product are.
//   f32       both f32
//   bf16      both rounded to bf16
//   f32_bf16  A f32, B exact bf16 that its panels keep: bits as of f32, half the memory
enum class Format : u8 { f32, bf16, f32_bf16 };

// How a matrix lies in memory. With `index` set, memory row r is row index[r] of `data`.
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

struct Gemm {
  Format format = Format::f32;
  MatrixView a;
  const std::byte* b = nullptr;  // all panels of B, packed by pack_b with the same format and k
  float* c = nullptr;
  i64 ldc = 0, n = 0, k = 0;
  bool accumulate = false;  // C += instead of C =; the sum starts from C
};

struct GemmKernels {
  i64 panel;          // columns of B in a panel
  i64 row_step;       // rows of one register tile: fewer are not worth a task
  i64 block_rows;     // rows whose A fits the scratch at once: splitting finer than this packs no A twice
  i64 scratch_bytes;  // per thread, 64-byte aligned

  i64 (*panel_bytes)(Format format, i64 k);  // of one packed panel, a multiple of 64
  // Panels [begin, end) of B [k, n] to dst + panel · panel_bytes. b (layout rows): element (k, n) at data[k * ld + n];
  // Wᵀ for y = x Wᵀ is W's own memory with layout columns. f32_bf16 cuts what is not bf16.
  void (*pack_b)(Format format, std::byte* dst, const MatrixView& b, i64 k, i64 n, i64 begin, i64 end);
  // Rows [m_begin, m_end) and panels [p_begin, p_end) of C.
  void (*gemm)(const Gemm& g, i64 m_begin, i64 m_end, i64 p_begin, i64 p_end, std::byte* scratch);

  // y = or += Σ_i weight[i] · rows[at[i] · d ...], i ascending, every element its own sum; weight null: all 1.
  void (*weighted_rows)(float* y, const float* rows, const i32* at, const float* weight, i64 count, i64 d,
                        bool accumulate);
  float (*dot)(const float* a, const float* b, i64 n);  // lanes fixed by the level, whatever n

  // Roofs. spin runs a register-only loop of the unit that the format's products use (f32 or bf16) and returns a value
  // to keep.
  float (*spin)(Format format, i64 iterations);
  i64 spin_flops[2];                          // per iteration, by format
  u64 (*read)(const void* bytes, i64 count);  // reads memory as fast as one thread can; count a multiple of 512
};

static constexpr i64 panels(const GemmKernels& k, i64 n) { return ceil_div(n, k.panel); }

}  // namespace r1::cpu
