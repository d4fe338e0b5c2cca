// r1 bench: this machine's roofs, and beside them the speed of matrix products and of a model.
#include "cli/bench.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/machine.hpp"
#include "convert/random_model.hpp"
#include "core/byte_size.hpp"
#include "formats/json.hpp"
#include "hub/models.hpp"
#include "kernels/cpu/kernels.hpp"
#include "session/memory.hpp"
#include "session/numerics.hpp"

namespace r1 {
namespace {

Json to_json(const Spread& s) { return Json::object({{"median", s.median}, {"min", s.min}, {"max", s.max}}); }

struct Report {
  double f32_roof = 0, bf16_roof = 0, read_roof = 0, fork_us = 0;
  std::vector<GemmFigure> gemm;
  std::vector<ServeFigure> serve;
  std::vector<TrainFigure> train;
  i64 threads = 0;

  double roof(const std::string& inputs) const { return inputs == "f32" ? f32_roof : bf16_roof; }
};

void print(const Report& r) {
  fmt::print(
      "level {}, {} threads; roofs: f32 {:.0f} GFLOP/s, bf16 {:.0f} GFLOP/s, reading {:.1f} GB/s; {:.2f} us a fork\n",
      cpu::active().name, r.threads, r.f32_roof, r.bf16_roof, r.read_roof, r.fork_us);
  for (const GemmFigure& g : r.gemm)
    fmt::print("matrix product 1024^3, {:<10} {:<4} {:8.1f} GFLOP/s, {:3.0f} % of {:.0f}\n", g.level, g.inputs,
               g.gflops, 100 * g.gflops / g.roof_gflops, g.roof_gflops);
  for (const ServeFigure& s : r.serve)
    fmt::print(
        "batch {:>3}, cache {}: prefill {:>8.0f} tokens/s ({:.0f}..{:.0f}), decode {:>8.0f} tokens/s ({:.0f}..{:.0f}), "
        "{:.1f} GFLOP/s ({:.0f} % of f32), {:.1f} GB/s ({:.0f} % of reading), {:.0f} forks a step\n",
        s.batch, name_of(s.kv), s.prefill_tokens_per_s.median, s.prefill_tokens_per_s.min, s.prefill_tokens_per_s.max,
        s.decode_tokens_per_s.median, s.decode_tokens_per_s.min, s.decode_tokens_per_s.max, s.decode_gflops,
        100 * s.decode_gflops / r.f32_roof, s.decode_gb_per_s, 100 * s.decode_gb_per_s / r.read_roof, s.decode_forks);
  for (const TrainFigure& t : r.train)
    fmt::print(
        "training {:<4}: {:>8.0f} tokens/s ({:.0f}..{:.0f}), {:.1f} GFLOP/s, {:.0f} % of the {} roof, "
        "{:.0f} % of the time outside matrix products\n",
        t.inputs, t.tokens_per_s.median, t.tokens_per_s.min, t.tokens_per_s.max, t.gflops,
        100 * t.gflops / r.roof(t.inputs), t.inputs, 100 * t.share_outside_gemm);
  fmt::print("peak resident memory {:.2f} GiB\n", peak_resident_gib());
}

std::string to_json(const Report& r, const std::string& model) {
  Json::Array gemm, serve, train;
  for (const GemmFigure& g : r.gemm)
    gemm.push_back(
        Json::object({{"level", g.level}, {"inputs", g.inputs}, {"gflops", g.gflops}, {"roof_gflops", g.roof_gflops}}));
  for (const ServeFigure& s : r.serve)
    serve.push_back(Json::object({{"batch", s.batch},
                                  {"depth", s.depth},
                                  {"prompt", s.prompt},
                                  {"tokens", s.tokens},
                                  {"kv", name_of(s.kv)},
                                  {"prefill_tokens_per_s", to_json(s.prefill_tokens_per_s)},
                                  {"decode_tokens_per_s", to_json(s.decode_tokens_per_s)},
                                  {"decode_gflops", s.decode_gflops},
                                  {"decode_gb_per_s", s.decode_gb_per_s},
                                  {"decode_forks", s.decode_forks}}));
  for (const TrainFigure& t : r.train)
    train.push_back(Json::object({{"inputs", t.inputs},
                                  {"tokens_per_s", to_json(t.tokens_per_s)},
                                  {"gflops", t.gflops},
                                  {"roof_gflops", r.roof(t.inputs)},
                                  {"share_outside_gemm", t.share_outside_gemm}}));
  return dump(Json::object({{"model", model},
                            {"level", cpu::active().name},
                            {"threads", r.threads},
                            {"roof_f32_gflops", r.f32_roof},
                            {"roof_bf16_gflops", r.bf16_roof},
                            {"roof_read_gb_per_s", r.read_roof},
                            {"fork_us", r.fork_us},
                            {"gemm", gemm},
                            {"serve", serve},
                            {"train", train},
                            {"peak_resident_gib", peak_resident_gib()}}));
}

// --shape and the flags that belong to it. --type is the name of a type or of a mix of types.
struct ShapeFlags {
  std::optional<std::string> shape;
  std::string type = "q4_k_m";
  std::optional<i64> layers, dense_layers;

  Status check() const {
    if (!shape && (layers || dense_layers)) return fail(Errc::usage, "--layers and --dense-layers need --shape");
    return {};
  }
  Result<std::unique_ptr<Model>> model(const Admit& admit) const {
    Mix mix;
    for (int t = 0; t < kDTypes; ++t)
      if (type == name_of(static_cast<DType>(t))) mix = {type, Mix::Rules::uniform, static_cast<DType>(t)};
    if (mix.name.empty()) mix = R1_TRY(find_mix(type));
    return random_model(*shape, {layers.value_or(0), dense_layers.value_or(-1)}, mix, admit);
  }
  std::string name() const { return fmt::format("{} {}, random weights", *shape, type); }
};

// What --only and --no-train leave. The roofs are always measured.
struct Measured {
  bool products = true, serve = true, train = true;

  static Result<Measured> of(const std::optional<std::string>& only, bool no_train) {
    if (!only) return Measured{.train = !no_train};
    if (*only != "roofs" && *only != "products" && *only != "serve" && *only != "train")
      return fail(Errc::usage, "--only {}: expected roofs, products, serve or train", *only);
    if (no_train) return fail(Errc::usage, "--only and --no-train exclude each other");
    return Measured{*only == "products", *only == "serve", *only == "train"};
  }
};

bool quantised(const Model& model) {
  const auto& all = model.weights();
  return std::any_of(all.begin(), all.end(), [](const Weight& w) { return !is_plain(w.dtype()); });
}

}  // namespace

Result<int> run_bench(const Args& args) {
  std::string model_name = "nano";
  i64 prompt = 128, tokens = 128, depth = 0, batch = 0, repeats = 3, threads = ThreadPool::default_threads();
  std::optional<std::string> memory, kv, only;
  bool json = false, no_train = false;
  ShapeFlags shape;
  if (const auto stop = parse(
          args, "Speed of this machine and of a model on it, beside roofs that are measured now.",
          {{"-m,--model", &model_name, "model folder, GGUF file or name"},
           {"--shape", &shape.shape,
            fmt::format("random weights in the shape of a known model, without a file: {} (default: the file of -m)",
                        fmt::join(shape_names(), ", "))},
           {"--type", &shape.type, "with --shape: a mix (q4_k_m) or a type (q8_0)"},
           {"--layers", &shape.layers, "with --shape: number of layers (default: all)"},
           {"--dense-layers", &shape.dense_layers,
            "with --shape: number of layers without experts (default: as published)"},
           {"-p", &prompt, "prompt tokens"},
           {"-n", &tokens, "generated tokens"},
           {"-d", &depth, "tokens that are cached before the prompt, not timed"},
           {"-b", &batch, "sequences at once (0: 1, 8 and 64; with --shape: 1)"},
           {"-r", &repeats, "repetitions"},
           {"--memory", &memory,
            "memory for routed experts (8g), the others are read from the file when needed (default: no limit)"},
           {"--kv", &kv, kCacheTypeHelp},
           {"-t,--threads", &threads, "threads (default: all cores)"},
           {"--no-train", &no_train, "do not measure training"},
           {"--only", &only,
            "one part beside the roofs: products, serve or train; roofs: nothing else (default: all parts)"},
           {"--json", &json, "one JSON object on stdout"}}))
    return *stop;
  constexpr i64 kMost = 1 << 20;
  if (std::min({prompt, tokens, repeats}) < 1 || std::min(depth, batch) < 0 ||
      std::max({prompt, tokens, repeats, depth, batch}) > kMost)
    return fail(Errc::usage, "-p {}, -n {}, -r {} must be in 1..{}, -d {}, -b {} in 0..{}", prompt, tokens, repeats,
                kMost, depth, batch, kMost);
  const int pool_threads = R1_TRY(thread_count(threads));
  const std::optional<DType> cache = R1_TRY(cache_type(kv));
  const Measured measured = R1_TRY(Measured::of(only, no_train));
  R1_TRY(shape.check());
  const std::filesystem::path path = shape.shape ? "" : R1_TRY(find_model(model_name));
  std::optional<i64> limit;
  if (memory) limit = R1_TRY(parse_bytes(*memory));
  const std::vector<i64> batches = batch         ? std::vector<i64>{batch}
                                   : shape.shape ? std::vector<i64>{1}
                                                 : std::vector<i64>{1, 8, 64};
  const Admit admit = [&](const Model& outline) -> Status {
    MemoryNeed need = need_of(outline, shape.shape ? WeightPlace::memory : WeightPlace::file);
    if (limit) need.experts = std::min(need.experts, *limit);
    need.cache_tokens = batches.back() * pages_for(depth + prompt + tokens) * kPageTokens;
    need.cache = cache_bytes(outline, serving_numerics(outline, cache), need.cache_tokens);
    return check_memory(shape.shape ? shape.name() : path.string(), need, machine_memory(),
                        {.memory = !shape.shape,
                         .otherwise = shape.shape ? "--layers N measures its first N layers, and a smaller --type or "
                                                    "smaller -b, -p, -n and -d need less"
                                                  : "smaller -b, -p, -n and -d or a smaller quantisation need less"});
  };
  const auto model = shape.shape ? R1_TRY(shape.model(admit)) : R1_TRY(open_model(path, Weights::frozen, admit));
  if (limit) R1_TRY(model->limit_experts(*limit));
  if (prompt + depth + tokens >= model->info().context)
    return fail(Errc::invalid_argument, "-p {} -d {} -n {}: more than the context of {}", prompt, depth, tokens,
                model->info().context);
  const InterruptFlag interrupted;
  const std::atomic<bool>& stop = interrupted.raised();
  ThreadPool pool(pool_threads);
  Report report;
  report.threads = threads;
  report.f32_roof = matmul_roof_gflops(DType::f32, pool_threads);
  report.bf16_roof = matmul_roof_gflops(DType::bf16, pool_threads);
  report.read_roof = read_roof_gb_per_s(pool_threads);
  report.fork_us = bench_fork(pool);
  forget_peak_memory();  // that of the roofs
  if (measured.products) report.gemm = R1_TRY(bench_gemm(pool, 1024, 20 * repeats, stop));
  for (const i64 b : measured.serve ? batches : std::vector<i64>())
    report.serve.push_back(R1_TRY(bench_serve(*model, pool, {b, depth, prompt, tokens, cache}, repeats, stop)));
  if (measured.train && !shape.shape && !memory && !quantised(*model))
    for (const DType inputs : {DType::f32, DType::bf16})
      report.train.push_back(R1_TRY(bench_train(path, pool_threads, inputs, 4 * repeats, stop)));
  if (json) fmt::print("{}\n", to_json(report, shape.shape ? shape.name() : path.string()));
  else print(report);
  return 0;
}

}  // namespace r1
