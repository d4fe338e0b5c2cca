#include "ops/cpu/dequantize.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {

Tensor embed(Pass& p, const Weight& w, std::span<const i32> tokens) {
  const i64 rows = static_cast<i64>(tokens.size()), cols = w.cols();
  for (const i32 t : tokens) R1_CHECK(t >= 0 && t < w.rows(), "embed: token {} of a vocabulary of {}", t, w.rows());
  Tensor y = p.alloc(rows, cols);
  for_rows(p, rows, cols, [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t) {
      const i64 r = tokens[t];
      dequantize(w, r, r + 1, y.row(t));
    }
  });
  if (p.tape && w.trainable())
    p.tape->record({y}, [p, w, y, ids = std::vector<i32>(tokens.begin(), tokens.end())](Grads& d) {
      scatter_rows(p, w.grad(), d[y].data(), ids, w.cols());
    });
  return y;
}

}  // namespace r1
