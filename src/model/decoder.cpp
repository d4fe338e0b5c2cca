#include "model/decoder.hpp"

namespace r1 {

Status Decoder::take_weights(WeightSource& source) {
  R1_TRY(source.finish());
  weights_ = std::move(source.weights);
  checkpoint_ = std::move(source.checkpoint);
  return {};
}

Tensor Decoder::rows_read(Pass& p, i64 l, const Tensor& x) const {
  const bool all = p.hidden_rows == HiddenRows::all || l < info_.layers - 1 || std::ssize(p.batch.want) == x.rows();
  return all ? x : take_rows(p, x, p.batch.want);
}

Tensor Decoder::logits(Pass& p, const Tensor& hidden) const {
  if (p.batch.want.empty()) return {};
  return linear(p, p.hidden_rows == HiddenRows::wanted ? hidden : take_rows(p, hidden, p.batch.want), head_);
}

}  // namespace r1
