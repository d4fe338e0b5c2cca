// Speed of converting stored types to f32, in GB/s of output, from cache, for each level, on one thread.
// Usage: dequantize_bench [LEVEL...]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "core/philox.hpp"
#include "kernels/cpu/bench_levels.hpp"

namespace r1::cpu {
namespace {

constexpr i64 kElements = 16384;  // 64 KiB of output, which stays in cache

// The fastest of several short runs, because other programs on the machine can only slow a run down.
double gb_per_s(auto&& f) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int run = 0; run < 30; ++run) {
    const auto start = Clock::now();
    for (int i = 0; i < 20; ++i) f();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count() / 20);
  }
  return 4e-9 * static_cast<double>(kElements) / best;
}

void bench(const Kernels& k) {
  std::vector<float> out(kElements);
  std::vector<std::byte> bytes(4 * kElements);
  Random random(1, Purpose::bench);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.below(256));
  const double copy = gb_per_s([&] { std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float)); });
  fmt::print("{} (memcpy {:.0f} GB/s):", k.name, copy);
  for (int t = 0; t < kDTypes; ++t) {
    const auto type = static_cast<DType>(t);
    const double rate = gb_per_s([&] {
      if (type == DType::f8_e4m3) k.dequantize.f8(out.data(), bytes.data(), kElements, 0.5f);
      else k.dequantize.row(type, out.data(), bytes.data(), kElements);
    });
    fmt::print("  {} {:.1f}", name_of(type), rate);
  }
  fmt::print("\n");
}

}  // namespace
}  // namespace r1::cpu

int main(int argc, char** argv) {
  for (const r1::cpu::Kernels* k : r1::cpu::requested_levels(argc, argv)) r1::cpu::bench(*k);
}
