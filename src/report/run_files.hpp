// What a report reads from the folder of a run: docs/training.md describes the files. A run may be writing them.
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "report/metrics_reader.hpp"

namespace r1 {

using ConfigLine = std::pair<std::string, std::string>;  // a key, with its table in front, and its value as written

// A sampled answer of reinforcement learning with its verdict.
struct ReportSample {
  std::string prompt, kind, verdict, text;
  std::optional<double> reward;  // none if it could not be judged
  i64 tokens = 0, thinking_tokens = 0;
  bool truncated = false;
};

// The samples of one step.
struct SampleStep {
  i64 step = 0;
  std::vector<ReportSample> samples;
};

struct ModelSize {
  i64 parameters = 0;
  std::string shape;  // "11 layers of 256, vocabulary 2048"
};

struct ReportRun {
  std::string name;  // unique among the runs of a report
  std::string kind;  // "reinforcement learning", "pretraining", "fine-tuning", or "training"
  std::filesystem::path folder;
  i64 planned_steps = 0;  // 0 if config.toml does not say
  double last_step = 0;
  Curves curves;
  std::vector<ConfigLine> config;
  std::optional<ModelSize> model;         // none before the first checkpoint
  std::optional<SampleStep> first, last;  // the same step if only one was sampled
};

// Reads the runs. Errors: a folder that does not exist or has no metrics.jsonl; metrics without a line, or with a line
// that cannot be read. What else is missing or damaged is left out of the report.
Result<std::vector<ReportRun>> read_runs(std::span<const std::filesystem::path> folders);

std::filesystem::path metrics_path(const std::filesystem::path& run);
// Errors: no such folder, or one of another kind than that of a run.
Status check_run_folder(const std::filesystem::path& run);
// Short names for folders: the last parts of the paths, as many as are needed to tell them apart.
std::vector<std::string> run_names(std::span<const std::filesystem::path> folders);
// The settings of a run without a value for each key: none if there is no config.toml.
std::vector<ConfigLine> read_config_lines(const std::filesystem::path& run);
// The steps that config.toml plans; 0 if it does not say.
i64 planned_steps_of(std::span<const ConfigLine> config);

// An answer from before and one from after the training.
struct SamplePair {
  const ReportSample* before = nullptr;
  const ReportSample* after = nullptr;
  bool same_problem = false;  // else problems of the same kind, or any two
};
// At most `most` pairs of the first and the last sampled step: the same problem if both steps have it, else problems of
// the same kind, each kind once before any comes twice. Without a later step every pair has only `before`.
std::vector<SamplePair> sample_pairs(const ReportRun& run, size_t most);

}  // namespace r1
