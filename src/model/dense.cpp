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
  const Tensor q = rope(p, affine(p, h, L.q), c.heads, angles, RopePairs::halves);     // [T, heads·head]
  const Tensor k = rope(p, affine(p, h, L.k), c.kv_heads, angles, RopePairs::halves);  // [T, kv_heads·head]
  return affine(p, attend(p, l, c.attention(), q, k, affine(p, h, L.v)), L.o);         // [T, d]
}

Tensor DenseModel::block(Pass& p, i64 l, const DenseLayer& L, const Tensor& x, const Tensor& angles) const {
  const Tensor h = add(p, x, attention(p, l, L, rms_norm(p, x, L.attn_norm, config_.eps), angles));
  const Tensor g = rms_norm(p, h, L.ffn_norm, config_.eps);
  return add(p, h, linear(p, swiglu(p, linear(p, g, L.gate), linear(p, g, L.up)), L.down));
}

Output DenseModel::forward(Pass& p) const {
  const Tensor angles = rope_angles(p, config_.rope);
  Tensor h = embed(p, embed_, p.batch.tokens);  // [T, d]
  for (i64 l = 0; l < config_.layers; ++l) {
    const DenseLayer& L = layers_[l];
    h = recompute(p, h, [this, l, &L, angles](Pass& q, const Tensor& x) { return block(q, l, L, x, angles); });
  }
  h = rms_norm(p, h, norm_, config_.eps);
  if (p.batch.want.empty()) return {h, {}};
  return {h, linear(p, take_rows(p, h, p.batch.want), head_)};  // [wanted, vocab]
}

Tensor DenseModel::mtp(Pass&, const Tensor&, std::span<const i32>) const {
  R1_CHECK(false, "mtp: {} has no MTP module", config_.model_type);
  return {};
}

KvLayout DenseModel::kv_layout(const Numerics& n) const {
  const DenseConfig& c = config_;
  return {MlaForm::expanded, n.kv, c.layers, c.kv_heads, c.head, 0, c.head, 0};
}

}  // namespace r1
