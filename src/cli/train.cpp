// r1 train pretrain|sft|grpo --config FILE.toml [--key value ...]
#include "train/trainer.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/machine.hpp"
#include "formats/model_folder.hpp"
#include "hub/models.hpp"
#include "hub/settings.hpp"
#include "rl/grpo.hpp"
#include "session/memory.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsage = "r1 train pretrain|sft|grpo --config FILE.toml [--key value ...]";

tl::unexpected<Error> usage(const std::string& what) { return fail(Errc::usage, "train: {}: {}", what, kUsage); }

void print_keys(const std::string& prefix, const std::vector<KeyHelp>& keys) {
  for (const KeyHelp& k : keys)
    fmt::print("  {:<26} {} [{}]\n  {:<26} {}\n", "--" + prefix + k.name, k.type,
               k.fallback == "\"\"" ? "none" : k.fallback, "", k.meaning);
}

void print_grpo_help() {
  fmt::print(
      "Trains a model by reinforcement learning: it draws answers to problems, and good ones become likelier.\n"
      "Usage: r1 train grpo --config FILE.toml [--key value ...]\n\n"
      "The keys stand in FILE.toml (key = value), or behind it as flags, which replace those of the file. Types and\n"
      "[defaults]:\n\n");
  print_keys("", grpo_keys());
  fmt::print(
      "\nThe same command, run again, goes on from the newest checkpoint. docs/training.md explains the keys and the\n"
      "files of a run.\n");
}

void print_train_help() {
  fmt::print(
      "Trains a model: pretrain learns from every token, sft continues a model on chats and problems. The third kind,\n"
      "grpo, is reinforcement learning; its keys are others: r1 train grpo --help.\n"
      "Usage: {}\n\n"
      "The keys stand in FILE.toml (key = value), or behind it as flags, which replace those of the file. Types and\n"
      "[defaults]:\n\n",
      kUsage);
  print_keys("", train_keys());
  fmt::print("\nKeys of a [[data]] table; the flag means the first table:\n\n");
  print_keys("data.", data_keys());
  fmt::print(
      "\nThe same command, run again, goes on from the newest checkpoint. Complete files to begin with: {}.\n"
      "docs/training.md explains the keys and the files of a run.\n",
      shipped("recipes/examples").empty() ? "recipes/examples" : shipped("recipes/examples").string());
}

// What print_train_help and print_grpo_help print, as data.
void describe_training(const std::vector<std::string>& words, CommandHelp& help) {
  const auto add = [&](const std::string& prefix, const std::vector<KeyHelp>& keys) {
    for (const KeyHelp& k : keys) {
      const bool is_number = k.type == "integer" || k.type == "number";
      help.flags.push_back({{"--" + prefix + k.name},
                            is_number ? FlagHelp::Value::number : FlagHelp::Value::text,
                            k.meaning,
                            k.fallback == "\"\"" ? "" : k.fallback});
    }
  };
  help.summary = "Trains a model by the keys of a TOML file, which flags replace.";
  if (words.empty()) {
    help.kinds = {"pretrain", "sft", "grpo"};
    return;
  }
  help.flags.push_back({{"--config"}, FlagHelp::Value::text, "the TOML file", ""});
  if (words[0] == "grpo") return add("", grpo_keys());
  add("", train_keys());
  add("data.", data_keys());
}

// A file of a recipe has no model, because the recipe gives every stage the model of the stage before.
Error with_recipe_hint(Error error, const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  std::error_code ignored;
  const bool is_recipe = fs::exists(folder / "tokenizer.toml", ignored) && fs::exists(folder / kConfigFile, ignored);
  if (is_recipe && error.what.find("model_config") != error.what.npos)
    error.what += fmt::format(
        "; this file is a stage of a recipe: r1 recipe {} runs all stages, --model_config {} "
        "--tokenizer nano begins this one from random weights",
        folder.string(), (folder / kConfigFile).string());
  return error;
}

// A mistake in an override is one of usage, unlike one in the file.
Error with_usage(Error error) {
  if (error.what.starts_with("--")) error.code = Errc::usage;
  return error;
}

Result<int> run_grpo(const std::string& file, const Overrides& overrides) {
  auto loaded = load_grpo_config(file, overrides, find_model);
  if (!loaded) return tl::unexpected(with_usage(std::move(loaded).error()));
  GrpoLine line(loaded->log_every);
  const InterruptFlag interrupted;
  TrainHooks hooks;
  hooks.stop = &interrupted.raised();
  hooks.progress = [&](const StepMetrics& m) { line(m); };
  hooks.note = [&](const std::string& text) { line.note(text); };
  hooks.admit = [&](const Model& outline) { return check_training_memory(loaded->model, outline); };
  const TrainResult r = R1_TRY(train_grpo(*loaded, hooks));
  fmt::print("{}\n", r.checkpoint.string());
  return 0;
}

}  // namespace

Result<int> run_train(const Args& args) {
  const auto& w = args.words;
  if (args.help) return describe_training(w, *args.help), 0;
  const bool help = std::any_of(w.begin(), w.end(), [](const auto& word) { return word == "-h" || word == "--help"; });
  if (help) return w[0] == "grpo" ? print_grpo_help() : print_train_help(), 0;
  if (w.empty() || (w[0] != "pretrain" && w[0] != "sft" && w[0] != "grpo"))
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
      return usage(fmt::format("--{} needs a value; r1 train {} --help lists the keys", key, w[0]));
    }
    if (key == "config") file = value;
    else overrides.emplace_back(key, value);
  }
  if (file.empty()) return usage("--config FILE.toml is needed");

  if (w[0] == "grpo") return run_grpo(file, overrides);
  auto loaded = load_train_config(file, overrides, find_model);
  if (!loaded) return tl::unexpected(with_recipe_hint(with_usage(std::move(loaded).error()), file));
  const TrainConfig& config = *loaded;
  ProgressLine line(config.log_every, matmul_roof_gflops(config.matmul == "bf16" ? DType::bf16 : DType::f32));
  const InterruptFlag interrupted;
  TrainHooks hooks;
  hooks.stop = &interrupted.raised();
  hooks.progress = [&](const StepMetrics& m) { line(m); };
  hooks.note = [&](const std::string& text) { line.note(text); };
  hooks.admit = [&](const Model& outline) {
    return check_training_memory(config.model.empty() ? config.model_config : config.model, outline);
  };
  const TrainResult r = R1_TRY(train(config, hooks));
  fmt::print("{}\n", r.checkpoint.string());
  return 0;
}

}  // namespace r1
