// The ops that multiply matrices, forward and with backward, against the measured roof of the unit they use.
#include <algorithm>
#include <array>
#include <chrono>

#include "core/philox.hpp"
#include "kernels/cpu/roof.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

struct Bench {
  explicit Bench(int threads) : pool(threads) {}
  Tensor tensor(i64 rows, i64 cols) {
    const Tensor t = arena.alloc(rows, cols);
    for (i64 i = 0; i < t.size(); ++i) t.data()[i] = static_cast<float>(random.normal() * 0.1);
    return t;
  }
  Weight weight(i64 rows, i64 cols) {
    const Weight w = Weight::zeros("w", rows, cols, true);
    for (i64 i = 0; i < w.size(); ++i) w.f32()[i] = static_cast<float>(random.normal() * 0.1);
    return w;
  }
  // `multiply_adds` of the forward; backward is twice that, and once more where it recomputes.
  template <class F>
  void run(const char* what, DType matmul, i64 multiply_adds, i64 backward_factor, F&& forward) {
    using Clock = std::chrono::steady_clock;
    const cpu::Format format = matmul == DType::f32 ? cpu::Format::f32 : cpu::Format::bf16;
    const double roof = cpu::compute_roof(cpu::active(), pool, format);
    for (const bool train : {false, true}) {
      std::vector<double> seconds;
      for (double total = 0; seconds.size() < 7 || (total < 0.3 && seconds.size() < 1000); total += seconds.back()) {
        const auto start = Clock::now();
        Tape tape(arena);
        Pass p{.batch = batch, .arena = arena, .pool = pool, .kernels = cpu::active(), .tape = train ? &tape : nullptr};
        p.numerics.matmul = matmul;
        const Tensor y = forward(p);
        if (train) {
          std::fill_n(tape.grads()[y].data(), y.size(), 0.01f);
          tape.backward();
        }
        seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
      }
      std::nth_element(seconds.begin(), seconds.begin() + static_cast<i64>(seconds.size() / 2), seconds.end());
      const double median = seconds[seconds.size() / 2];
      const double gflops = 2e-9 * static_cast<double>(multiply_adds * (train ? 1 + backward_factor : 1)) / median;
      fmt::print("{:44} {:4} {:8} {} threads {:10.1f} us {:7.1f} GFLOP/s {:3.0f} % of {:.0f}\n", what, name_of(matmul),
                 train ? "training" : "forward", pool.threads(), median * 1e6, gflops, 100 * gflops / roof, roof);
    }
  }

  Batch batch;
  Arena arena;
  ThreadPool pool;
  Random random{1, Purpose::bench};
};

Routing random_routing(Bench& b, i64 tokens, i64 experts, i64 k) {
  Pass p{.batch = b.batch, .arena = b.arena, .pool = b.pool, .kernels = cpu::active()};
  RoutingConfig c;
  c.experts = experts, c.top_k = k, c.method = TopK::greedy;
  return route(p, 0, b.tensor(tokens, experts), {}, c);
}

void bench_experts(Bench& b, DType matmul, i64 tokens, i64 d, i64 f, i64 count, i64 k) {
  std::vector<Expert> all;
  for (i64 e = 0; e < count; ++e) all.push_back({b.weight(f, d), b.weight(f, d), b.weight(d, f)});
  const Routing r = random_routing(b, tokens, count, k);
  const Tensor x = b.tensor(tokens, d);
  const std::string what = fmt::format("experts T {} d {} f {} E {} k {}", tokens, d, f, count, k);
  b.run(what.c_str(), matmul, tokens * k * 3 * d * f, 2, [&](Pass& p) { return experts(p, x, r, all); });
}

}  // namespace
}  // namespace r1

int main() {
  using namespace r1;
  for (const int threads : {1, ThreadPool::default_threads()})
    for (const DType matmul : {DType::f32, DType::bf16}) {
      Bench b(threads);
      for (const auto& [tokens, in, out] :
           {std::array<i64, 3>{4096, 128, 384}, {4096, 192, 192}, {64, 192, 192}, {1, 192, 192}}) {
        const Tensor x = b.tensor(tokens, in);
        const Weight w = b.weight(out, in);
        b.run(fmt::format("linear T {} in {} out {}", tokens, in, out).c_str(), matmul, tokens * in * out, 2,
              [&](Pass& p) { return linear(p, x, w); });
      }
      bench_experts(b, matmul, 4096, 128, 64, 8, 2);
      bench_experts(b, matmul, 4096, 192, 96, 16, 4);
      bench_experts(b, matmul, 1, 192, 96, 16, 4);
      const Tensor x = b.tensor(4096, 192);
      const Weight head = b.weight(512, 192);
      const std::vector<i32> targets(4096, 3);
      b.run("linear_cross_entropy T 4096 d 192 vocab 512", matmul, 4096 * 192 * 512, 3,
            [&](Pass& p) { return linear_cross_entropy(p, x, head, targets); });
    }
}
