// The highest speed of this machine, measured when called. Benchmarks report every speed as a share of it.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
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

// How much memory each thread reads: together twice the last cache, so that memory is measured and not the cache. Some
// servers have caches of hundreds of megabytes. At least 64 MiB, and not more than an eighth of the machine's memory
// beyond that.
inline i64 bytes_to_read(i64 threads) {
  constexpr i64 kHugePage = i64{2} << 20, kLeast = i64{64} << 20;
  const i64 cache = std::max<i64>(0, sysconf(_SC_LEVEL3_CACHE_SIZE));
  const i64 memory = static_cast<i64>(sysconf(_SC_PHYS_PAGES)) * static_cast<i64>(sysconf(_SC_PAGESIZE));
  const i64 wanted = std::min(2 * cache, memory / 8) / threads;
  return std::max(kLeast, wanted / kHugePage * kHugePage);
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

// 0 if there is not enough memory.
template <class Pool>
double read_roof(const Kernels& k, Pool& pool, double seconds = 0.1) {
  const i64 bytes = detail::bytes_to_read(pool.threads()), all = bytes * pool.threads();
  const std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(size_t{2} << 20, all), std::free);
  if (!memory) return 0;
  madvise(memory.get(), all, MADV_HUGEPAGE);
  std::memset(memory.get(), 1, all);
  return detail::rate(pool, seconds, 1e-9 * static_cast<double>(bytes), [&](i64 task) {
    volatile u64 keep = k.gemm.read(static_cast<std::byte*>(memory.get()) + task * bytes, bytes);
    (void)keep;
  });
}

template <class Pool>
Roof measure_roof(const Kernels& k, Pool& pool) {
  return {compute_roof(k, pool, Format::f32), compute_roof(k, pool, Format::bf16), read_roof(k, pool)};
}

}  // namespace r1::cpu
