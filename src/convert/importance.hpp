// Measures an importance matrix: watches the products of a model and sums the squares of what multiplies each column.
#pragma once
#include "core/pass.hpp"
#include "model/model.hpp"
#include "quant/imatrix.hpp"

namespace r1 {

class ImportanceCollector final : public ProductObserver {
 public:
  explicit ImportanceCollector(const Model& model);
  void saw(const Weight& w, const float* x, const i32* rows, i64 count) override;

  // By GGUF name. The experts of a stack that no row has reached have 0 rows. The matrices of kv_b_proj are not among
  // them, because latent attention multiplies them in its own way.
  const std::map<std::string, ImatrixSums>& tensors() const { return tensors_; }

 private:
  std::map<std::string, ImatrixSums> tensors_;
  std::map<std::string, i64> matrices_;  // of each stack
};

}  // namespace r1
