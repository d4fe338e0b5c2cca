// A pipeline of all kinds of stages in miniature, for tests: a tiny model learns the one sentence that declines a
// division by zero. Two branches follow: reinforcement learning of the base, and a student that learns from the model.
#pragma once
#include <filesystem>
#include <string>

#include "recipe/recipe.hpp"
#include "train/run_case.hpp"

namespace r1 {

namespace fs = std::filesystem;

inline constexpr const char* kStages = R"(
[[stage]]
name = "base"
kind = "pretrain"
[[stage]]
name = "cold_start"
kind = "sft"
[[stage]]
name = "grpo"
kind = "grpo"
[[stage]]
name = "sampling"
kind = "sample"
[[stage]]
name = "tuned"
kind = "sft"
from = "cold_start"
rows = "sampling"
[[stage]]
name = "final"
kind = "grpo"
[[stage]]
name = "zero"
kind = "grpo"
branch = "zero"
from = "base"
[[stage]]
name = "student_base"
kind = "pretrain"
branch = "student"
config = "student.json"
[[stage]]
name = "traces"
kind = "sample"
branch = "student"
from = "cold_start"
[[stage]]
name = "student"
kind = "sft"
branch = "student"
rows = "traces"
)";

// Writes the recipe. The vocabulary holds the words of the sentence, so that sixty steps teach it.
inline fs::path miniature(const RunCase& run) {
  const fs::path folder = run.folder() / "pipeline";
  fs::create_directories(folder);
  RunCase::write(folder / "config.json", kTinyModel);
  RunCase::write(folder / "tokenizer.toml", "vocabulary = 420\ndocuments = 200\ntasks = \"limits:1\"\n");
  RunCase::write(folder / "pipeline.toml", kStages);
  const std::string training =
      "batch_tokens = 512\nmicro_batch_tokens = 256\nsequence_length = 128\nlr = 2e-2\nlr_min = 1e-2\nwarmup_steps = 2\n"
      "log_every = 1\nsave_every = 20\nthreads = 1\n";
  const std::string tasks = "tasks = \"limits:1\"\n", chat = "[[data]]\nformat = \"chat\"\n";
  RunCase::write(folder / "base.toml", training + "steps = 2\n[[data]]\n" + tasks);
  RunCase::write(folder / "cold_start.toml", training + "steps = 60\n" + chat + tasks);
  const std::string grpo =
      "steps = 2\ngroups = 2\ngroup_size = 2\nmax_tokens = 60\nlr = 1e-3\nlr_min = 1e-3\n"
      "save_every = 1\nthreads = 1\n" +
      tasks;
  RunCase::write(folder / "grpo.toml", grpo + "seed = 3\n");
  RunCase::write(folder / "final.toml", grpo + "seed = 4\n");
  RunCase::write(folder / "zero.toml", grpo + "seed = 5\n");
  const std::string sampling = "problems = 20\nsamples = 2\nmax_tokens = 60\nkeep = 0\nsimilarity = 0\n" + tasks;
  for (const char* file : {"sampling.toml", "traces.toml"}) RunCase::write(folder / file, sampling);
  RunCase::write(folder / "student.json", kTinyQwen2);
  RunCase::write(folder / "student_base.toml", training + "steps = 1\n[[data]]\n" + tasks);
  RunCase::write(folder / "student.toml", training + "steps = 2\n" + chat);
  RunCase::write(folder / "tuned.toml", training + "steps = 3\n" + chat + chat + tasks);
  return folder;
}

// Files in which the results of the stages lie.
inline constexpr const char* kResults[] = {"model/model.safetensors", "sampling/conversations.jsonl",
                                           "sampling/decisions.jsonl", "grpo/samples/000002.jsonl",
                                           "final/samples/000002.jsonl"};

}  // namespace r1
