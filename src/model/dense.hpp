// Qwen2 and Llama: grouped-query attention and SwiGLU, one block for both. What tells them apart is configuration:
// Qwen2 (arXiv:2407.10671 §2.2) has biases on q, k and v; Llama 3 (arXiv:2407.21783 §3.2) has none and stretches its
// rope. qwen2.cpp and llama.cpp hold what is each one's own of config.json.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/config_json.hpp"
#include "model/model.hpp"
#include "model/weight_source.hpp"
#include "ops/ops.hpp"

namespace r1 {

struct DenseConfig {
  std::string model_type;  // "qwen2" or "llama"
  i64 vocab = 0, hidden = 0, layers = 0, context = 0, intermediate = 0;
  i64 heads = 0, kv_heads = 0, head = 0;  // `head` features each
  bool qkv_bias = false, o_bias = false;
  bool tied = false;  // lm_head is embed_tokens
  float eps = 1e-6f;
  double initializer_range = 0.02;
  RopeConfig rope;
  TokenIds ids;

  AttendDims attention() const;
};

// The published spelling of config.json and that of transformers 5 (rope_parameters, dtype).
Result<DenseConfig> parse_qwen2_config(const Json& json, std::string_view source);
Result<DenseConfig> parse_llama_config(const Json& json, std::string_view source);
// The fields both have; `source` is in `f`.
Result<DenseConfig> parse_dense_config(const JsonFields& f, std::string_view model_type);
std::string to_json(const DenseConfig& c, DType dtype);

struct Affine {
  Weight w, b;  // [out, in], [1, out] or none
};

// Tensors by their published names: model.layers.N.self_attn.{q,k,v,o}_proj, .mlp.{gate,up,down}_proj, ...
struct DenseLayer {
  Weight attn_norm, ffn_norm;
  Affine q, k, v, o;      // [heads·head, hidden], [kv_heads·head, hidden] twice, [hidden, heads·head]
  Weight gate, up, down;  // [intermediate, hidden] twice, [hidden, intermediate]
};

class DenseModel final : public Model {
 public:
  // Asks `source` for every tensor of the model and takes its lists. Errors: what source.finish() says.
  static Result<std::unique_ptr<Model>> build(DenseConfig config, WeightSource& source);

  const ModelInfo& info() const override { return info_; }
  KvLayout kv_layout(const Numerics& n) const override;
  Output forward(Pass& p) const override;
  Tensor mtp(Pass& p, const Tensor& hidden, std::span<const i32> next) const override;
  const Weight& head() const override { return head_; }
  const std::vector<Weight>& weights() const override { return weights_; }
  bool in_mtp(const Weight&) const override { return false; }
  const std::vector<Weight>& router_biases() const override { return router_biases_; }
  const std::vector<CheckpointTensor>& checkpoint() const override { return checkpoint_; }
  std::string config_json(DType dtype) const override { return to_json(config_, dtype); }

 private:
  Tensor attention(Pass& p, i64 l, const DenseLayer& L, const Tensor& h, const Tensor& angles) const;
  Tensor block(Pass& p, i64 l, const DenseLayer& L, const Tensor& x, const Tensor& angles) const;
  void describe();  // fills info_ from the configuration

  DenseConfig config_;
  ModelInfo info_;
  Weight embed_, norm_, head_;
  std::vector<DenseLayer> layers_;
  std::vector<Weight> weights_, router_biases_;
  std::vector<CheckpointTensor> checkpoint_;
};

}  // namespace r1
