#include "ops/device.hpp"

#include "kernels/cpu/kernels.hpp"

namespace r1 {

const cpu::Kernels& active_kernels() { return cpu::active(); }
const char* level_name(const cpu::Kernels& kernels) { return kernels.name; }
bool packs_f16_as_f16(const cpu::Kernels& kernels) { return kernels.gemm.half_floats; }

}  // namespace r1
