#include "session/numerics.hpp"

#include <algorithm>

namespace r1 {

Numerics serving_numerics(const Model& model, std::optional<DType> kv) {
  // 1024 elements are 4 KiB in f32. DeepSeek-V2-Lite has 4160 elements per token and layer, DeepSeek-V3 has 32832.
  constexpr i64 kSmallPerToken = 1024;
  Numerics n;
  const bool small = model.kv_layout(n).page_elements() <= kSmallPerToken * kPageTokens;
  n.integer_blocks = true;  // weights that are not quantised compute the same with and without it
  if (!small) n.kv = DType::bf16, n.mla = MlaForm::mixed;
  if (kv) n.kv = *kv;
  n.integer_absorption = std::ranges::any_of(model.weights(), [](const Weight& w) { return !is_plain(w.dtype()); });
  return n;
}

}  // namespace r1
