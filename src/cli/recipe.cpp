// r1 recipe NAME: a whole pipeline from random weights to a model folder.
#include "recipe/recipe.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/machine.hpp"
#include "hub/settings.hpp"

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

}  // namespace

Result<int> run_recipe_command(const Args& args) {
  std::string name, out;
  i64 threads = ThreadPool::default_threads();
  if (const auto stop = parse(
          args,
          "Runs all stages of a recipe, from random weights to a model folder. An interrupted recipe goes on when it is run again.",
          {{"name", &name, "name of a recipe that ships, or a folder with a recipe's files"},
           {"-o,--out", &out, "folder of the runs (default: runs/NAME)"},
           {"-t,--threads", &threads, "threads; they do not change the result"}}))
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

  std::optional<ProgressLine> line;
  const InterruptFlag interrupted;
  RecipeHooks hooks;
  hooks.stop = &interrupted.raised();
  hooks.stage = [&](const std::string& stage, const TrainConfig& config) {
    line.emplace(config.log_every, matmul_roof_gflops(config.matmul == "bf16" ? DType::bf16 : DType::f32));
    line->note(fmt::format("stage {}: {} steps of {} tokens", stage, config.steps, config.batch_tokens));
  };
  hooks.progress = [&](const StepMetrics& m) { (*line)(m); };
  hooks.note = [&](const std::string& text) {
    if (line) line->note(text);
    else fmt::print(stderr, "{}\n", text);
  };
  const auto model = R1_TRY(run_recipe(recipe, out, hooks, {{"threads", fmt::format("{}", threads)}}));
  fmt::print("{}\n", model.string());
  return 0;
}

}  // namespace r1
