// The forward pass. T = tokens in the batch, d = hidden; grouped-query attention, arXiv:2305.13245.
#include "model/dense.hpp"

namespace r1 {
namespace {

Tensor affine(Pass& p, const Tensor& x, const Affine& a) {
  const Tensor y = linear(p, x, a.w);
  return a.b ? add_bias(p, y, a.b) : y;
}

}  // namespace

Tensor DenseModel::attention(Pass& p, i64 l, const DenseLayer& L, const Tensor& h, const Tensor& angles) const {
  const DenseConfig& c = config_;
  Tensor q = affine(p, h, L.q), k = affine(p, h, L.k);  // [T, heads·head], [T, kv_heads·head]
  if (c.qk_norm) {
    q = rms_norm(p, q, L.q_norm, c.eps, c.heads);
    k = rms_norm(p, k, L.k_norm, c.eps, c.kv_heads);
  }
  q = rope(p, q, c.heads, angles, RopePairs::halves);
  k = rope(p, k, c.kv_heads, angles, RopePairs::halves);
  const Tensor o = attend(p, l, c.attention(), q, k, affine(p, h, L.v));
  return affine(p, rows_read(p, l, o), L.o);  // [T, d]
}

Tensor DenseModel::block(Pass& p, i64 l, const DenseLayer& L, const Tensor& x, const Tensor& angles) const {
  const Tensor h = add(p, rows_read(p, l, x), attention(p, l, L, rms_norm(p, x, L.attn_norm, config_.eps), angles));
  const Tensor g = rms_norm(p, h, L.ffn_norm, config_.eps);
  const auto [up, gate] = linear_pair(p, g, L.up, L.gate);  // the gradient of the second is added to dx first
  return add(p, h, linear(p, swiglu(p, gate, up), L.down));
}

Output DenseModel::forward(Pass& p) const {
  const Tensor angles = rope_angles(p, config_.rope);
  Tensor h = through_layers(
      p, embed(p, embed_, p.batch.tokens), layers_,
      [this, angles](Pass& q, i64 l, const DenseLayer& L, const Tensor& x) { return block(q, l, L, x, angles); });
  h = rms_norm(p, h, norm_, config_.eps);
  return {h, logits(p, h)};
}

KvLayout DenseModel::kv_layout(const Numerics& n) const {
  const DenseConfig& c = config_;
  return {MlaForm::expanded, n.kv, c.layers, c.kv_heads, c.head, 0, c.head, 0};
}

}  // namespace r1
