// What the decoder-only models of this folder have in common: an embedding, layers, a final norm, a head, and the lists
// of their weights.
#pragma once
#include <vector>

#include "model/model.hpp"
#include "model/weight_source.hpp"
#include "ops/ops.hpp"

namespace r1 {

class Decoder : public Model {
 public:
  const ModelInfo& info() const override { return info_; }
  const Weight& head() const override { return head_; }
  const std::vector<Weight>& weights() const override { return weights_; }
  const std::vector<Weight>& router_biases() const override { return router_biases_; }
  const std::vector<CheckpointTensor>& checkpoint() const override { return checkpoint_; }

 protected:
  // Takes over the lists of a source that has been asked for every tensor. Errors: those of source.finish().
  Status take_weights(WeightSource& source);
  // Selects the rows of x [T, ...] that layer l computes after its attention: in the last layer and in the MTP module
  // those whose hidden states the pass asks for (HiddenRows), in the other layers all rows.
  Tensor rows_read(Pass& p, i64 l, const Tensor& x) const;
  // The logits [want.size(), vocab] of the rows in p.batch.want; empty if no rows are wanted. `hidden` is
  // Output::hidden.
  Tensor logits(Pass& p, const Tensor& hidden) const;

  ModelInfo info_;
  Weight embed_, norm_, head_;
  std::vector<Weight> weights_, router_biases_;
  std::vector<CheckpointTensor> checkpoint_;
};

// h [T, d] through all layers in turn; block(pass, l, layer, x) computes layer l. Training may keep the input of each
// layer alone and compute the layer again in backward: recompute() of ops.hpp.
template <class Layer, class Block>
Tensor through_layers(Pass& p, Tensor h, const std::vector<Layer>& layers, const Block& block) {
  for (i64 l = 0; l < std::ssize(layers); ++l)
    h = recompute(p, h, [block, l, &layer = layers[l]](Pass& q, const Tensor& x) { return block(q, l, layer, x); });
  return h;
}

}  // namespace r1
