// The stages of a pipeline: their settings, read and checked before the first one runs, and how each kind is run.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "recipe/recipe.hpp"
#include "train/config.hpp"

namespace r1 {

// The settings of a stage. Those of the model and the folder are placeholders until the stage runs.
using StageSettings = std::variant<TrainConfig, GrpoConfig, SampleConfig>;

struct Stage {
  StageConfig config;
  StageSettings settings;
};

// Reads pipeline.toml, or takes the two stages of a recipe without it, and the files of the stages that run: those of
// the trunk, or a branch and the stages of the trunk that its stages begin with. Errors: a file cannot be read or has a
// wrong setting; options.without leaves a stage no problems; no such branch.
struct Pipeline {
  std::string level;
  std::vector<Stage> stages;  // in the order in which they run

  static Result<Pipeline> open(const std::filesystem::path& recipe, const RecipeOptions& options);
  // Whether a stage runs programs that the model wrote.
  bool judges_programs() const;
};

// The mixture without the parts of these kinds; empty if none is left.
std::string mixture_without(std::string_view tasks, std::span<const std::string> kinds);

// Tries the sandbox with a right and a wrong program. Errors: the sandbox does not start, or gives a wrong verdict.
Status try_sandbox();

// The inputs of the pipeline, and the results of the stages that have run.
struct PipelineState {
  std::filesystem::path recipe, out;
  std::filesystem::path tokenizer;                                    // for random weights
  std::map<std::string, std::filesystem::path, std::less<>> results;  // checkpoints, and folders of conversations
};

// The file that holds the architecture of a stage of pretraining, in the recipe's folder and in `out`.
std::filesystem::path architecture_of(const StageConfig& stage);

// Runs a stage, or resumes it, and adds its result to the state.
Status run_stage(const Stage& stage, PipelineState& state, const RecipeHooks& hooks, const RecipeOptions& options);

// The conversations of a sampling stage.
inline constexpr std::string_view kConversations = "conversations.jsonl";
// Rejection sampling of `model`. It works in FOLDER.unfinished, which becomes `folder` when all is done. Errors: those
// of sample_conversations; Errc::interrupted; no sample is right.
Status run_sampling(const SampleConfig& config, const std::filesystem::path& model, const std::filesystem::path& folder,
                    int threads, const RecipeHooks& hooks);

}  // namespace r1
