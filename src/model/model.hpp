// What the engine, the trainer and the command line know of a model, whatever its architecture.
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

// hidden [T, d]: after the final norm, what the head and MTP read. logits [want.size(), vocab] of batch.want, in order
// (empty when nothing was wanted).
struct Output {
  Tensor hidden, logits;
};

struct ModelInfo {
  std::string architecture;  // "deepseek_v3"
  i64 vocab = 0, hidden = 0, layers = 0, context = 0;
  i64 mtp_layers = 0;
  i64 parameters = 0,
      active_parameters = 0;  // MTP not counted; active: what one token's forward reads, embedding row aside
  i32 bos = -1;
  std::vector<i32> eos;
  i64 heads = 0;  // of queries; KvLayout has those of keys
};

// How one tensor of a checkpoint is made of the model's weights (kv_b_proj is two of ours, interleaved by head).
struct CheckpointTensor {
  std::string name;  // as published: "model.layers.0.self_attn.q_a_proj.weight"
  std::vector<i64> shape;
  std::function<void(float* dst)> read;         // weights → the tensor's elements, f32
  std::function<void(const float* src)> write;  // and back
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  virtual KvLayout kv_layout(const Numerics& n) const = 0;
  virtual Output forward(Pass& p) const = 0;
  // MTP module (V3 §2.2): hidden states of the main model [T, d] and the next token of every row → hidden states whose
  // logits predict the token after it. Requires info().mtp_layers == 1.
  virtual Tensor mtp(Pass& p, const Tensor& hidden, std::span<const i32> next) const = 0;
  virtual const Weight& head() const = 0;  // [vocab, d]; logits = linear(hidden, head)

  // Every weight once, in a fixed order, with a stable unique name.
  virtual const std::vector<Weight>& weights() const = 0;
  virtual bool in_mtp(const Weight& w) const = 0;  // does it belong to the MTP module alone?
  // The per-layer routing biases that the aux-loss-free update moves ([1, E], never by gradient); empty for dense
  // layers.
  virtual const std::vector<Weight>& router_biases() const = 0;
  virtual const std::vector<CheckpointTensor>& checkpoint() const = 0;
  virtual std::string config_json(DType dtype) const = 0;  // config.json in the published spelling
};

// A Hugging Face folder (config.json + model.safetensors, or index and shards) or a GGUF file (the first where it is
// split). trainable: f32 masters with gradients. Errors name the file, the field and both numbers.
Result<std::unique_ptr<Model>> open_model(const std::filesystem::path& path, bool trainable = false);

// A fresh model from the text of a config.json, weights normal(0, initializer_range) by seed; `source` names it in
// errors.
Result<std::unique_ptr<Model>> create_model(std::string_view config_json, std::string_view source, u64 seed,
                                            bool trainable);

// Writes config.json and model.safetensors (dtype bf16 or f32) into an existing folder, each by write, fsync, rename.
Status save_model(const Model& model, const std::filesystem::path& folder, DType dtype);

}  // namespace r1
