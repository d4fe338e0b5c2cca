// The tensors of a DeepSeek model, asked for by their published names.
#include <cmath>

#include "core/math.hpp"
#include "model/deepseek_v3.hpp"

namespace r1 {
namespace {

DeepseekMlp mlp(WeightSource& s, const std::string& at, i64 hidden, i64 width) {
  return {s.matrix(at + "gate_proj.weight", width, hidden), s.matrix(at + "up_proj.weight", width, hidden),
          s.matrix(at + "down_proj.weight", hidden, width)};
}

void attention(WeightSource& s, const std::string& at, const DeepseekConfig& c, DeepseekLayer& L) {
  const i64 head = c.nope + c.rope;
  if (c.q_rank) {
    L.w_dq = s.matrix(at + "q_a_proj.weight", c.q_rank, c.hidden);
    L.q_norm = s.norm(at + "q_a_layernorm.weight", c.q_rank);
    L.w_uq = s.matrix(at + "q_b_proj.weight", c.heads * head, c.q_rank);
  } else {
    L.w_q = s.matrix(at + "q_proj.weight", c.heads * head, c.hidden);
  }
  L.w_dkv = s.matrix(at + "kv_a_proj_with_mqa.weight", c.kv_rank + c.rope, c.hidden);
  L.kv_norm = s.norm(at + "kv_a_layernorm.weight", c.kv_rank);
  std::tie(L.w_uk, L.w_uv) = s.by_head(at + "kv_b_proj.weight", c.heads, c.nope, c.v, c.kv_rank);
  L.w_o = s.matrix(at + "o_proj.weight", c.hidden, c.heads * c.v);
}

void mixture(WeightSource& s, const std::string& at, const DeepseekConfig& c, DeepseekLayer& L) {
  L.router = s.matrix(at + "gate.weight", c.routing.experts, c.hidden);
  if (c.routing.method == TopK::noaux_tc)
    L.router_bias = s.bias(at + "gate.e_score_correction_bias", c.routing.experts);
  for (i64 e = 0; e < c.routing.experts && !s.failed(); ++e) {
    const DeepseekMlp m = mlp(s, fmt::format("{}experts.{}.", at, e), c.hidden, c.expert_intermediate);
    L.experts.push_back({m.gate, m.up, m.down});
  }
  if (c.shared_experts) L.shared = mlp(s, at + "shared_experts.", c.hidden, c.expert_intermediate * c.shared_experts);
}

// Layer c.layers is the MTP module's. It lies behind the dense layers, so it has experts if any layer has.
DeepseekLayer layer(WeightSource& s, i64 l, const DeepseekConfig& c) {
  const std::string at = fmt::format("model.layers.{}.", l);
  DeepseekLayer L;
  L.attn_norm = s.norm(at + "input_layernorm.weight", c.hidden);
  attention(s, at + "self_attn.", c, L);
  L.ffn_norm = s.norm(at + "post_attention_layernorm.weight", c.hidden);
  if (c.moe(l)) mixture(s, at + "mlp.", c, L);
  else L.dense = mlp(s, at + "mlp.", c.hidden, c.intermediate);
  return L;
}

std::string mtp_prefix(const DeepseekConfig& c) { return fmt::format("model.layers.{}.", c.layers); }

// A checkpoint and its num_nextn_predict_layers may disagree: transformers keeps the key but does not save the MTP
// module, and it ignores a module that a checkpoint has. So here a key without a module means that there is none, and a
// module without the key is ignored.
void settle_mtp(DeepseekConfig& c, WeightSource& s) {
  const std::string at = mtp_prefix(c);
  if (!s.holds(at)) c.mtp_layers = 0;
  // Only an MTP module has an eh_proj. Any other layer that num_hidden_layers does not count stays an error.
  if (!c.mtp_layers && s.holds(at + "eh_proj.")) s.ignore(at);
}

}  // namespace

bool DeepseekV3::in_mtp(const Weight& w) const { return mtp_ && w.name().starts_with(mtp_prefix(config_)); }

MlaDims DeepseekConfig::mla() const {
  const double m = yarn_mscale(yarn.factor, yarn.mscale_all_dim);
  return {heads, nope, rope, v, kv_rank, static_cast<float>(m * m / std::sqrt(static_cast<double>(nope + rope)))};
}

Result<std::unique_ptr<Model>> DeepseekV3::build(DeepseekConfig config, WeightSource& s) {
  auto m = std::make_unique<DeepseekV3>();
  settle_mtp(config, s);
  m->config_ = std::move(config);
  const DeepseekConfig& c = m->config_;
  m->embed_ = s.matrix("model.embed_tokens.weight", c.vocab, c.hidden);
  for (i64 l = 0; l < c.layers && !s.failed(); ++l) m->layers_.push_back(layer(s, l, c));
  m->norm_ = s.norm("model.norm.weight", c.hidden);
  m->head_ = s.head(m->embed_, m->config_.tied);
  if (c.mtp_layers) {
    const std::string at = mtp_prefix(c);
    DeepseekMtp t;
    t.e_norm = s.norm(at + "enorm.weight", c.hidden);
    t.h_norm = s.norm(at + "hnorm.weight", c.hidden);
    t.eh_proj = s.matrix(at + "eh_proj.weight", c.hidden, 2 * c.hidden);
    t.layer = layer(s, c.layers, c);
    t.norm = s.norm(at + "shared_head.norm.weight", c.hidden);
    m->mtp_ = std::move(t);
  }
  R1_TRY(m->take_weights(s));
  m->describe();
  return m;
}

Status DeepseekV3::limit_experts(i64 bytes) {
  std::vector<std::span<const Expert>> layers;
  for (const DeepseekLayer& L : layers_)
    if (!L.experts.empty()) layers.push_back(L.experts);
  if (mtp_ && !mtp_->layer.experts.empty()) layers.push_back(mtp_->layer.experts);
  if (layers.empty()) return Model::limit_experts(bytes);
  expert_cache_ = R1_TRY(ExpertCache::create(bytes, layers));
  return {};
}

void DeepseekV3::describe() {
  const DeepseekConfig& c = config_;
  info_ = {.architecture = c.model_type,
           .vocab = c.vocab,
           .hidden = c.hidden,
           .layers = c.layers,
           .context = c.context,
           .mtp_layers = c.mtp_layers,
           .bos = c.ids.bos,
           .eos = c.ids.eos,
           .heads = c.heads,
           .experts_per_token = c.routing.top_k};
  for (const Weight& w : weights_) {
    if (in_mtp(w)) continue;
    info_.parameters += w.size();
    const bool routed = w.name().find(".mlp.experts.") != std::string::npos;
    if (w.id() != embed_.id() || c.tied)
      info_.active_parameters += routed ? w.size() * c.routing.top_k / c.routing.experts : w.size();
  }
  for (const DeepseekLayer& L : layers_) router_biases_.push_back(L.router_bias);
  if (mtp_) router_biases_.push_back(mtp_->layer.router_bias);
}

}  // namespace r1
