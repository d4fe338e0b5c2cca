// What this machine can do, measured now: the roofs with which benchmarks and progress lines compare.
#pragma once
#include "core/dtype.hpp"
#include "core/threads/thread_pool.hpp"

namespace r1 {

// GFLOP/s of a loop over registers alone, on the unit that the active level uses for matrix products of this type.
double matmul_roof_gflops(DType inputs, int threads = ThreadPool::default_threads());
// GB/s of reading memory far larger than the caches.
double read_roof_gb_per_s(int threads = ThreadPool::default_threads());

}  // namespace r1
