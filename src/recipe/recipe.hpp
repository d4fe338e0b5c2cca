// A recipe runs the whole pipeline from random weights to a model folder. Its numbers are in recipes/NAME/*.toml and
// recipes/NAME/config.json. Every stage is a folder in `out`; finished stages are recognised, a killed one resumes.
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
  std::function<void(const std::string& stage, const TrainConfig&)> stage;  // a stage begins
  std::function<void(const StepMetrics&)> progress;
  std::function<void(const std::string&)> note;
};

// `recipe`: the folder with the recipe's files (recipes/nano). → the finished model folder, out/model.
Result<std::filesystem::path> run_recipe(const std::filesystem::path& recipe, const std::filesystem::path& out,
                                         const RecipeHooks& hooks, const Overrides& overrides = {});

}  // namespace r1
