#include "ops/device.hpp"

#include <algorithm>

#include "kernels/cpu/kernels.hpp"

namespace r1 {

const cpu::Kernels& active_kernels() { return cpu::active(); }
const char* level_name(const cpu::Kernels& kernels) { return kernels.name; }
bool packs_f16_as_f16(const cpu::Kernels& kernels) { return kernels.gemm.half_floats; }

i64 served_block_bytes(const cpu::Kernels& kernels, DType type, i64 rows, i64 cols) {
  const i64 stored = rows * row_bytes(type, cols);
  return cpu::has_block_dot(type) ? std::max(stored, kernels.block_dot.pack_bytes(type, cols, rows)) : stored;
}

}  // namespace r1
