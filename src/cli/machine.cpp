#include "cli/machine.hpp"

#include <fstream>
#include <string>

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

double peak_resident_gib() {
  std::ifstream status("/proc/self/status");
  const std::string field = "VmHWM:";
  for (std::string word; status >> word;) {
    if (word != field) continue;
    double kib = 0;
    status >> kib;
    return kib / (1 << 20);
  }
  return 0;
}

void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5\n"; }

}  // namespace r1
