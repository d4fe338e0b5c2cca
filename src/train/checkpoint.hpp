// Checkpoints of a training run. RUN/checkpoints/STEP/ is a model folder in f32 with tokenizer files,
// trainer.safetensors (the moments of AdamW) and state.json. It is written as a folder whose name ends in .tmp, synced
// and then renamed, so a folder named STEP is complete.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "model/model.hpp"
#include "train/optimizer.hpp"

namespace r1 {

struct TrainState {
  i64 step = 0;  // optimizer steps done
  i64 optimizer_steps = 0;
  i64 next_sample = 0;    // the first sample that no step has taken yet
  i64 metrics_lines = 0;  // of metrics.jsonl at the time of the save; 0 in checkpoints of older versions
  i64 tokens = 0;         // trained on so far
  double loss_average = 0;
  std::map<std::string, double> solved{};  // of reinforcement learning with a curriculum: rl/curriculum.hpp
  u64 seed = 0;
  std::string data = "";  // fingerprint of the data files; empty in checkpoints of older versions
  std::string level;      // the kernel level, which determines the bits
  std::string version;    // of the program
};

// What a person should know about a run that was saved as `saved` and goes on as `now`: another level or version, a
// line each.
std::vector<std::string> changes_since(const TrainState& saved, const TrainState& now);

// The steps of a run's complete checkpoints, ascending: folders whose names are those that checkpoint_path gives.
// Remains of interrupted saves are not listed.
Result<std::vector<i64>> list_checkpoints(const std::filesystem::path& run);
std::filesystem::path checkpoint_path(const std::filesystem::path& run, i64 step);

// `tokenizer` is the folder or GGUF file whose tokenizer, chat templates and generation settings are copied, so that
// the checkpoint serves as a model (text/companion_files.hpp).
Status save_checkpoint(const std::filesystem::path& run, const TrainState& state, const Model& model,
                       const Optimizer& optimizer, const std::filesystem::path& tokenizer);
Result<TrainState> read_state(const std::filesystem::path& checkpoint);
Status load_moments(const std::filesystem::path& checkpoint, Optimizer& optimizer);

// Removes all checkpoints except the newest `keep`, and the *.tmp folders of interrupted saves.
void remove_old_checkpoints(const std::filesystem::path& run, i64 keep);

}  // namespace r1
