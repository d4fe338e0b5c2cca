// r1 recipe NAME: a whole pipeline from random weights to a model folder.
#include "recipe/recipe.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/eval/evaluation_flags.hpp"
#include "cli/interrupt.hpp"
#include "cli/machine.hpp"
#include "core/terminal/status_line.hpp"
#include "hub/settings.hpp"
#include "rl/grpo.hpp"
#include "tasks/tasks.hpp"

namespace r1 {
namespace {

std::string known_recipes() {
  std::vector<std::string> names;
  std::error_code code;
  for (std::filesystem::directory_iterator it(shipped("recipes"), code), end; !code && it != end; it.increment(code))
    if (std::filesystem::exists(it->path() / "tokenizer.toml")) names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

Status check_kind(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Kind& kind : kinds()) names.push_back(kind.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  return fail(Errc::usage, "--without {}: no kind of problems has this name; there are {}", name,
              fmt::join(names, ", "));
}

// The line of progress of the stage that runs: each kind of stage has its own.
class StageProgress {
 public:
  void begin(const std::string& stage, const std::string& kind, const TrainConfig& config) {
    end();
    if (kind == "grpo") {
      grpo_.emplace(config.log_every);
      note(fmt::format("stage {}: {} steps of reinforcement learning", stage, config.steps));
    } else {
      training_.emplace(config.log_every, matmul_roof_gflops(config.matmul == "bf16" ? DType::bf16 : DType::f32));
      note(fmt::format("stage {}: {} steps of {} tokens", stage, config.steps, config.batch_tokens));
    }
  }
  void step(const StepMetrics& m) {
    if (training_) (*training_)(m);
    if (grpo_) (*grpo_)(m);
  }
  void sampled(const EvalProgress& p) {
    if (training_ || grpo_) end();
    if (!sampling_) sampling_.emplace();
    sampling_->show(status_text(p));
  }
  void note(const std::string& text) {
    if (sampling_) end();
    if (training_) training_->note(text);
    else if (grpo_) grpo_->note(text);
    else fmt::print(stderr, "{}\n", text);
  }
  void end() {
    if (sampling_) sampling_->end();
    training_.reset(), grpo_.reset(), sampling_.reset();
  }

 private:
  std::optional<ProgressLine> training_;
  std::optional<GrpoLine> grpo_;
  std::optional<StatusLine> sampling_;
};

}  // namespace

Result<int> run_recipe_command(const Args& args) {
  std::string name, out, without, branch;
  i64 threads = ThreadPool::default_threads();
  if (const auto stop = parse(
          args,
          "Runs all stages of a recipe, from random weights to a model folder. An interrupted recipe goes on when it is run again.",
          {{"name", &name, "name of a recipe that ships, or a folder with a recipe's files"},
           {"-o,--out", &out, "folder of the runs (default: runs/NAME)"},
           {"-t,--threads", &threads, "threads; they do not change the result (default: all cores)"},
           {"--stages", &branch,
            "run a branch of the recipe, such as zero, with the stages that it begins with (default: the whole trunk)"},
           {"--without", &without,
            "a kind of problems to leave out, such as code where there is no sandbox (default: none)"}}))
    return *stop;
  R1_TRY(thread_count(threads));
  if (name.empty())
    return fail(Errc::usage, "recipe: which one? {}, or a folder with a recipe's files", known_recipes());
  std::filesystem::path recipe = name;
  std::error_code error;
  if (!std::filesystem::is_directory(recipe, error)) recipe = shipped("recipes/" + name);
  if (recipe.empty())
    return fail(Errc::usage, "no recipe \"{}\": neither a folder nor one that ships ({})", name, known_recipes());
  if (out.empty()) out = "runs/" + recipe.filename().string();
  RecipeOptions options{.threads = static_cast<int>(threads), .branch = branch};
  if (!without.empty()) {
    R1_TRY(check_kind(without));
    options.without.push_back(without);
  }
  const InterruptFlag interrupted;
  StageProgress progress;
  RecipeHooks hooks;
  hooks.stop = &interrupted.raised();
  hooks.stage = [&](const std::string& stage, const std::string& kind, const TrainConfig& c) {
    progress.begin(stage, kind, c);
  };
  hooks.progress = [&](const StepMetrics& m) { progress.step(m); };
  hooks.sampling = [&](const EvalProgress& p) { progress.sampled(p); };
  hooks.note = [&](const std::string& text) { progress.note(text); };
  const auto model = R1_TRY(run_recipe(recipe, out, hooks, options));
  progress.end();
  fmt::print("{}\n", model.string());
  return 0;
}

}  // namespace r1
