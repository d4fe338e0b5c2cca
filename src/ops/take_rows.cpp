// Selected rows of activations, such as those whose logits are wanted.
#include <cstring>

#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {

Tensor take_rows(Pass& p, const Tensor& x, std::span<const i32> rows) {
  const i64 cols = x.cols();
  for (const i32 r : rows) R1_CHECK(r >= 0 && r < x.rows(), "take_rows: row {} of x {}", r, x.shape());
  Tensor y = p.alloc(std::ssize(rows), cols);
  for_rows(p, y.rows(), cols, [&](i64 begin, i64 end) {
    for (i64 i = begin; i < end; ++i) std::memcpy(y.row(i), x.row(rows[i]), cols * sizeof(float));
  });
  if (p.tape)
    p.tape->record({y}, [p, x, y, taken = std::vector<i32>(rows.begin(), rows.end())](Grads& d) {
      scatter_rows(p, d[x].data(), d[y].data(), taken, x.cols());
    });
  return y;
}

}  // namespace r1
