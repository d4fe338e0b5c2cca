#include "train/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "formats/safetensors.hpp"
#include "text/companion_files.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr i64 kStateFormat = 1;

std::string folder_name(i64 step) { return fmt::format("{:06}", step); }

std::optional<i64> step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  i64 step = 0;
  const auto [at, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  const bool whole = error == std::errc() && at == name.data() + name.size();
  return whole && step >= 0 && name == folder_name(step) ? std::optional(step) : std::nullopt;
}

Status write_moments(const fs::path& path, const Optimizer& optimizer) {
  std::vector<SafetensorsItem> items;
  for (const Moments& moments : optimizer.moments()) {
    const Weight& w = moments.weight;
    const auto item = [&](const char* suffix, const std::vector<float>& x) {
      items.push_back({w.name() + suffix, DType::f32, {w.rows(), w.cols()}, [&x](float* dst) {
                         std::copy(x.begin(), x.end(), dst);
                       }});
    };
    item(".m", moments.m);
    item(".v", moments.v);
  }
  return write_safetensors(path, items, {{"optimizer", "adamw"}});
}

std::string state_text(const TrainState& s) {
  Json state = Json::object({{"format", kStateFormat},
                             {"step", s.step},
                             {"optimizer_steps", s.optimizer_steps},
                             {"next_sample", s.next_sample},
                             {"tokens", s.tokens},
                             {"metrics_lines", s.metrics_lines},
                             {"loss_average", s.loss_average},
                             {"random", Json::object({{"generator", "philox"}, {"seed", std::to_string(s.seed)}})},
                             {"data", s.data},
                             {"level", s.level},
                             {"version", s.version}});
  if (!s.solved.empty()) {
    Json solved = Json::object({});
    for (const auto& [level, share] : s.solved) solved.set(level, share);
    state.set("solved", std::move(solved));
  }
  return dump(state, 2) + "\n";
}

Status write_files(const fs::path& folder, const TrainState& state, const Model& model, const Optimizer& optimizer,
                   const fs::path& tokenizer) {
  R1_TRY(save_model(model, folder, DType::f32));
  R1_TRY(write_moments(folder / "trainer.safetensors", optimizer));
  const ModelInfo& info = model.info();
  const SentenceTokens tokens{info.bos < 0 ? std::nullopt : std::optional<i64>(info.bos),
                              {info.eos.begin(), info.eos.end()}};
  R1_TRY(copy_companion_files(tokenizer, folder, tokens));
  return write_file(folder / "state.json", state_text(state));
}

}  // namespace

std::vector<std::string> changes_since(const TrainState& saved, const TrainState& now) {
  std::vector<std::string> lines;
  if (saved.level != now.level)
    lines.push_back(
        fmt::format("saved with kernel level {}, resuming with {}: the result will be close to that of {}, but not "
                    "equal bit for bit",
                    saved.level, now.level, saved.level));
  if (saved.version != now.version)
    lines.push_back(
        fmt::format("saved by version {}, resuming with {}: the bits are those of {} only if no change between the "
                    "versions touched training",
                    saved.version, now.version, saved.version));
  return lines;
}

fs::path checkpoint_path(const fs::path& run, i64 step) { return run / "checkpoints" / folder_name(step); }

Result<std::vector<i64>> list_checkpoints(const fs::path& run) {
  std::vector<i64> steps;
  std::error_code code;
  for (fs::directory_iterator it(run / "checkpoints", code), end; !code && it != end; it.increment(code))
    if (const auto step = step_of(it->path()); step && it->is_directory(code)) steps.push_back(*step);
  if (code) return fail(Errc::io, "{}: cannot list: {}", (run / "checkpoints").string(), code.message());
  std::sort(steps.begin(), steps.end());
  return steps;
}

Status save_checkpoint(const fs::path& run, const TrainState& state, const Model& model, const Optimizer& optimizer,
                       const fs::path& tokenizer) {
  return publish_folder(checkpoint_path(run, state.step), is_replaceable_model_file, [&](const fs::path& folder) {
    return write_files(folder, state, model, optimizer, tokenizer);
  });
}

Result<TrainState> read_state(const fs::path& checkpoint) {
  const fs::path path = checkpoint / "state.json";
  const Json json = R1_TRY(read_json(path));
  const JsonFields f = R1_TRY(JsonFields::of(json, path.string()));
  const i64 format = R1_TRY(f.integer("format"));
  if (format != kStateFormat)
    return fail(Errc::unsupported, "{}: has format {}, this program reads format {}", path.string(), format,
                kStateFormat);
  constexpr i64 kMost = i64{1} << 62;
  TrainState s;
  s.step = R1_TRY(f.integer_in("step", 0, kMost));
  s.optimizer_steps = R1_TRY(f.integer_in("optimizer_steps", 0, kMost));
  s.next_sample = R1_TRY(f.integer_in("next_sample", 0, kMost));
  s.tokens = R1_TRY(f.integer_in("tokens", 0, kMost));
  s.metrics_lines = R1_TRY(f.integer_in("metrics_lines", 0, kMost, 0));
  s.loss_average = R1_TRY(f.number("loss_average"));
  if (f.has("solved")) {
    const JsonFields solved = R1_TRY(f.object("solved"));
    for (const auto& [level, share] : *f.find("solved")->object()) s.solved[level] = R1_TRY(solved.number(level));
  }
  s.data = R1_TRY(f.string("data", ""));
  s.level = R1_TRY(f.string("level"));
  s.version = R1_TRY(f.string("version"));
  return s;
}

Status load_moments(const fs::path& checkpoint, Optimizer& optimizer) {
  const fs::path path = checkpoint / "trainer.safetensors";
  const Safetensors file = R1_TRY(Safetensors::open(path));
  for (Moments& moments : optimizer.moments()) {
    for (auto& [suffix, x] : {std::pair<const char*, std::vector<float>&>{".m", moments.m}, {".v", moments.v}}) {
      const std::string name = moments.weight.name() + suffix;
      const auto at = file.tensors().find(name);
      if (at == file.tensors().end()) return fail(Errc::corrupt, "{}: {} is missing", path.string(), name);
      if (at->second.dtype != DType::f32 || at->second.elements() != std::ssize(x))
        return fail(Errc::corrupt, "{}: {} has {} elements of {}, the model needs {} of f32", path.string(), name,
                    at->second.elements(), name_of(at->second.dtype), x.size());
      to_f32(at->second, x.data());
    }
  }
  return {};
}

void remove_old_checkpoints(const fs::path& run, i64 keep) {
  const auto steps = list_checkpoints(run);
  if (!steps) return;  // a failure to remove old checkpoints does not stop the run
  std::error_code code;
  for (i64 i = 0; i + keep < std::ssize(*steps); ++i) {
    // Rename the folder first, so that it does not look like a checkpoint if the removal is interrupted.
    fs::path removed = checkpoint_path(run, (*steps)[i]);
    removed += ".tmp";
    fs::rename(checkpoint_path(run, (*steps)[i]), removed, code);
  }
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator it(run / "checkpoints", code), end; !code && it != end; it.increment(code))
    if (it->path().extension() == ".tmp") leftovers.push_back(it->path());
  for (const fs::path& path : leftovers) fs::remove_all(path, code);
}

}  // namespace r1
