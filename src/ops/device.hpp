// The kernels for passes, for set-up code that creates passes but does not include kernels.
#pragma once

namespace r1 {

namespace cpu {
struct Kernels;
}

const cpu::Kernels& active_kernels();  // of the level that fits this processor, or that R1_CPU names
const char* level_name(const cpu::Kernels& kernels);
bool packs_f16_as_f16(const cpu::Kernels& kernels);  // otherwise packs of f16 weights hold f32

}  // namespace r1
