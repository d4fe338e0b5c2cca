// The highest speed of this machine, measured when called. Benchmarks report every speed as a share of it.
#pragma once
#include <chrono>
#include <memory>

#include "kernels/cpu/kernels.hpp"

namespace r1::cpu {

struct Roof {
  double f32_gflops = 0, bf16_gflops = 0;  // of the units that products of Format::f32 and bf16 use
  double read_gb_s = 0;                    // of reading memory
};

namespace detail {
// Units of work per second over all threads of `pool`. Each thread repeats
// step(worker) for `seconds`; one call does `units` units.
template <class Pool, class Step>
double rate(Pool& pool, double seconds, double units, Step&& step) {
  using Clock = std::chrono::steady_clock;
  const int threads = pool.threads();
  const auto per_thread = std::make_unique<double[]>(threads);
  pool.run(threads, [&](i64 task, int) {
    const auto start = Clock::now();
    double done = 0, elapsed = 0;
    do {
      step(task);
      done += units;
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed < seconds);
    per_thread[task] = done / elapsed;
  });
  double sum = 0;
  for (int t = 0; t < threads; ++t) sum += per_thread[t];
  return sum;
}
}  // namespace detail

template <class Pool>  // ThreadPool or any type with threads() and run(tasks, f(task, worker))
double compute_roof(const Kernels& k, Pool& pool, Format format, double seconds = 0.05) {
  constexpr i64 kIterations = 20'000;
  const double units = 1e-9 * static_cast<double>(kIterations * k.gemm.spin_flops[static_cast<int>(format)]);
  return detail::rate(pool, seconds, units, [&](i64) {
    volatile float keep = k.gemm.spin(format, kIterations);
    (void)keep;
  });
}

template <class Pool>
double read_roof(const Kernels& k, Pool& pool, double seconds = 0.1) {
  constexpr i64 kBytes = i64{64} << 20;  // per thread; larger than the caches of most machines
  const i64 all = kBytes * pool.threads();
  const std::unique_ptr<std::byte[]> memory(new std::byte[all]());
  return detail::rate(pool, seconds, 1e-9 * static_cast<double>(kBytes), [&](i64 task) {
    volatile u64 keep = k.gemm.read(memory.get() + task * kBytes, kBytes);
    (void)keep;
  });
}

template <class Pool>
Roof measure_roof(const Kernels& k, Pool& pool) {
  return {compute_roof(k, pool, Format::f32), compute_roof(k, pool, Format::bf16), read_roof(k, pool)};
}

}  // namespace r1::cpu
