#include "model/decoder.hpp"

namespace r1 {

Status Decoder::take_weights(WeightSource& source) {
  R1_TRY(source.finish());
  weights_ = std::move(source.weights);
  checkpoint_ = std::move(source.checkpoint);
  return {};
}

Tensor Decoder::logits(Pass& p, const Tensor& hidden) const {
  if (p.batch.want.empty()) return {};
  return linear(p, take_rows(p, hidden, p.batch.want), head_);
}

}  // namespace r1
