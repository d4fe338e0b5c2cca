// A recipe is the whole pipeline from random weights to a model folder. A recipe's folder holds config.json, the
// architecture; tokenizer.toml, the vocabulary; pipeline.toml, the stages in their order; and NAME.toml for each stage.
// Without pipeline.toml the stages are `pretrain` and `sft`. Every stage has a folder in `out`, which stays. When a
// recipe is run again, finished stages are skipped and an interrupted stage resumes; the result is the same to the last
// byte. A branch is a further experiment that begins with a stage of the trunk, such as reinforcement learning without
// a cold start; it runs only if it is asked for.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "core/error.hpp"
#include "eval/eval.hpp"
#include "train/trainer.hpp"

namespace r1 {

struct RecipeHooks {
  const std::atomic<bool>* stop = nullptr;
  // Called when a training stage begins. `kind` is that of pipeline.toml.
  std::function<void(const std::string& stage, const std::string& kind, const TrainConfig&)> stage;
  std::function<void(const StepMetrics&)> progress;   // of a training stage
  std::function<void(const EvalProgress&)> sampling;  // of a stage of rejection sampling
  std::function<void(const std::string&)> note;
};

struct RecipeOptions {
  int threads = 0;                        // of all stages; 0: what their files say, or all processors
  std::vector<std::string> without = {};  // kinds of problems that the stages leave out
  std::string branch = {};                // runs this branch, and of the trunk what the branch needs
};

// `recipe` is the folder of the recipe's files, such as recipes/nano. Returns the finished model folder, out/model; of
// a branch the checkpoint of its last stage. Before anything else the files of all stages that run are read, and if one
// of them judges programs the sandbox is tried. Errors: those of train() and train_grpo(), with the name of the stage
// in front; the sandbox does not work; the recipe has no such branch.
Result<std::filesystem::path> run_recipe(const std::filesystem::path& recipe, const std::filesystem::path& out,
                                         const RecipeHooks& hooks, const RecipeOptions& options = {});

}  // namespace r1
