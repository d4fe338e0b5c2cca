// What a Pass runs on, for those who make passes without seeing kernels.
#pragma once

namespace r1 {

namespace cpu {
struct Kernels;
}

const cpu::Kernels& active_kernels();  // the level chosen for this processor, or by R1_CPU
const char* level_name(const cpu::Kernels& kernels);

}  // namespace r1
