// The kernels for passes, for set-up code that creates passes but does not include kernels.
#pragma once
#include "core/dtype.hpp"

namespace r1 {

namespace cpu {
struct Kernels;
}

const cpu::Kernels& active_kernels();  // of the level that fits this processor, or that R1_CPU names
const char* level_name(const cpu::Kernels& kernels);
bool packs_f16_as_f16(const cpu::Kernels& kernels);  // otherwise packs of f16 weights hold f32
// The bytes that a matrix in a block type takes in serving: those of the file, or of its pack if that is larger.
i64 served_block_bytes(const cpu::Kernels& kernels, DType type, i64 rows, i64 cols);

}  // namespace r1
