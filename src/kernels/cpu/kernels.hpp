// The kernel tables, one per level, compiled from the same sources with the flags of the level. A level determines the
// arithmetic: within a level the bits are the same on every machine.
//
// active() is chosen once, at its first call: the level that the variable R1_CPU names (portable, avx2, avx512,
// avx512bf16, amx or neon), otherwise the level that is fastest on this processor. Tests go through levels().
#pragma once
#include <span>
#include <string_view>

#include "core/dtype.hpp"
#include "kernels/cpu/attention.hpp"
#include "kernels/cpu/block_dot.hpp"
#include "kernels/cpu/dequantize.hpp"
#include "kernels/cpu/elementwise.hpp"
#include "kernels/cpu/gemm.hpp"

namespace r1::cpu {

enum class Level : u8 { portable, avx2, avx512, avx512bf16, amx, neon };

struct Kernels {
  Level level;
  const char* name;
  GemmKernels gemm;
  ElementwiseKernels elementwise;
  AttentionKernels attention;
  DequantizeKernels dequantize;
  BlockDotKernels block_dot;
};

std::span<const Kernels* const> levels();  // all levels that this program has and this processor can run,
                                           // slowest first
// For tests and benchmarks of products of blocks: levels(), and behind them the same levels as other processors run
// them, without VNNI. Both give the same bits.
std::span<const Kernels* const> variants();
const Kernels* find_level(std::string_view name);  // null if `name` is not among levels()
const Kernels& active();

}  // namespace r1::cpu
