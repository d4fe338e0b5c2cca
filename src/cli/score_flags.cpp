#include "cli/score_flags.hpp"

#include "core/byte_size.hpp"
#include "ops/device.hpp"
#include "session/numerics.hpp"

namespace r1 {

std::vector<Flag> ScoreFlags::flags() {
  return {{"-m,--model", &model, "model folder, GGUF file or name"},
          {"--numerics", &numerics, "exact: activations and cache in f32; serve: as answers are computed"},
          {"--memory", &memory, "memory for routed experts (8g); the others are read from the file when needed"},
          {"-t,--threads", &threads, "threads"}};
}

Status ScoreFlags::check() const {
  if (numerics != "exact" && numerics != "serve")
    return fail(Errc::usage, "--numerics: \"{}\", known: exact, serve", numerics);
  R1_TRY(thread_count(threads));
  return {};
}

ScoreOptions ScoreFlags::options(const Model& m, ThreadPool& pool) const {
  ScoreOptions o;
  o.kernels = &active_kernels();
  o.pool = &pool;
  if (numerics == "serve") o.numerics = serving_numerics(m);
  return o;
}

Result<std::unique_ptr<Model>> open_model_within(const std::filesystem::path& path,
                                                 const std::optional<std::string>& memory) {
  auto model = R1_TRY(open_model(path));
  if (memory) R1_TRY(model->limit_experts(R1_TRY(parse_bytes(*memory))));
  return model;
}

}  // namespace r1
