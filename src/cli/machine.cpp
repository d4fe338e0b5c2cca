#include "cli/machine.hpp"

#include "kernels/cpu/kernels.hpp"
#include "kernels/cpu/roof.hpp"

namespace r1 {

double matmul_roof_gflops(DType inputs, int threads) {
  ThreadPool pool(threads);
  return cpu::compute_roof(cpu::active(), pool, inputs == DType::bf16 ? cpu::Format::bf16 : cpu::Format::f32);
}

double read_roof_gb_per_s(int threads) {
  ThreadPool pool(threads);
  return cpu::read_roof(cpu::active(), pool);
}

}  // namespace r1
