// The tensors of a Qwen2, Qwen3 or Llama, asked for by their published names.
#include <cmath>

#include "model/dense.hpp"

namespace r1 {
namespace {

Affine affine(WeightSource& s, const std::string& at, i64 rows, i64 cols, bool bias) {
  Affine a;
  a.w = s.matrix(at + ".weight", rows, cols);
  if (bias) a.b = s.offset(at + ".bias", rows);
  return a;
}

DenseLayer layer(WeightSource& s, i64 l, const DenseConfig& c) {
  const std::string at = fmt::format("model.layers.{}.", l), attention = at + "self_attn.", mlp = at + "mlp.";
  DenseLayer L;
  L.attn_norm = s.norm(at + "input_layernorm.weight", c.hidden);
  L.q = affine(s, attention + "q_proj", c.heads * c.head, c.hidden, c.qkv_bias);
  L.k = affine(s, attention + "k_proj", c.kv_heads * c.head, c.hidden, c.qkv_bias);
  if (c.qk_norm) {
    L.q_norm = s.norm(attention + "q_norm.weight", c.head);
    L.k_norm = s.norm(attention + "k_norm.weight", c.head);
  }
  L.v = affine(s, attention + "v_proj", c.kv_heads * c.head, c.hidden, c.qkv_bias);
  L.o = affine(s, attention + "o_proj", c.hidden, c.heads * c.head, c.o_bias);
  L.ffn_norm = s.norm(at + "post_attention_layernorm.weight", c.hidden);
  L.gate = s.matrix(mlp + "gate_proj.weight", c.intermediate, c.hidden);
  L.up = s.matrix(mlp + "up_proj.weight", c.intermediate, c.hidden);
  L.down = s.matrix(mlp + "down_proj.weight", c.hidden, c.intermediate);
  return L;
}

}  // namespace

AttendDims DenseConfig::attention() const {
  return {heads, kv_heads, head, static_cast<float>(1 / std::sqrt(static_cast<double>(head)))};
}

Result<std::unique_ptr<Model>> DenseModel::build(DenseConfig config, WeightSource& s) {
  auto m = std::make_unique<DenseModel>();
  m->config_ = std::move(config);
  const DenseConfig& c = m->config_;
  m->embed_ = s.matrix("model.embed_tokens.weight", c.vocab, c.hidden);
  for (i64 l = 0; l < c.layers && !s.failed(); ++l) m->layers_.push_back(layer(s, l, c));
  m->norm_ = s.norm("model.norm.weight", c.hidden);
  m->head_ = s.head(m->embed_, m->config_.tied);
  R1_TRY(m->take_weights(s));
  m->describe();
  return m;
}

void DenseModel::describe() {
  const DenseConfig& c = config_;
  info_ = {.architecture = c.model_type,
           .vocab = c.vocab,
           .hidden = c.hidden,
           .layers = c.layers,
           .context = c.context,
           .bos = c.ids.bos,
           .eos = c.ids.eos,
           .heads = c.heads};
  for (const Weight& w : weights_) info_.parameters += w.size();
  info_.active_parameters = info_.parameters - (c.tied ? 0 : embed_.size());
  router_biases_.resize(layers_.size());  // no layer has a router
}

}  // namespace r1
