// r1 train pretrain|sft --config FILE.toml [--key value ...]
#include "train/trainer.hpp"

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/machine.hpp"

namespace r1 {
namespace {

constexpr const char* kUsage = "r1 train pretrain|sft --config FILE.toml [--key value ...]";

tl::unexpected<Error> usage(const std::string& what) { return fail(Errc::usage, "train: {}: {}", what, kUsage); }

}  // namespace

Result<int> run_train(const Args& args) {
  const auto& w = args.words;
  if (!w.empty() && (w[0] == "-h" || w[0] == "--help")) {
    fmt::print(
        "usage: {}\n  The keys are those of the file (docs/training.md). An interrupted run goes on where it was saved.\n",
        kUsage);
    return 0;
  }
  if (w.empty() || (w[0] != "pretrain" && w[0] != "sft"))
    return usage(w.empty() ? "what to train is missing" : fmt::format("no kind of training \"{}\"", w[0]));
  std::string file;
  Overrides overrides;
  for (size_t i = 1; i < w.size(); ++i) {
    std::string_view key = w[i];
    if (!key.starts_with("--")) return usage(fmt::format("unexpected word \"{}\"", key));
    key.remove_prefix(2);
    std::string value;
    if (const size_t equals = key.find('='); equals != key.npos) {
      value = key.substr(equals + 1);
      key = key.substr(0, equals);
    } else if (++i < w.size()) {
      value = w[i];
    } else {
      return usage(fmt::format("--{} needs a value", key));
    }
    if (key == "config") file = value;
    else overrides.emplace_back(key, value);
  }
  if (file.empty()) return usage("--config FILE.toml is needed");

  auto loaded = load_train_config(file, overrides);
  if (!loaded && loaded.error().what.starts_with("--"))
    loaded.error().code = Errc::usage;  // the mistake is in an override, not in the file
  const TrainConfig config = R1_TRY(std::move(loaded));
  ProgressLine line(config.log_every, matmul_roof_gflops(config.matmul == "bf16" ? DType::bf16 : DType::f32));
  const InterruptFlag interrupted;
  TrainHooks hooks;
  hooks.stop = &interrupted.raised();
  hooks.progress = [&](const StepMetrics& m) { line(m); };
  hooks.note = [&](const std::string& text) { line.note(text); };
  const TrainResult r = R1_TRY(train(config, hooks));
  fmt::print("{}\n", r.checkpoint.string());
  return 0;
}

}  // namespace r1
