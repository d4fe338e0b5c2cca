// The forward pass. T = tokens in the batch, d = hidden; the symbols are those of DeepSeek-V3, arXiv:2412.19437 §2.1.
#include "model/deepseek_v3.hpp"

namespace r1 {
namespace {

// The norms inside MLA have the reference implementation's default epsilon, not rms_norm_eps of config.json.
constexpr float kInnerEps = 1e-6f;

Tensor swiglu_mlp(Pass& p, const Tensor& x, const DeepseekMlp& m) {
  const auto [up, gate] = linear_pair(p, x, m.up, m.gate);  // the gradient of the second is added to dx first
  return linear(p, swiglu(p, gate, up), m.down);
}

}  // namespace

Tensor DeepseekV3::mla(Pass& p, i64 l, const DeepseekLayer& L, const Tensor& h, const Tensor& angles) const {
  const DeepseekConfig& c = config_;
  const auto [q_in, kv_in] = linear_pair(p, h, c.q_rank ? L.w_dq : L.w_q, L.w_dkv);
  const Tensor q = c.q_rank ? linear(p, rms_norm(p, q_in, L.q_norm, kInnerEps), L.w_uq) : q_in;
  const auto [q_c, q_r] = split(p, q, c.heads, c.nope, c.rope);    // each head: [nope | rope]
  const auto [c_kv, k_r] = split(p, kv_in, 1, c.kv_rank, c.rope);  // one rope key for all heads
  const Tensor o = mla_attend(p, l, c.mla(), q_c, rope(p, q_r, c.heads, angles),
                              rms_norm(p, c_kv, L.kv_norm, kInnerEps), rope(p, k_r, 1, angles), L.w_uk, L.w_uv);
  return linear(p, rows_read(p, l, o), L.w_o);  // [T, d]
}

Tensor DeepseekV3::ffn(Pass& p, i64 l, const DeepseekLayer& L, const Tensor& x) const {
  if (L.dense) return swiglu_mlp(p, x, *L.dense);
  // The router's scores decide which experts run, so they are exact whatever the numerics of the other products.
  const Routing r = route(p, l, linear_f32(p, x, L.router), L.router_bias, config_.routing);
  const Tensor routed = experts(p, x, r, L.experts, expert_cache_.get());
  return L.shared ? add(p, swiglu_mlp(p, x, *L.shared), routed) : routed;
}

Tensor DeepseekV3::block(Pass& p, i64 l, const DeepseekLayer& L, const Tensor& x, const Tensor& angles) const {
  const Tensor h = add(p, rows_read(p, l, x), mla(p, l, L, rms_norm(p, x, L.attn_norm, config_.eps), angles));
  return add(p, h, ffn(p, l, L, rms_norm(p, h, L.ffn_norm, config_.eps)));
}

Output DeepseekV3::forward(Pass& p) const {
  const Tensor angles = rope_angles(p, config_.yarn);
  Tensor h = through_layers(
      p, embed(p, embed_, p.batch.tokens), layers_,
      [this, angles](Pass& q, i64 l, const DeepseekLayer& L, const Tensor& x) { return block(q, l, L, x, angles); });
  h = rms_norm(p, h, norm_, config_.eps);
  return {h, logits(p, h)};
}

// §2.2, with the inputs as the released weights expect them: eh_proj takes the embedding first, and the hidden states
// are those after the final norm.
Tensor DeepseekV3::mtp(Pass& p, const Tensor& hidden, std::span<const i32> next) const {
  R1_CHECK(mtp_, "mtp: this model has no MTP module");
  const Tensor e = rms_norm(p, embed(p, embed_, next), mtp_->e_norm, config_.eps);
  const Tensor g = rms_norm(p, hidden, mtp_->h_norm, config_.eps);
  const Tensor u = linear(p, concat(p, e, g), mtp_->eh_proj);  // [T, d]
  return rms_norm(p, block(p, config_.layers, mtp_->layer, u, rope_angles(p, config_.yarn)), mtp_->norm, config_.eps);
}

KvLayout DeepseekV3::kv_layout(const Numerics& n) const {
  const DeepseekConfig& c = config_;
  return {n.mla, n.kv, c.layers + c.mtp_layers, c.heads, c.nope, c.rope, c.v, c.kv_rank};
}

}  // namespace r1
