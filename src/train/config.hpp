// The settings of a training run, read from a TOML file and `--key value` overrides. Types and ranges are checked. An
// unknown key is an error that suggests the most similar known one. Errors name the file and the line.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// One source of documents: a JSONL file or the problem generators. A `[[data]]` table in the file.
struct DataSource {
  std::string file;             // JSONL with {"text"}, {"messages"} or {"prompt","answer"}
  std::string tasks;            // instead of a file: a mixture of problem generators, such as "default"
  std::string format = "text";  // "text": every token is a target. "chat": R1's template with a masked prompt
  double weight = 1;            // share of the documents that come from this source, relative to the other sources
  double long_share = -1;       // for tasks: share of documents with the thinking; -1: 0.34 in "text", 1 in "chat"
  std::string field_text = "text", field_messages = "messages", field_prompt = "prompt", field_answer = "answer";
};

struct TrainConfig {
  std::string model;         // folder of the model to start from
  std::string model_config;  // instead of `model`: a config.json for random weights
  std::string tokenizer;     // folder; if empty, `model`
  std::string out;           // the run's folder
  i64 seed = 1;
  i64 threads = 0;  // 0: all processors. The result does not depend on it

  i64 steps = 1000;
  i64 batch_tokens = 16384;       // at most, per optimizer step
  i64 micro_batch_tokens = 4096;  // at most, per forward and backward pass
  i64 sequence_length = 1024;     // longer texts are truncated, longer chats are skipped

  double lr = 1e-3, lr_min = 1e-4;
  i64 warmup_steps = 50;
  std::string schedule = "cosine";  // or "constant_then_decay": cosine to lr_min from decay_start on
  i64 decay_start = 0;
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.1, clip_norm = 1;

  std::string matmul = "f32";  // or "bf16"
  std::string kv = "f32";      // or "bf16" or "q8_0": keys and values are rounded, as in the cache that draws
  bool recompute = false;      // keep only layer inputs, and run each layer again in the backward pass

  double bias_update_speed = 1e-3;  // balancing without an auxiliary loss, V3 §2.1.2
  i64 bias_update_stop = -1;        // the speed is 0 from this step on; -1: never
  double balance_alpha = 1e-4;      // weight of the sequence-wise balance loss
  double mtp_weight = 0.3;          // weight of the MTP loss, λ in V3 §2.2, for models with the module
  double mtp_weight_later = 0.1;    // its weight from mtp_later_step on
  i64 mtp_later_step = -1;          // -1: never

  i64 log_every = 10, save_every = 500, keep_checkpoints = 2;
  i64 validation_every = 0, validation_tokens = 65536;

  std::vector<DataSource> data;
};

// The settings of a run of reinforcement learning. Of TrainConfig it has what grpo_fields() lists.
struct GrpoConfig : TrainConfig {
  GrpoConfig() {
    steps = 200, micro_batch_tokens = 8192, lr = 3e-6, lr_min = 3e-6, warmup_steps = 0, weight_decay = 0;
    bias_update_speed = balance_alpha = mtp_weight = 0;
    log_every = 1, save_every = 20;
  }
  std::string tasks;           // a mixture of problem generators
  std::string file;            // instead of tasks: JSONL of problems (tasks/rows.hpp)
  i64 groups = 32;             // prompts of a step
  i64 group_size = 8;          // samples of a prompt
  i64 updates = 1;             // optimizer steps per step; each sees an equal part of the samples
  bool replay_routes = false;  // updates use the experts that were chosen when the samples were drawn
  i64 max_tokens = 512;        // of a sample
  i64 max_sequences = 64;      // samples that are drawn at once
  double temperature = 1;
  i64 max_draws = 1;        // draws of a step; all but the first replace groups whose rewards are equal
  bool curriculum = false;  // levels of a kind are drawn by how often they are solved

  std::string reward_program;  // a command that decides the reward (rewards/reward_program.hpp)
  i64 reward_timeout = 10;     // seconds for each of its answers
  // Weights of further parts of the reward (rewards/shaping.hpp), and what they are measured by.
  double overlong_weight = 0, length_weight = 0, language_weight = 0, repetition_weight = 0, declined_weight = 0;
  i64 overlong_tokens = -1;  // -1: a fifth of max_tokens
  std::string language = "english";
  i64 repetition_words = 4;

  bool train_equal_groups = false;  // also compute samples whose advantage is 0, where the loss does not need them

  std::string loss = "grpo";  // named_policy_loss(); the settings below replace its own
  std::string mean = "default", kl = "default", divide_by_std = "default";
  double clip_low = -1, clip_high = -1, kl_weight = -1;  // -1: the loss's own
  double dual_clip = 0;
  i64 reference_every = 400;  // steps after which the current model becomes the reference. 0: never

  i64 eval_every = 0, eval_problems = 100;
};

// How a recipe trains its tokenizer (tokenizer.toml).
struct VocabularyConfig {
  i64 vocabulary = 512;  // the most tokens: bytes, merges and added tokens together
  i64 documents = 20000;
  i64 seed = 1;
  std::string tasks = "default";
};

// A stage of a recipe, a [[stage]] table of pipeline.toml. Its settings are in NAME.toml.
struct StageConfig {
  std::string name = {}, kind = {};  // kind: pretrain, sft, grpo or sample
  // Empty: the stage belongs to the trunk, which makes the recipe's model. A stage of a branch runs only with
  // `--stages BRANCH`.
  std::string branch = {};
  std::string config = {};  // of pretrain: the architecture, a file of the recipe's folder; empty: config.json
  // The stage with whose model this stage begins; empty for pretrain. If the file does not name one,
  // load_pipeline_config() takes the last earlier stage that makes a model, of the same branch if it has one, else of
  // the trunk.
  std::string from = {};
  std::string rows = {};  // of sft: the sampling stage whose conversations are the first [[data]]
};
struct PipelineConfig {
  std::string level;  // the kernels on which the figures of the recipe's model were made; empty: not named
  std::vector<StageConfig> stages;
};

// A stage of rejection sampling: right answers of a model to generated problems, as rows for fine-tuning.
struct SampleConfig {
  std::string tasks;
  i64 seed = 1;
  i64 problems = 100;  // of each part of the mixture
  i64 samples = 8;     // of a problem
  double temperature = 1;
  i64 max_tokens = 512, max_sequences = 64;
  i64 keep = 2;                // most conversations of a problem; 0: all that are right
  std::string prefer = "any";  // which conversations are kept first: "any", "short" or "long"
  i64 longest = 0;             // most tokens of a sample; 0: any sample that ends
  // The largest share of repeated runs of 8 words in a sample; the share of common runs from which on two answers count
  // as duplicates (0: never).
  double repetition = 0.5, similarity = 0.8;
};

// Keys and values such as {"lr", "0.001"}. A key data.KEY belongs to the first data source.
using Overrides = std::vector<std::pair<std::string, std::string>>;

// Finds the model that a name or path means. It is called for the value of each key that wants a model; a value that is
// not an existing path is taken as a name. An empty finder: every value is a path.
using ModelFinder = std::function<Result<std::filesystem::path>(std::string_view)>;

// `source` names the text in errors. Relative paths in the text are relative to `base`, the folder of the file.
Result<TrainConfig> parse_train_config(std::string_view toml, std::string_view source, const Overrides& overrides = {},
                                       const std::string& base = "", const ModelFinder& find_model = {});
Result<TrainConfig> load_train_config(const std::string& path, const Overrides& overrides = {},
                                      const ModelFinder& find_model = {});
Result<GrpoConfig> parse_grpo_config(std::string_view toml, std::string_view source, const Overrides& overrides = {},
                                     const std::string& base = "", const ModelFinder& find_model = {});
Result<GrpoConfig> load_grpo_config(const std::string& path, const Overrides& overrides = {},
                                    const ModelFinder& find_model = {});
Result<VocabularyConfig> load_vocabulary_config(const std::string& path);
Result<SampleConfig> load_sample_config(const std::string& path);
// Errors: also a name that comes twice, or a `from` or `rows` that names no earlier stage of the right kind, or one of
// another branch.
Result<PipelineConfig> load_pipeline_config(const std::string& path);

// What --help says about the keys, in the order of the tables that read them.
struct KeyHelp {
  std::string name;
  std::string type;      // "integer", "number", "text", "true|false", "path", "model", or the choices "a|b"
  std::string fallback;  // the default, as TOML
  std::string meaning;   // one line
};
std::vector<KeyHelp> train_keys();
std::vector<KeyHelp> data_keys();  // of a [[data]] table

std::vector<KeyHelp> grpo_keys();

std::string to_toml(const GrpoConfig& c);
std::string to_toml(const TrainConfig& c);  // all settings, which parse back to the same values

// The first setting that affects the run's bits and differs, as "lr was 0.001, now 0.002"; empty if there is none. A
// resumed run may change steps, threads, out, recompute, and how often it logs and saves.
std::string first_difference(const TrainConfig& was, const TrainConfig& now);
std::string first_difference(const GrpoConfig& was, const GrpoConfig& now);

}  // namespace r1
