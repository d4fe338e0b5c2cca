// Rows of the embedding.
#include "ops/cpu/dequantize.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {

Tensor embed(Pass& p, const Weight& w, std::span<const i32> tokens) {
  for (const i32 t : tokens) R1_CHECK(t >= 0 && t < w.rows(), "embed: token {} of a vocabulary of {}", t, w.rows());
  Tensor y = p.alloc(std::ssize(tokens), w.cols());
  for_rows(p, y.rows(), y.cols(), [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t) dequantize(p.kernels, w, tokens[t], tokens[t] + 1, y.row(t));
  });
  if (p.tape && w.trainable())
    p.tape->record({y}, [p, w, y, ids = std::vector<i32>(tokens.begin(), tokens.end())](Grads& d) {
      scatter_rows(p, w.grad(), d[y].data(), ids, w.cols());
    });
  return y;
}

}  // namespace r1
