// Speed of matrix products as a share of the measured roof of the unit that they use, for each level, format and number
// of threads. Usage: gemm_bench [LEVEL...]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "core/integer.hpp"
#include "core/philox.hpp"
#include "core/tensor.hpp"
#include "core/threads/thread_pool.hpp"
#include "kernels/cpu/bench_levels.hpp"
#include "kernels/cpu/roof.hpp"

namespace r1::cpu {
namespace {

struct Shape {
  const char* what;
  i64 m, n, k;
  bool transposed_a = false, pack_each_time = false;  // dW: A = dyᵀ, and B is x
};

constexpr Shape kShapes[] = {
    {"square", 1024, 1024, 1024},
    {"y", 4096, 512, 128},
    {"y", 4096, 128, 512},
    {"y", 4096, 128, 128},
    {"y", 2048, 96, 64},
    {"y", 4096, 192, 192},
    {"y", 8192, 384, 256},
    {"y", 512, 64, 128},
    {"dW", 512, 128, 4096, true, true},
    {"dW", 128, 128, 4096, true, true},
    {"dW", 192, 192, 8192, true, true},
    {"dW", 96, 64, 512, true, true},
    {"decode", 1, 1024, 1024},
    {"decode", 1, 192, 192},
};

double median_seconds(auto&& f) {
  using Clock = std::chrono::steady_clock;
  f();
  std::vector<double> seconds;
  for (double total = 0; seconds.size() < 5 || (total < 0.12 && seconds.size() < 2000);) {
    const auto start = Clock::now();
    f();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    total += seconds.back();
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<i64>(seconds.size() / 2), seconds.end());
  return seconds[seconds.size() / 2];
}

void bench(const Kernels& kernels, Format format, const Shape& s, ThreadPool& pool, double roof) {
  const GemmKernels& k = kernels.gemm;
  Arena arena;
  const Tensor a = arena.alloc(s.m, s.k), b = arena.alloc(s.k, s.n), c = arena.alloc(s.m, s.n);
  Random random(1, Purpose::bench);
  for (const Tensor& t : {a, b})
    for (i64 i = 0; i < t.size(); ++i) t.data()[i] = static_cast<float>(random.uniform() - 0.5);
  const i64 all = panels(k, s.n);
  const Tensor packed = arena.alloc(all, k.panel_bytes(format, s.k) / 4);
  const Tensor scratch = arena.alloc(pool.threads(), k.scratch_bytes / 4);
  auto* const to = reinterpret_cast<std::byte*>(packed.data());
  const auto pack = [&](i64 begin, i64 end) { k.pack_b(format, to, {b.data(), s.n}, s.k, s.n, begin, end); };
  pack(0, all);
  const Gemm g{format, {a.data(), s.transposed_a ? s.m : s.k, s.transposed_a ? Layout::columns : Layout::rows},
               to,     c.data(),
               s.n,    s.n,
               s.k};
  // Split as ops does: by rows, or by panels if there are few rows.
  const i64 threads = pool.threads(), pieces = threads == 1 ? 1 : 2 * threads;
  const bool by_rows = s.m >= pieces * k.row_step;
  const i64 rows = by_rows ? std::min((s.m / pieces + k.row_step) / k.row_step * k.row_step, k.block_rows) : s.m;
  const i64 columns = by_rows || threads == 1 ? all : ceil_div(all, pieces);
  const bool in_place = s.transposed_a && (format == Format::f32 || !k.pairs);
  const GradientProduct gradient{format, a.data(), s.m, b.data(), s.n, nullptr, c.data(), s.n, s.n, s.k};
  const double seconds = median_seconds([&] {
    if (in_place) {
      if (format == Format::bf16)
        pool.ranges(a.size(), 1 << 14, [&](i64 begin, i64 end, int) { k.round(a.data() + begin, end - begin); });
      return pool.ranges(all, std::max<i64>(1, all / pieces),
                         [&](i64 begin, i64 end, int) { k.add_gradient(gradient, 0, s.m, begin, end); });
    }
    if (s.pack_each_time) pool.ranges(all, 1, [&](i64 begin, i64 end, int) { pack(begin, end); });
    const i64 row_tasks = ceil_div(s.m, rows), column_tasks = ceil_div(all, columns);
    pool.run(row_tasks * column_tasks, [&](i64 task, int worker) {
      const i64 m = task / column_tasks * rows, p = task % column_tasks * columns;
      k.gemm(g, m, std::min(s.m, m + rows), p, std::min(all, p + columns),
             reinterpret_cast<std::byte*>(scratch.row(worker)));
    });
  });
  const double gflops = 2e-9 * static_cast<double>(s.m * s.n * s.k) / seconds;
  fmt::print("{:10} {:4} {} threads  {:6} {:5} x {:5} x {:5}  {:9.1f} us  {:7.1f} GFLOP/s  {:3.0f} % of {:.0f}\n",
             kernels.name, format == Format::f32 ? "f32" : "bf16", threads, s.what, s.m, s.n, s.k, seconds * 1e6,
             gflops, 100 * gflops / roof, roof);
}

}  // namespace
}  // namespace r1::cpu

int main(int argc, char** argv) {
  using namespace r1;
  for (const cpu::Kernels* k : cpu::requested_levels(argc, argv)) {
    for (const int threads : {1, ThreadPool::default_threads()}) {
      ThreadPool pool(threads);
      fmt::print("{:10} memory read, {} threads: {:.1f} GB/s\n", k->name, threads, cpu::read_roof(*k, pool));
      for (const cpu::Format format : {cpu::Format::f32, cpu::Format::bf16})
        for (const cpu::Shape& shape : cpu::kShapes)
          cpu::bench(*k, format, shape, pool, cpu::compute_roof(*k, pool, format, 0.02));
    }
  }
}
