// DeepSeek-V2, V2-Lite, V3 and R1: multi-head latent attention and a mixture of experts, which differ by configuration
// only. DeepSeek-V2 arXiv:2405.04434, DeepSeek-V3 arXiv:2412.19437.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config_json.hpp"
#include "model/decoder.hpp"
#include "model/gguf/dims.hpp"
#include "ops/cpu/expert_cache.hpp"
#include "ops/ops.hpp"

namespace r1 {

struct DeepseekConfig {
  std::string model_type = "deepseek_v3";  // or deepseek_v2
  i64 vocab = 0, hidden = 0, layers = 0, context = 0;
  i64 heads = 0, q_rank = 0, kv_rank = 0, nope = 0, rope = 0, v = 0;  // q_rank 0: queries are not compressed (V2-Lite)
  i64 dense_layers = 0, intermediate = 0;  // the first dense_layers layers have a dense FFN of width `intermediate`
  i64 expert_intermediate = 0, shared_experts = 0;
  RoutingConfig routing;
  i64 mtp_layers = 0;
  bool tied = false;  // lm_head is embed_tokens
  float eps = 1e-6f;
  double initializer_range = 0.02;
  RopeConfig yarn;
  TokenIds ids;

  MlaDims mla() const;  // its softmax scale includes YaRN's mscale²
  bool moe(i64 layer) const { return routing.experts > 0 && layer >= dense_layers; }
};

// config.json of either spelling (config_json.hpp) → the configuration, and back in the published spelling.
// Errors: a field that is missing, impossible or not supported; they name `source`, the field and its value.
Result<DeepseekConfig> parse_deepseek_config(const Json& json, std::string_view source);
std::string to_json(const DeepseekConfig& c, DType dtype);
GgufDims gguf_dims(const DeepseekConfig& c);

struct DeepseekMlp {
  Weight gate, up, down;
};

struct DeepseekLayer {
  Weight attn_norm, ffn_norm;
  Weight w_q;                 // [heads·(nope+rope), hidden], when q_rank == 0
  Weight w_dq, q_norm, w_uq;  // [q_rank, hidden], [1, q_rank], [heads·(nope+rope), q_rank]
  Weight w_dkv, kv_norm;      // [kv_rank+rope, hidden], [1, kv_rank]
  Weight w_uk, w_uv;          // [heads·nope, kv_rank], [heads·v, kv_rank]
  Weight w_o;                 // [hidden, heads·v]
  std::optional<DeepseekMlp> dense, shared;
  Weight router, router_bias;  // [experts, hidden], [1, experts] (noaux_tc)
  std::vector<Expert> experts;
};

struct DeepseekMtp {
  Weight e_norm, h_norm, eh_proj;  // [1, hidden] twice, [hidden, 2·hidden]: the columns for the embedding come first
  DeepseekLayer layer;
  Weight norm;
};

class DeepseekV3 final : public Decoder {
 public:
  // Asks `source` for every tensor of the model. Errors: those of source.finish().
  static Result<std::unique_ptr<Model>> build(DeepseekConfig config, WeightSource& source);

  KvLayout kv_layout(const Numerics& n) const override;
  Output forward(Pass& p) const override;
  Tensor mtp(Pass& p, const Tensor& hidden, std::span<const i32> next) const override;
  bool in_mtp(const Weight& w) const override;
  std::string config_json(DType dtype) const override { return to_json(config_, dtype); }
  Status limit_experts(i64 bytes) override;

 private:
  Tensor mla(Pass& p, i64 l, const DeepseekLayer& L, const Tensor& h, const Tensor& angles) const;
  Tensor ffn(Pass& p, i64 l, const DeepseekLayer& L, const Tensor& x) const;
  Tensor block(Pass& p, i64 l, const DeepseekLayer& L, const Tensor& h, const Tensor& angles) const;
  void describe();  // fills info_ and router_biases_

  DeepseekConfig config_;
  std::vector<DeepseekLayer> layers_;
  std::optional<DeepseekMtp> mtp_;
  std::shared_ptr<ExpertCache> expert_cache_;  // null: the system decides which pages of the file are resident
};

}  // namespace r1
