// RUN/checkpoints/STEP/: a model folder (f32) with tokenizer files, trainer.safetensors (moments) and state.json.
// Written as STEP.tmp, synced, renamed: a folder without .tmp is whole.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "model/model.hpp"
#include "train/optimizer.hpp"

namespace r1 {

struct TrainState {
  i64 step = 0;  // optimizer steps done
  i64 optimizer_steps = 0;
  i64 next_sample = 0;    // the first sample not taken
  i64 metrics_bytes = 0;  // length of metrics.jsonl when this was saved
  i64 tokens = 0;         // seen so far
  double loss_average = 0;
  u64 seed = 0;
  std::string data = "";  // fingerprint of the data files; empty: a checkpoint that knew none yet
  std::string level;      // kernel level the bits belong to
  std::string version;    // of the program
};

// Complete checkpoints of a run, ascending by step: folders named as checkpoint_path names them. Leftovers of
// interrupted saves are not listed.
Result<std::vector<i64>> list_checkpoints(const std::filesystem::path& run);
std::filesystem::path checkpoint_path(const std::filesystem::path& run, i64 step);

// `tokenizer` is the folder or GGUF file whose tokenizer, chat templates and generation settings are copied, so that
// the checkpoint serves as a model (text/companion_files.hpp). `before_rename` is for tests: an error from it stands
// for a failure at the worst moment.
Status save_checkpoint(const std::filesystem::path& run, const TrainState& state, const Model& model,
                       const Optimizer& optimizer, const std::filesystem::path& tokenizer,
                       const std::function<Status(const std::filesystem::path&)>& before_rename = {});
Result<TrainState> read_state(const std::filesystem::path& checkpoint);
Status load_moments(const std::filesystem::path& checkpoint, Optimizer& optimizer);

// Removes all but the newest `keep` checkpoints, and *.tmp leftovers.
void remove_old_checkpoints(const std::filesystem::path& run, i64 keep);

}  // namespace r1
