// Division and rounding up of sizes. The functions have internal linkage: otherwise the linker could use a copy that
// was compiled for one instruction set in the whole program.
#pragma once
#include "core/dtype.hpp"

namespace r1 {

// a / b rounded up, for a >= 0 and b > 0. a + b must not overflow.
static constexpr i64 ceil_div(i64 a, i64 b) { return (a + b - 1) / b; }
static constexpr u64 ceil_div(u64 a, u64 b) { return (a + b - 1) / b; }

// The smallest multiple of `to` that is not below n.
static constexpr i64 round_up(i64 n, i64 to) { return ceil_div(n, to) * to; }
static constexpr u64 round_up(u64 n, u64 to) { return ceil_div(n, to) * to; }

// The smaller size, for kernels: an instance of std::min is a weak symbol, which their object files must not define.
static constexpr i64 least(i64 a, i64 b) { return a < b ? a : b; }

}  // namespace r1
