// What a training run is, from a TOML file and `--key value` overrides. Unknown keys are refused by name with the
// nearest known one; types and ranges are checked; errors carry file and line.
#pragma once
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// One source of documents: a JSONL file or the problem generators. `[[data]]` in the file.
struct DataSource {
  std::string file;             // JSONL: {"text"}, {"messages"} or {"prompt","answer"}
  std::string tasks;            // or a mixture of problem generators, "default"
  std::string format = "text";  // "text": every token is a target. "chat": R1's template, the prompt masked
  double weight = 1;            // share of the documents drawn from here, relative to the other sources
  double long_share = 0.34;     // tasks as text: share of documents that carry the thinking
  std::string field_text = "text", field_messages = "messages", field_prompt = "prompt", field_answer = "answer";
};

struct TrainConfig {
  std::string model;         // folder to start from
  std::string model_config;  // or a config.json for fresh weights
  std::string tokenizer;     // folder; `model` when empty
  std::string out;           // the run's folder
  i64 seed = 1;
  i64 threads = 0;  // 0: all processors. Not part of the result's bits

  i64 steps = 1000;
  i64 batch_tokens = 16384;       // per optimizer step, at most
  i64 micro_batch_tokens = 4096;  // per forward and backward, at most
  i64 sequence_length = 1024;     // longer texts are cut, longer chats are left out

  double lr = 1e-3, lr_min = 1e-4;
  i64 warmup_steps = 50;
  std::string schedule = "cosine";  // or "constant_then_decay": cosine to lr_min from decay_start on
  i64 decay_start = 0;
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.1, clip_norm = 1;

  std::string matmul = "f32";  // or "bf16"
  bool recompute = false;      // keep layer inputs only and run each layer again in backward

  double bias_update_speed = 1e-3;  // aux-loss-free balancing, V3 §2.1.2
  i64 bias_update_stop = -1;        // from this step on the speed is 0; -1: never
  double balance_alpha = 1e-4;      // sequence balance loss
  double mtp_weight = 0.3;          // λ of V3 §2.2; used when the model has the module
  double mtp_weight_later = 0.1;
  i64 mtp_later_step = -1;  // from this step on mtp_weight_later; -1: never

  i64 log_every = 10, save_every = 500, keep_checkpoints = 2;
  i64 validation_every = 0, validation_tokens = 65536;

  std::vector<DataSource> data;
};

// What a recipe's tokenizer is trained on (tokenizer.toml).
struct VocabularyConfig {
  i64 vocabulary = 512;  // bytes, merges and added tokens together, at most
  i64 documents = 20000;
  i64 seed = 1;
  std::string tasks = "default";
};

using Overrides = std::vector<std::pair<std::string, std::string>>;  // {"lr", "0.001"}; data.KEY is the first source's

// `source` names the text in errors. Relative paths in the file are relative to `base` (the file's folder).
Result<TrainConfig> parse_train_config(std::string_view toml, std::string_view source, const Overrides& overrides = {},
                                       const std::string& base = "");
Result<TrainConfig> load_train_config(const std::string& path, const Overrides& overrides = {});
Result<VocabularyConfig> load_vocabulary_config(const std::string& path);
std::string to_toml(const TrainConfig& c);  // everything resolved; parses back to the same values

// The first key whose value decides the run's bits and differs, "lr: 0.001, now 0.002"; empty when none does.
// steps, threads, out and how often things are logged or saved may change when a run is resumed.
std::string first_difference(const TrainConfig& was, const TrainConfig& now);

}  // namespace r1
