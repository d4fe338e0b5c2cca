#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "cli/bench.hpp"
#include "core/philox.hpp"
#include "kernels/cpu/roof.hpp"
#include "session/numerics.hpp"
#include "train/trainer.hpp"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Tensor random_tensor(Arena& arena, i64 rows, i64 cols, u64 stream) {
  const Tensor t = arena.alloc(rows, cols);
  Random random(1, Purpose::bench, stream);
  for (i64 i = 0; i < t.size(); ++i) t.data()[i] = static_cast<float>(random.uniform() - 0.5);
  return t;
}

// Nanoseconds that all threads together have spent in matrix products and their packing. timing_kernels() is a kernel
// table whose entries measure them and call the real kernels.
const cpu::Kernels* g_timed = nullptr;
std::atomic<i64> g_gemm_nanoseconds{0};

template <class F>
void timed(F&& f) {
  const auto start = Clock::now();
  f();
  g_gemm_nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

cpu::Kernels timing_kernels(const cpu::Kernels& inner) {
  cpu::Kernels k = inner;
  g_timed = &inner;
  g_gemm_nanoseconds = 0;
  k.gemm.gemm = [](const cpu::Gemm& g, i64 m0, i64 m1, i64 p0, i64 p1, std::byte* scratch) {
    timed([&] { g_timed->gemm.gemm(g, m0, m1, p0, p1, scratch); });
  };
  k.gemm.add_gradient = [](const cpu::GradientProduct& g, i64 m0, i64 m1, i64 p0, i64 p1) {
    timed([&] { g_timed->gemm.add_gradient(g, m0, m1, p0, p1); });
  };
  k.gemm.pack_b = [](cpu::Format format, std::byte* to, const cpu::MatrixView& b, i64 kk, i64 n, i64 begin, i64 end) {
    timed([&] { g_timed->gemm.pack_b(format, to, b, kk, n, begin, end); });
  };
  return k;
}

Status check_stop(const std::atomic<bool>& stop) {
  return stop ? fail(Errc::interrupted, "bench interrupted") : Status{};
}

// A longer prompt of the same repeat and sequence begins with a shorter one.
std::vector<i32> random_prompt(const Model& model, i64 length, u64 repeat, i64 sequence) {
  Random random(repeat, Purpose::bench, static_cast<u64>(sequence));
  std::vector<i32> ids(length);
  for (i32& id : ids) id = static_cast<i32>(random.below(static_cast<u32>(model.info().vocab)));
  return ids;
}

// Bytes of weights that a step with `batch` tokens reads. The embedding's rows are left out. Of the routed experts
// those count that at least one token is expected to choose, if each token chooses with equal probabilities.
double weight_bytes(const Model& model, i64 batch) {
  double all = 0, routed = 0;
  i64 elements = 0, routed_elements = 0;
  for (const Weight& w : model.weights()) {
    if (model.in_mtp(w) || (w.name() == "model.embed_tokens.weight" && w.id() != model.head().id())) continue;
    const auto bytes = static_cast<double>(w.rows() * row_bytes(w.dtype(), w.cols()));
    const bool expert = w.name().find(".mlp.experts.") != std::string::npos;
    (expert ? routed : all) += bytes;
    (expert ? routed_elements : elements) += w.size();
  }
  const double chosen = routed_elements ? static_cast<double>(model.info().active_parameters - elements) /
                                              static_cast<double>(routed_elements)
                                        : 0;
  return all + (1 - std::pow(1 - chosen, static_cast<double>(batch))) * routed;
}

// Bytes of keys and values that a step of decode reads, halfway through the tokens.
double cache_bytes(const KvLayout& layout, const ServeShape& s) {
  const auto token = static_cast<double>(layout.page_bytes() * layout.layers) / kPageTokens;
  return token * static_cast<double>(s.batch * (s.depth + s.prompt + s.tokens / 2));
}

}  // namespace

Spread spread_of(std::vector<double> v) {
  if (v.empty()) return {};
  std::sort(v.begin(), v.end());
  return {v[v.size() / 2], v.front(), v.back()};
}

Result<std::vector<GemmFigure>> bench_gemm(ThreadPool& pool, i64 n, i64 repeats, const std::atomic<bool>& stop) {
  std::vector<GemmFigure> figures;
  Arena arena;
  const Tensor a = random_tensor(arena, n, n, 1), b = random_tensor(arena, n, n, 2), c = arena.alloc(n, n);
  for (const cpu::Kernels* kernels : cpu::levels())
    for (const cpu::Format format : {cpu::Format::f32, cpu::Format::bf16}) {
      const cpu::GemmKernels& k = kernels->gemm;
      const i64 all = cpu::panels(k, n), pieces = 2 * pool.threads();
      const Tensor packed = arena.alloc(all, k.panel_bytes(format, n) / 4);
      const Tensor scratch = arena.alloc(pool.threads(), k.scratch_bytes / 4);
      auto* const to = reinterpret_cast<std::byte*>(packed.data());
      k.pack_b(format, to, {b.data(), n}, n, n, 0, all);
      const cpu::Gemm g{format, {a.data(), n}, to, c.data(), n, n, n};
      const i64 rows = std::min((n / pieces + k.row_step) / k.row_step * k.row_step, k.block_rows);
      std::vector<double> gflops;
      // A slow level gets fewer repetitions instead of more time.
      for (double spent = 0; static_cast<i64>(gflops.size()) < repeats && (gflops.empty() || spent < 1);) {
        R1_TRY(check_stop(stop));
        const auto start = Clock::now();
        pool.ranges(n, rows, [&](i64 begin, i64 end, int worker) {
          k.gemm(g, begin, end, 0, all, reinterpret_cast<std::byte*>(scratch.row(worker)));
        });
        const double seconds = seconds_since(start);
        spent += seconds;
        gflops.push_back(2e-9 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / seconds);
      }
      figures.push_back({kernels->name, format == cpu::Format::f32 ? "f32" : "bf16", spread_of(gflops).median,
                         cpu::compute_roof(*kernels, pool, format)});
    }
  return figures;
}

double bench_fork(ThreadPool& pool) {
  constexpr int kForks = 20'000;
  const auto start = Clock::now();
  for (int i = 0; i < kForks; ++i) pool.run(2 * pool.threads(), [](i64, int) {});
  return 1e6 * seconds_since(start) / kForks;
}

Result<ServeFigure> bench_serve(const Model& model, ThreadPool& pool, const ServeShape& shape, i64 repeats,
                                const std::atomic<bool>& stop) {
  const auto [batch, depth, prompt, tokens, kv] = shape;
  EngineOptions options;
  options.kernels = &cpu::active();
  options.pool = &pool;
  options.numerics = serving_numerics(model, kv);
  options.max_sequences = batch;
  options.max_batch_tokens = batch * (depth % kPageTokens + prompt);  // all prompts in one step without any decode
  options.kv_tokens = batch * pages_for(depth + prompt + tokens) * kPageTokens;
  // All tokens are nearly as likely. Greedy decoding would soon repeat one token, and with it its experts.
  SamplingParams even;
  even.temperature = 1000, even.top_p = 1;
  ServeFigure f;
  f.batch = batch, f.depth = depth, f.prompt = prompt, f.tokens = tokens, f.kv = options.numerics.kv;
  std::vector<double> prefill, decode;
  double forks = 0, steps = 0;
  for (i64 r = 0; r < repeats; ++r) {
    Engine engine = R1_TRY(Engine::create(model, options));
    // The depth is not timed. Its pages stay in the cache as the prefix of the timed prompts.
    for (i64 s = 0; depth > 0 && s < batch; ++s)
      R1_TRY(engine.submit({random_prompt(model, depth, static_cast<u64>(r), s), even}));
    while (engine.busy()) R1_TRY(check_stop(stop)), R1_TRY(engine.step());
    for (i64 s = 0; s < batch; ++s)
      R1_TRY(engine.submit({random_prompt(model, depth + prompt, static_cast<u64>(r), s), even, tokens + 1}));
    const EngineCounters before = engine.counters();
    auto start = Clock::now();
    R1_TRY(engine.step());
    const i64 filled = engine.counters().prefill_tokens - before.prefill_tokens;
    prefill.push_back(static_cast<double>(filled) / seconds_since(start));
    R1_CHECK(filled == batch * (depth % kPageTokens + prompt), "prefill of {} tokens in a step, {} filled",
             options.max_batch_tokens, filled);
    const u32 forks_before = pool.forks();
    const i64 steps_before = engine.counters().steps;
    start = Clock::now();
    while (engine.busy()) R1_TRY(check_stop(stop)), R1_TRY(engine.step());
    forks += static_cast<double>(pool.forks() - forks_before);
    steps += static_cast<double>(engine.counters().steps - steps_before);
    decode.push_back(static_cast<double>(engine.counters().decode_tokens - before.decode_tokens) /
                     seconds_since(start));
  }
  f.prefill_tokens_per_s = spread_of(prefill);
  f.decode_tokens_per_s = spread_of(decode);
  const auto active = static_cast<double>(model.info().active_parameters);
  f.decode_gflops = 2e-9 * active * f.decode_tokens_per_s.median;
  f.decode_forks = forks / steps;
  const double bytes = weight_bytes(model, batch) + cache_bytes(model.kv_layout(options.numerics), shape);
  f.decode_gb_per_s = 1e-9 * bytes * f.decode_tokens_per_s.median / static_cast<double>(batch);
  return f;
}

Result<TrainFigure> bench_train(const std::filesystem::path& model, int threads, DType inputs, i64 steps,
                                const std::atomic<bool>& stop) {
  TrainConfig config;
  config.model = model.string();
  std::error_code error;
  const auto temporary = std::filesystem::temp_directory_path(error);
  if (error) return fail(Errc::io, "no folder for temporary files ({}); TMPDIR names one", error.message());
  config.out = (temporary / "r1-bench-XXXXXX").string();
  if (!mkdtemp(config.out.data())) return fail(Errc::io, "{}: cannot create: {}", config.out, std::strerror(errno));
  config.threads = threads;
  config.steps = steps + 2;  // the first two fill the arena
  config.batch_tokens = 8192, config.micro_batch_tokens = 2048, config.sequence_length = 512;
  config.matmul = name_of(inputs);
  config.save_every = config.steps;
  DataSource problems;
  problems.tasks = "default";
  config.data.push_back(problems);
  const cpu::Kernels kernels = timing_kernels(cpu::active());
  std::vector<double> rates, gflops;
  double seconds = 0, gemm_before = 0;
  TrainHooks hooks;
  hooks.kernels = &kernels;
  hooks.stop = &stop;
  hooks.progress = [&](const StepMetrics& m) {
    if (m.step <= 2) return void(gemm_before = static_cast<double>(g_gemm_nanoseconds.load()));
    rates.push_back(m.time_tokens_per_s);
    gflops.push_back(m.time_gflops);
    seconds += m.time_step_s;
  };
  const auto result = train(config, hooks);
  std::filesystem::remove_all(config.out, error);
  R1_TRY(check_stop(stop));  // before `result`: its error would name a checkpoint that has just been removed
  if (!result) return tl::unexpected(result.error());
  const double gemm_seconds = 1e-9 * (static_cast<double>(g_gemm_nanoseconds.load()) - gemm_before);
  return TrainFigure{name_of(inputs), spread_of(rates), spread_of(gflops).median,
                     1 - gemm_seconds / (seconds * threads)};
}

}  // namespace r1
