// What r1 bench measures. Each figure is compared with its roof, measured in the same run. If `stop` is raised, a
// measurement ends with Errc::interrupted and leaves nothing on disk.
#pragma once
#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/threads/thread_pool.hpp"
#include "infer/engine.hpp"
#include "model/model.hpp"

namespace r1 {

struct Spread {
  double median = 0, min = 0, max = 0;
};
Spread spread_of(std::vector<double> values);

// A product of two n × n matrices, the second of them packed, on one of the levels that this processor has.
struct GemmFigure {
  std::string level, inputs;  // "f32" or "bf16"
  double gflops = 0, roof_gflops = 0;
};
Result<std::vector<GemmFigure>> bench_gemm(ThreadPool& pool, i64 n, i64 repeats, const std::atomic<bool>& stop);

// Prefill of `prompt` tokens after `depth` cached tokens, then decode of `tokens` more, with `batch` sequences at once.
// Only whole pages are cached; the rest of the depth counts as prompt.
struct ServeFigure {
  i64 batch = 0, depth = 0, prompt = 0, tokens = 0;
  DType kv = DType::f32;  // of the cache
  Spread prefill_tokens_per_s, decode_tokens_per_s;
  double decode_gflops = 0;    // 2 operations per active parameter and token
  double decode_gb_per_s = 0;  // the weights that a step uses, and the keys and values of all sequences
  double decode_forks = 0;     // loops split over the threads in a step
};
struct ServeShape {
  i64 batch = 1, depth = 0, prompt = 1, tokens = 1;
  std::optional<DType> kv{};  // of the cache; default: as the model is served
};
// Microseconds of a loop of empty tasks, two for each thread.
double bench_fork(ThreadPool& pool);

Result<ServeFigure> bench_serve(const Model& model, ThreadPool& pool, const ServeShape& shape, i64 repeats,
                                const std::atomic<bool>& stop);

// Optimizer steps on generated problems: forward, loss, backward, AdamW.
struct TrainFigure {
  std::string inputs;
  Spread tokens_per_s;
  double gflops = 0;
  double share_outside_gemm = 0;  // share of the threads' time that is no matrix product of weights, nor its packing
};
Result<TrainFigure> bench_train(const std::filesystem::path& model, int threads, DType inputs, i64 steps,
                                const std::atomic<bool>& stop);

}  // namespace r1
