// The interface of a model, whatever its architecture: what the engine, the trainer and the command line use.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/pass.hpp"
#include "core/weight.hpp"

namespace r1 {

// hidden is what the head and the MTP module read, the hidden states after the final norm: [T, d], or [want.size(), d]
// if the pass asks for HiddenRows::wanted.
// logits [want.size(), vocab] are those of the rows in batch.want, in that order; empty if batch.want is.
struct Output {
  Tensor hidden, logits;
};

struct ModelInfo {
  std::string architecture;  // "deepseek_v3"
  i64 vocab = 0, hidden = 0, layers = 0, context = 0;
  i64 mtp_layers = 0;
  i64 parameters = 0;         // without the MTP module's
  i64 active_parameters = 0;  // those that one token's forward pass reads; neither the MTP module nor the embedding row
  i32 bos = -1;
  std::vector<i32> eos;
  i64 heads = 0;              // of queries; KvLayout has the number of key heads
  i64 experts_per_token = 0;  // routed experts of a token in a layer; 0: the model has no routers
};

// One tensor of a published checkpoint and how it is made of the model's weights: kv_b_proj, for example, is made of
// two weights whose rows alternate head by head.
struct CheckpointTensor {
  std::string name;  // as published: "model.layers.0.self_attn.q_a_proj.weight"
  std::vector<i64> shape;
  std::function<void(float* dst)> read;         // copies the tensor's elements out of the weights, as f32
  std::function<void(const float* src)> write;  // sets the weights to these elements
  bool exact = false;                           // stays f32, whatever type the other tensors are saved in
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  virtual KvLayout kv_layout(const Numerics& n) const = 0;
  virtual Output forward(Pass& p) const = 0;
  // The module for multi-token prediction (MTP; DeepSeek-V3 §2.2). `hidden` [T, d] has the main model's hidden states,
  // and next[t] is the token that follows row t. Returns hidden states whose logits predict the token after next[t]:
  // [T, d], or [want.size(), d] if the pass asks for HiddenRows::wanted. Requires info().mtp_layers == 1.
  virtual Tensor mtp(Pass& p, const Tensor& hidden, std::span<const i32> next) const;
  virtual const Weight& head() const = 0;  // [vocab, d]; logits = linear(hidden, head)

  // Every weight once, in a fixed order, each with a unique name that stays the same from run to run.
  virtual const std::vector<Weight>& weights() const = 0;
  virtual bool in_mtp(const Weight&) const { return false; }  // whether only the MTP module uses the weight
  // The selection biases of the routers, [1, experts], one entry per layer; the entry of the MTP module comes last.
  // They have no gradient; the update without an auxiliary loss changes them. The entry of a layer without a router is
  // empty.
  virtual const std::vector<Weight>& router_biases() const = 0;
  virtual const std::vector<CheckpointTensor>& checkpoint() const = 0;
  virtual std::string config_json(DType dtype) const = 0;  // config.json in the published spelling

  // Limits the memory of the routed experts: from now on at most `bytes` bytes of them are resident, in addition to the
  // weights that every token needs. The other experts are read from the model's file when a router chooses them. The
  // results stay the same, bit for bit.
  // Errors: the model has no routed experts or is not in a file, or two experts need more than `bytes`.
  virtual Status limit_experts(i64 bytes);
};

// trainable: the weights are f32 and have gradients. frozen: they have the types of the file and stay in it.
enum class Weights : u8 { frozen, trainable };

// Receives a model whose weights have names, types and shapes but no bytes, before memory is allocated for them. An
// Error ends the opening and is its result.
using Admit = std::function<Status(const Model& outline)>;

// Opens a Hugging Face folder (config.json with model.safetensors, or with an index and shards) or a GGUF file. If a
// GGUF is split, `path` is its first file.
// Errors: files that are missing or malformed, or that contradict each other (the message names the file, the field and
// both numbers); the error of `admit`.
Result<std::unique_ptr<Model>> open_model(const std::filesystem::path& path, Weights kind = Weights::frozen,
                                          const Admit& admit = {});

// Makes a model from the text of a config.json, with weights drawn from normal(0, initializer_range) by `seed`.
// `source` names the text in errors. Errors: those of the architecture's parser; the error of `admit`.
Result<std::unique_ptr<Model>> create_model(std::string_view config_json, std::string_view source, u64 seed,
                                            Weights kind, const Admit& admit = {});

// Writes config.json and model.safetensors into an existing folder. `dtype` is bf16 or f32; exact tensors
// (CheckpointTensor) are f32 in any case. Each file appears whole or not at all. Errors: a file cannot be written.
Status save_model(const Model& model, const std::filesystem::path& folder, DType dtype);

}  // namespace r1
