#include "convert/importance.hpp"

#include <algorithm>

#include "core/weight.hpp"
#include "model/gguf/names.hpp"
#include "model/gguf/table.hpp"

namespace r1 {

namespace {

// 0 for a matrix that is no expert's.
i64 expert_of(const Weight& w) { return std::max<i64>(gguf_table::parse_name(w.name(), "model.layers.").expert, 0); }

}  // namespace

ImportanceCollector::ImportanceCollector(const Model& model) {
  for (const Weight& w : model.weights()) {
    i64& matrices = matrices_[gguf_name(w.name())];
    matrices = std::max(matrices, expert_of(w) + 1);
  }
}

void ImportanceCollector::saw(const Weight& w, const float* x, const i32* rows, i64 count) {
  const std::string name = gguf_name(w.name());
  if (name.empty()) return;
  const i64 expert = expert_of(w), cols = w.cols();
  ImatrixSums& sums = tensors_[name];
  if (sums.rows.empty()) {
    sums.cols = cols;
    sums.rows.resize(matrices_.at(name));
    sums.squares.resize(matrices_.at(name) * cols);
  }
  double* const to = sums.squares.data() + expert * cols;
  for (i64 i = 0; i < count; ++i) {
    const float* const row = x + (rows ? rows[i] : i) * cols;
    for (i64 c = 0; c < cols; ++c) to[c] += static_cast<double>(row[c]) * static_cast<double>(row[c]);
  }
  sums.rows[expert] += count;
}

}  // namespace r1
