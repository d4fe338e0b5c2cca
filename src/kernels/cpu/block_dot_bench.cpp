// Speed of products with weight blocks. One row (decode) is compared with the measured speed of reading memory. Many
// rows (prefill) are compared with the f32 roof, which limits products with dequantised weights. The figure is that of
// the fastest of several runs, because other programs can only slow a run down. Usage: block_dot_bench [LEVEL|TYPE...]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <vector>

#include "core/philox.hpp"
#include "core/random_blocks.hpp"
#include "core/tensor.hpp"
#include "core/threads/thread_pool.hpp"
#include "kernels/cpu/bench_levels.hpp"
#include "kernels/cpu/roof.hpp"

namespace r1::cpu {
namespace {

double best_seconds(i64 runs, auto&& f) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (i64 i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

void bench(const Kernels& kernels, ThreadPool& pool, DType t, i64 rows, bool packed, double read_roof,
           double f32_roof) {
  const BlockDotKernels& k = kernels.block_dot;
  const i64 in = 4096, out = rows == 1 ? 16 * 1024 : 1024;  // for one row 38 MB of Q4_K, more than the caches of a core
  Arena arena;
  std::vector<std::byte> w(out * row_bytes(t, in));
  const i64 pattern = std::min<i64>(out, 256) * in;  // so many elements are random; the rest repeats them
  RandomBlocks(1, 0.02).fill(t, w.data(), pattern);
  const size_t repeat = static_cast<size_t>(row_bytes(t, pattern));
  for (size_t at = repeat; at < w.size(); at += repeat)
    std::copy_n(w.begin(), repeat, w.begin() + static_cast<i64>(at));
  const Tensor x = arena.alloc(rows, in), y = arena.alloc(rows, out);
  Random random(1, Purpose::bench);
  for (i64 i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.uniform() - 0.5);
  std::vector<QuantizedChunk> q(rows * dot_chunks(in));
  const Tensor scratch = arena.alloc(pool.threads(), k.scratch_bytes / 4 + 16);
  BlockProduct g{t, w.data(), row_bytes(t, in), in, out, q.data(), rows, y.data(), out};
  std::vector<std::byte> pack(packed ? k.pack_bytes(t, in, out) : 0);
  if (packed) {
    if (pack.empty()) return;
    k.pack(t, pack.data(), w.data(), g.row_bytes, in, out, 0, out);
    g.w = pack.data(), g.packed = true;
  }
  const i64 step = std::max(k.lanes, out / (16 * pool.threads()) / k.lanes * k.lanes);
  const double seconds = best_seconds(7, [&] {
    k.quantize(t, q.data(), {x.data(), in}, rows, in, 0, rows);
    pool.ranges(out, step, [&](i64 begin, i64 end, int worker) {
      auto* at = reinterpret_cast<std::byte*>(scratch.row(worker));
      k.multiply(g, begin, end, at + (64 - reinterpret_cast<std::uintptr_t>(at) % 64) % 64);
    });
  });
  const double gb = 1e-9 * static_cast<double>(w.size()) / seconds;
  const double gflops = 2e-9 * static_cast<double>(rows * in * out) / seconds;
  if (rows == 1)
    fmt::print("{:10} {:7} {:6} {} threads, 1 row    {:8.2f} ms {:7.1f} GB/s, {:3.0f} % of reading ({:.1f})\n",
               kernels.name, name_of(t), packed ? "packed" : "stored", pool.threads(), seconds * 1e3, gb,
               100 * gb / read_roof, read_roof);
  else
    fmt::print("{:10} {:7} {:6} {} threads, {:3} rows {:8.2f} ms {:7.1f} GOP/s, {:3.0f} % of f32's roof ({:.0f})\n",
               kernels.name, name_of(t), packed ? "packed" : "stored", pool.threads(), rows, seconds * 1e3, gflops,
               100 * gflops / f32_roof, f32_roof);
}

}  // namespace
}  // namespace r1::cpu

int main(int argc, char** argv) {
  using namespace r1;
  const auto is_named = [&](DType t) {
    return std::any_of(argv + 1, argv + argc, [&](std::string_view name) { return name == name_of(t); });
  };
  std::vector<DType> types, named;
  for (int t = 0; t < kDTypes; ++t)
    if (cpu::has_block_dot(static_cast<DType>(t))) types.push_back(static_cast<DType>(t));
  std::copy_if(types.begin(), types.end(), std::back_inserter(named), is_named);
  for (const cpu::Kernels* k : cpu::requested_levels(argc, argv)) {
    for (const int threads : {1, ThreadPool::default_threads()}) {
      ThreadPool pool(threads);
      const double reading = cpu::read_roof(*k, pool), f32 = cpu::compute_roof(*k, pool, cpu::Format::f32);
      for (const DType t : named.empty() ? types : named)
        for (const i64 rows : {1, 8, 128})
          for (const bool packed : {false, true}) cpu::bench(*k, pool, t, rows, packed, reading, f32);
    }
  }
}
