// The same loop trains a model without experts, MTP or latent attention: fine-tuning of a Qwen2 or Qwen3 folder.
#include "kernels/cpu/kernels.hpp"
#include "train/run_case.hpp"

namespace r1 {
namespace {

constexpr const char* kTinyQwen3 = R"({
  "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 263, "hidden_size": 16,
  "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "intermediate_size": 24,
  "tie_word_embeddings": true, "rope_theta": 10000.0, "max_position_embeddings": 128, "rms_norm_eps": 1e-06,
  "hidden_act": "silu", "initializer_range": 0.05, "bos_token_id": 256, "eos_token_id": 257})";

// Makes a folder with a random tiny model and the run's tokenizer. Returns a configuration that fine-tunes this model
// on questions and answers.
TrainConfig sft(const RunCase& run, const std::string& out, const char* model_config = kTinyQwen2) {
  const auto folder = run.folder() / (model_config == kTinyQwen2 ? "qwen2" : "qwen3");
  if (!std::filesystem::exists(folder)) {
    std::filesystem::create_directories(folder);
    const auto model = value_of(create_model(model_config, "tiny", 3, Weights::trainable));
    R1_CHECK(save_model(*model, folder, DType::f32).has_value(), "cannot save");
    for (const auto& file : std::filesystem::directory_iterator(run.folder() / "tokenizer"))
      std::filesystem::copy(file.path(), folder / file.path().filename());
    RunCase::write(run.folder() / "qa.jsonl",
                   "{\"prompt\": \"one?\", \"answer\": \"two\"}\n"
                   "{\"prompt\": \"red?\", \"answer\": \"blue\"}\n");
  }
  TrainConfig c = run.config(out);
  c.model = folder.string();
  c.model_config.clear(), c.tokenizer.clear();
  c.data[0].file = (run.folder() / "qa.jsonl").string(), c.data[0].format = "chat";
  c.validation_every = 0;  // two rows are too few to hold one out
  return c;
}

std::vector<float> logits_of(const Model& model) {
  Batch b;
  b.add_sequence(std::vector<i32>{256, 7, 90, 33, 260});
  b.want_all();
  Arena arena;
  ThreadPool pool(1);
  Pass p{b, arena, pool, cpu::active()};
  const Tensor z = model.forward(p).logits;
  return {z.data(), z.data() + z.size()};
}

TEST(TrainQwen2, MemorisesTwoAnswers) {
  const RunCase run;
  TrainConfig c = sft(run, "learn");
  c.steps = 120, c.save_every = 1000, c.lr = 2e-2;
  double first = 0;
  TrainHooks hooks;
  hooks.progress = [&](const StepMetrics& m) { first = m.step == 1 ? m.loss : first; };
  EXPECT_LT(value_of(train(c, hooks)).loss, 0.1);  // only answers are targets, and each question has one
  EXPECT_GT(first, 4.5);                           // about ln 263 = 5.57 before the first update
}

TEST(TrainQwen2, EveryWeightIsTrainedIncludingBiases) {
  const RunCase run;
  const auto before = value_of(open_model(std::filesystem::path(sft(run, "x").model)));
  const auto after = value_of(open_model(value_of(train(sft(run, "x"))).checkpoint));
  i64 biases = 0;
  for (size_t i = 0; i < before->checkpoint().size(); ++i) {
    const CheckpointTensor &a = before->checkpoint()[i], &b = after->checkpoint()[i];
    i64 n = 1;
    for (const i64 d : a.shape) n *= d;
    std::vector<float> x(n), y(x);
    a.read(x.data()), b.read(y.data());
    EXPECT_NE(x, y) << a.name;
    biases += a.name.ends_with(".bias");
  }
  EXPECT_EQ(biases, 2 * 3);
}

TEST(TrainQwen3, MemorisesTwoAnswersWithNormsOfQAndK) {
  const RunCase run;
  TrainConfig c = sft(run, "learn", kTinyQwen3);
  c.steps = 120, c.save_every = 1000, c.lr = 2e-2;
  const auto done = value_of(train(c));
  EXPECT_LT(done.loss, 0.1);  // only answers are targets, and each question has one
  const auto before = value_of(open_model(std::filesystem::path(c.model))),
             after = value_of(open_model(done.checkpoint));
  i64 norms = 0;
  for (size_t i = 0; i < before->checkpoint().size(); ++i) {
    const CheckpointTensor &a = before->checkpoint()[i], &b = after->checkpoint()[i];
    if (!a.name.ends_with("q_norm.weight") && !a.name.ends_with("k_norm.weight")) continue;
    std::vector<float> x(a.shape[0]), y(x);
    a.read(x.data()), b.read(y.data());
    EXPECT_NE(x, y) << a.name;
    ++norms;
  }
  EXPECT_EQ(norms, 2 * 2);
}

TEST(TrainQwen2, InterruptionRecomputationAndThreadsDoNotChangeTheBits) {
  const RunCase run;
  value_of(train(sft(run, "whole")));
  std::atomic<bool> stop = false;
  TrainHooks hooks;
  hooks.stop = &stop;
  hooks.progress = [&](const StepMetrics& m) { stop = m.step == 5; };
  EXPECT_FALSE(train(sft(run, "halves"), hooks).has_value());
  value_of(train(sft(run, "halves")));
  expect_same_end(run.folder() / "whole", run.folder() / "halves", 8);
  TrainConfig c = sft(run, "other");
  c.recompute = true, c.threads = 3;
  value_of(train(c));
  EXPECT_TRUE(text_of(checkpoint_path(run.folder() / "whole", 8) / "model.safetensors") ==
              text_of(checkpoint_path(run.folder() / "other", 8) / "model.safetensors"));
}

TEST(TrainQwen2, ASavedModelOpensWithTheSameBits) {
  const RunCase run;
  const auto saved = value_of(train(sft(run, "x"))).checkpoint;
  const auto model = value_of(open_model(saved, Weights::trainable));
  const auto copy = run.folder() / "copy";
  std::filesystem::create_directories(copy);
  ASSERT_TRUE(save_model(*model, copy, DType::f32));
  EXPECT_TRUE(text_of(copy / "model.safetensors") == text_of(saved / "model.safetensors"));
  EXPECT_TRUE(text_of(copy / "config.json") == text_of(saved / "config.json"));
  EXPECT_EQ(logits_of(*model), logits_of(*value_of(open_model(copy))));
}

}  // namespace
}  // namespace r1
