// mla_attend beside the roofs of this machine: packed documents as in training, forward and backward, and decoding over
// a cache.
#include <algorithm>
#include <chrono>

#include "core/philox.hpp"
#include "kernels/cpu/roof.hpp"
#include "ops/cpu/attention_keys.hpp"

namespace r1 {
namespace {

template <class F>
double median_seconds(F&& f) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < 15; ++i) {
    const auto start = Clock::now();
    f();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + 7, times.end());
  return times[7];
}

struct Bench {
  const cpu::Kernels& k;
  ThreadPool& pool;
  cpu::Roof roof;
};

struct Inputs {
  Tensor q_c, q_r, c, k_r;
  Weight w_uk, w_uv;
  Inputs(Arena& arena, const MlaDims& d, i64 rows)
      : q_c(arena.alloc(rows, d.heads * d.nope)),
        q_r(arena.alloc(rows, d.heads * d.rope)),
        c(arena.alloc(rows, d.kv_rank)),
        k_r(arena.alloc(rows, d.rope)),
        w_uk(Weight::zeros("w_uk", d.heads * d.nope, d.kv_rank, true)),
        w_uv(Weight::zeros("w_uv", d.heads * d.v, d.kv_rank, true)) {
    Random random(1, Purpose::bench);
    const auto fill = [&](float* x, i64 n, double scale) {
      for (i64 i = 0; i < n; ++i) x[i] = static_cast<float>(scale * (random.uniform() - 0.5));
    };
    for (const Tensor& t : {q_c, q_r, c, k_r}) fill(t.data(), t.size(), 2);
    for (const Weight& w : {w_uk, w_uv}) fill(w.f32(), w.size(), 0.2);
  }
  Tensor attend(Pass& p, const MlaDims& d) const { return mla_attend(p, 0, d, q_c, q_r, c, k_r, w_uk, w_uv); }
};

void training(const Bench& b, const char* name, const MlaDims& d, i64 rows, i64 shortest, i64 longest) {
  Batch batch;
  Random random(2, Purpose::bench);
  double pairs = 0;
  while (batch.rows() < rows) {
    const i64 n = random.between(shortest, longest);
    batch.add_sequence(std::vector<i32>(n));
    pairs += 0.5 * static_cast<double>(n * (n + 1));
  }
  Arena arena;
  const Inputs x(arena, d, batch.rows());
  Pass p{.batch = batch, .arena = arena, .pool = b.pool, .kernels = b.k};
  const double core = 2e-9 * pairs * static_cast<double>(d.heads * (d.nope + d.rope + d.v));
  const double linears = 2e-9 * static_cast<double>(batch.rows() * d.kv_rank * d.heads * (d.nope + d.v));
  const double linear_seconds = median_seconds([&] { linear(p, x.c, x.w_uk), linear(p, x.c, x.w_uv); });
  const double forward = median_seconds([&] { x.attend(p, d); });
  const double both = median_seconds([&] {
    Tape tape(arena);
    Pass training_pass = p;
    training_pass.tape = &tape;
    const Tensor o = x.attend(training_pass, d);
    tape.grads()[o];
    tape.backward();
  });
  const double rate = core / (forward - linear_seconds);
  fmt::print(
      "{:9} {:10} rows {:5}  forward {:7.2f} ms, of that linear {:5.2f}; attention {:6.1f} GFLOP/s, {:3.0f}% of "
      "the roof  backward {:7.2f} ms, {:6.1f} GFLOP/s\n",
      b.k.name, name, batch.rows(), forward * 1e3, linear_seconds * 1e3, rate, 100 * rate / b.roof.f32_gflops,
      (both - forward) * 1e3, (2.5 * core + 2 * linears) / (both - forward));
}

void decode(const Bench& b, const char* name, const MlaDims& d, i64 sequences, i64 cached, MlaForm form, DType kv) {
  KvView view;
  view.layout = {form, kv, 1, d.heads, d.nope, d.rope, d.v, d.kv_rank};
  const i64 pages = (cached + kPageTokens) / kPageTokens;
  std::vector<float> memory(sequences * pages * view.layout.page_bytes() / 4);
  view.layer_base = {reinterpret_cast<std::byte*>(memory.data())};
  std::vector<std::vector<i32>> tables(sequences);
  Batch batch;
  for (i64 s = 0; s < sequences; ++s) {
    for (i64 i = 0; i < pages; ++i) tables[s].push_back(static_cast<i32>(s * pages + i));
    view.tables.push_back(tables[s]);
    batch.add_sequence(std::vector<i32>(1), cached, Role::generated);
  }
  Arena arena;
  const Inputs x(arena, d, sequences);
  Pass p{
      .batch = batch, .arena = arena, .pool = b.pool, .kernels = b.k, .numerics = {DType::f32, kv, form}, .kv = &view};
  const double seconds = median_seconds([&] { x.attend(p, d); });
  const i64 weights = (x.w_uk.size() + x.w_uv.size()) * 4;
  const double bytes =
      1e-9 * static_cast<double>(sequences * cached * view.layout.page_bytes() / kPageTokens + weights);
  const i64 width = form == MlaForm::mixed ? 2 * d.kv_rank + d.rope : d.nope + d.rope + d.v;
  const double flops = 2e-9 * static_cast<double>(sequences * cached * d.heads * width + sequences * weights / 4);
  fmt::print(
      "{:9} {:10} {:8} {:4} sequences {:2} x {:5} keys {:8.3f} ms {:6.1f} GB/s, {:3.0f}% of reading  {:6.1f} "
      "GFLOP/s, {:3.0f}% of the roof\n",
      b.k.name, name, form == MlaForm::mixed ? "absorbed" : "expanded", name_of(kv), sequences, cached, seconds * 1e3,
      bytes / seconds, 100 * bytes / seconds / b.roof.read_gb_s, flops / seconds,
      100 * flops / seconds / b.roof.f32_gflops);
}

void run(const cpu::Kernels& k) {
  ThreadPool pool(ThreadPool::default_threads());
  const Bench b{k, pool, cpu::measure_roof(k, pool)};
  fmt::print("{:9} {} threads, roof {:.0f} GFLOP/s f32, {:.1f} GB/s read\n", k.name, pool.threads(), b.roof.f32_gflops,
             b.roof.read_gb_s);
  const MlaDims tiny{6, 32, 16, 32, 64, 0.14f}, full{128, 128, 64, 128, 512, 0.07f};
  training(b, "tiny", tiny, 8192, 20, 400);
  training(b, "tiny long", tiny, 2048, 2048, 2048);
  for (const DType kv : {DType::f32, DType::bf16}) {
    decode(b, "tiny", tiny, 1, 100, MlaForm::expanded, kv);
    decode(b, "tiny", tiny, 64, 200, MlaForm::expanded, kv);
    decode(b, "tiny", tiny, 16, 2000, MlaForm::expanded, kv);
    decode(b, "tiny", tiny, 16, 2000, MlaForm::mixed, kv);
    decode(b, "full size", full, 1, 500, MlaForm::expanded, kv);
    decode(b, "full size", full, 1, 4000, MlaForm::mixed, kv);
  }
}

}  // namespace
}  // namespace r1

int main() { r1::run(r1::cpu::active()); }
