// A tiny training run for tests, in a temporary folder: a byte-level tokenizer, a mixture of experts with two layers of
// width 16 and MTP, and 60 short lines of text.
#pragma once
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "core/file.hpp"
#include "core/philox.hpp"
#include "core/test_folder.hpp"
#include "formats/json.hpp"
#include "model/model.hpp"
#include "ops/device.hpp"
#include "text/bpe_trainer.hpp"
#include "text/chat.hpp"
#include "text/tokenizer.hpp"
#include "train/checkpoint.hpp"
#include "train/test_events.hpp"
#include "train/trainer.hpp"

namespace r1 {

inline constexpr const char* kTinyModel = R"({
  "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "vocab_size": 263, "hidden_size": 16,
  "num_hidden_layers": 2, "first_k_dense_replace": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
  "q_lora_rank": 8, "kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8,
  "intermediate_size": 24, "moe_intermediate_size": 8, "n_routed_experts": 4, "num_experts_per_tok": 2,
  "n_shared_experts": 1, "n_group": 1, "topk_group": 1, "scoring_func": "sigmoid", "topk_method": "noaux_tc",
  "norm_topk_prob": true, "routed_scaling_factor": 1.0, "num_nextn_predict_layers": 1, "tie_word_embeddings": false,
  "rope_theta": 10000.0, "max_position_embeddings": 128, "rms_norm_eps": 1e-06, "hidden_act": "silu",
  "initializer_range": 0.05, "bos_token_id": 256, "eos_token_id": 257})";

inline constexpr const char* kTinyQwen2 = R"({
  "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 263, "hidden_size": 16,
  "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 24,
  "tie_word_embeddings": true, "rope_theta": 10000.0, "max_position_embeddings": 128, "rms_norm_eps": 1e-06,
  "hidden_act": "silu", "initializer_range": 0.05, "bos_token_id": 256, "eos_token_id": 257})";

template <class T>
T value_of(Result<T> r) {
  R1_CHECK(r.has_value(), "{}", r.error().what);
  return std::move(*r);
}

class RunCase {
 public:
  RunCase() {
    BpeTrainOptions options;
    options.vocab_size = 263;  // 256 bytes and seven added tokens, so there are no merges
    options.added_tokens.assign(std::begin(kR1AddedTokens), std::end(kR1AddedTokens));
    BpeTrainer trainer(std::move(options));
    trainer.add("a");
    std::filesystem::create_directories(folder_ / "tokenizer");
    write(folder_ / "tokenizer/tokenizer.json", tokenizer_json(value_of(trainer.train())));
    write(folder_ / "model.json", kTinyModel);
    std::string rows;
    Random random(7, Purpose::test);
    for (int i = 0; i < 60; ++i) {
      std::string text;
      for (i64 n = random.between(3, 30); n > 0; --n) text += static_cast<char>('a' + random.below(6));
      rows += "{\"text\": \"" + text + "\"}\n";
    }
    write(folder_ / "data.jsonl", rows);
  }
  TrainConfig config(const std::string& out, i64 steps = 8) const {
    TrainConfig c;
    c.model_config = (folder_ / "model.json").string();
    c.tokenizer = (folder_ / "tokenizer").string();
    c.out = (folder_ / out).string();
    c.steps = steps, c.batch_tokens = 128, c.micro_batch_tokens = 64, c.sequence_length = 64;
    c.lr = 5e-3, c.lr_min = 1e-3, c.warmup_steps = 2, c.threads = 1;
    c.log_every = 1, c.save_every = 4, c.validation_every = 4, c.validation_tokens = 64;
    c.data.push_back({});
    c.data[0].file = (folder_ / "data.jsonl").string();
    return c;
  }
  const std::filesystem::path& folder() const { return folder_; }
  std::unique_ptr<Model> model(u64 seed = 1) const {
    return value_of(create_model(kTinyModel, "tiny", seed, Weights::trainable));
  }
  Tokenizer tokenizer() const { return value_of(Tokenizer::open(folder_ / "tokenizer")); }
  static void write(const std::filesystem::path& path, std::string_view text) {
    R1_CHECK(write_file(path, text).has_value(), "cannot write {}", path.string());
  }

 private:
  TestFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

// While it lives, this process cannot make a file larger than `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit small{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int);
};

inline std::string text_of(const std::filesystem::path& path) { return value_of(read_file(path)); }

// The rows of metrics.jsonl without the wall-clock fields.
inline std::vector<std::string> metrics_of(const std::filesystem::path& run) {
  std::vector<std::string> rows;
  const Status read = for_each_jsonl(run / "metrics.jsonl", [&](i64, Json row) -> Status {
    Json kept = Json::object({});
    for (const auto& [key, value] : *row.object())
      if (!key.starts_with("time_")) kept.set(key, value);
    rows.push_back(dump(kept));
    return {};
  });
  R1_CHECK(read.has_value(), "{}", read.error().what);
  return rows;
}

// Expects that the event file of a run holds what its metrics.jsonl holds.
inline void expect_events_equal_metrics(const std::filesystem::path& run) {
  std::vector<Json> rows;
  const Status read = for_each_jsonl(run / "metrics.jsonl", [&](i64, Json row) -> Status {
    rows.push_back(std::move(row));
    return {};
  });
  R1_CHECK(read.has_value(), "{}", read.error().what);
  expect_events_of(rows, events_in(run / "events.out.tfevents.r1"));
}

// Expects that both runs ended in the same bits: weights, moments, counters and metrics. Their event files hold the
// metrics.
inline void expect_same_end(const std::filesystem::path& a, const std::filesystem::path& b, i64 step) {
  const auto x = checkpoint_path(a, step), y = checkpoint_path(b, step);
  EXPECT_TRUE(text_of(x / "model.safetensors") == text_of(y / "model.safetensors"));
  EXPECT_TRUE(text_of(x / "trainer.safetensors") == text_of(y / "trainer.safetensors"));
  EXPECT_EQ(text_of(x / "state.json"), text_of(y / "state.json"));
  EXPECT_EQ(metrics_of(a), metrics_of(b));
  expect_events_equal_metrics(a);
  expect_events_equal_metrics(b);
}

}  // namespace r1
