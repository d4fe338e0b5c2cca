// What this machine can do, measured now: the roofs that benchmarks and progress lines stand against.
#pragma once
#include "core/dtype.hpp"
#include "core/thread_pool.hpp"

namespace r1 {

// GFLOP/s of a register-only loop of the unit that matrix products of this input type use at the active level.
double matmul_roof_gflops(DType inputs, int threads = ThreadPool::default_threads());
// GB/s of reading memory far larger than the caches.
double read_roof_gb_per_s(int threads = ThreadPool::default_threads());

}  // namespace r1
