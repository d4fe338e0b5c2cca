// What this machine can do, measured now: the roofs with which benchmarks and progress lines compare; the memory that
// this process has taken.
#pragma once
#include "core/dtype.hpp"
#include "core/threads/thread_pool.hpp"

namespace r1 {

// GFLOP/s of a loop over registers alone, on the unit that the active level uses for matrix products of this type.
double matmul_roof_gflops(DType inputs, int threads = ThreadPool::default_threads());
// GB/s of reading memory far larger than the caches.
double read_roof_gb_per_s(int threads = ThreadPool::default_threads());

// The most memory that was resident since the start or since forget_peak_memory(), which does nothing on systems
// without /proc/self/clear_refs.
double peak_resident_gib();
void forget_peak_memory();

}  // namespace r1
