#include "cli/score/score_flags.hpp"

#include <cmath>

#include "core/byte_size.hpp"
#include "ops/device.hpp"
#include "session/memory.hpp"
#include "session/numerics.hpp"

namespace r1 {

std::vector<Flag> ScoreFlags::flags() {
  return {{"-m,--model", &model, "model folder, GGUF file or name"},
          {"--numerics", &numerics, "exact: activations and cache in f32; serve: as answers are computed"},
          {"--kv", &kv,
           "type to which keys and values are rounded, as a cache does: f32, bf16 or q8_0 (default: as --numerics)"},
          {"--memory", &memory,
           "memory for routed experts (8g), the others are read from the file when needed (default: no limit)"},
          {"-t,--threads", &threads, "threads that compute (default: all cores)"}};
}

Status ScoreFlags::check() const {
  if (numerics != "exact" && numerics != "serve")
    return fail(Errc::usage, "--numerics: \"{}\", known: exact, serve", numerics);
  R1_TRY(thread_count(threads));
  R1_TRY(cache_type(kv));
  return {};
}

ScoreOptions ScoreFlags::options(const Model& m, ThreadPool& pool) const {
  ScoreOptions o;
  o.kernels = &active_kernels();
  o.pool = &pool;
  if (numerics == "serve") o.numerics = serving_numerics(m);
  if (const auto type = cache_type(kv); type && *type) o.numerics.kv = **type;
  return o;
}

Status check_finite(std::span<const float> logprobs, const std::string& model) {
  for (size_t t = 1; t < logprobs.size(); ++t)
    if (!std::isfinite(logprobs[t]))
      return fail(Errc::corrupt,
                  "{}: the log-probability of token {} is {}: the model's weights are damaged; r1 inspect {} --check "
                  "names the first bad one",
                  model, t, logprobs[t], model);
  return {};
}

Result<std::unique_ptr<Model>> open_model_within(const std::filesystem::path& path,
                                                 const std::optional<std::string>& memory) {
  std::optional<i64> limit;
  if (memory) limit = R1_TRY(parse_bytes(*memory));
  auto model = R1_TRY(open_model(path, Weights::frozen, [&](const Model& outline) {
    MemoryNeed need = need_of(outline, WeightPlace::file);
    if (limit) need.experts = std::min(need.experts, *limit);
    return check_memory(path.string(), need, machine_memory(),
                        {.memory = true, .otherwise = "a smaller quantisation needs less"});
  }));
  if (limit) R1_TRY(model->limit_experts(*limit));
  return model;
}

}  // namespace r1
