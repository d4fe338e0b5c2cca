// A recipe is the whole pipeline from random weights to a model folder. Its settings are in recipes/NAME/*.toml and
// recipes/NAME/config.json. Every stage has a folder in `out`. When a recipe is run again, finished stages are skipped
// and an interrupted stage resumes.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "core/error.hpp"
#include "train/trainer.hpp"

namespace r1 {

struct RecipeHooks {
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const std::string& stage, const TrainConfig&)> stage;  // called when a training stage begins
  std::function<void(const StepMetrics&)> progress;
  std::function<void(const std::string&)> note;
};

// `recipe` is the folder of the recipe's files, such as recipes/nano. Returns the finished model folder, out/model.
// Errors: those of train(), with the name of the stage in front.
Result<std::filesystem::path> run_recipe(const std::filesystem::path& recipe, const std::filesystem::path& out,
                                         const RecipeHooks& hooks, const Overrides& overrides = {});

}  // namespace r1
