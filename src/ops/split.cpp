// split and concat, and the copies and sums that are their forward and backward.
#include <cstring>

#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {
namespace {

// The columns that one result of split takes from every row: `heads` times `width` features, `stride` apart, the first
// at `offset`.
struct HeadColumns {
  i64 heads, width, stride, offset;
};

void copy_out(const Pass& p, const Tensor& dst, const Tensor& src, const HeadColumns& s) {
  for_rows(p, dst.rows(), dst.cols(), [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t)
      for (i64 h = 0; h < s.heads; ++h)
        std::memcpy(dst.row(t) + h * s.width, src.row(t) + h * s.stride + s.offset, s.width * 4);
  });
}

void copy_in(const Pass& p, const Tensor& dst, const Tensor& src, i64 offset) {
  for_rows(p, src.rows(), src.cols(), [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t) std::memcpy(dst.row(t) + offset, src.row(t), src.cols() * 4);
  });
}

// Adds the gradients of both parts, or of the one that has a gradient, to that of the whole.
void add_parts(const Pass& p, Grads& d, const Tensor& whole, const Tensor& y, const HeadColumns& first, const Tensor& z,
               const HeadColumns& last) {
  const Tensor dy = d.has(y) ? d[y] : Tensor(), dz = d.has(z) ? d[z] : Tensor();
  const GradientRows dx(d, whole);
  const auto add = [&](float* row, const Tensor& part, i64 t, const HeadColumns& s) {
    for (i64 h = 0; part && h < s.heads; ++h)
      p.kernels.elementwise.accumulate(row + h * s.stride + s.offset, part.row(t) + h * s.width, s.width);
  };
  for_rows(p, whole.rows(), whole.cols(), [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t) {
      float* const row = dx.ready(t, t + 1);
      add(row, dy, t, first);
      add(row, dz, t, last);
    }
  });
}

// The gradient of `part` += the columns of `whole` from `offset` on.
void add_out(const Pass& p, Grads& d, const Tensor& part, const Tensor& whole, i64 offset) {
  const GradientRows to(d, part);
  for_rows(p, part.rows(), part.cols(), [&](i64 begin, i64 end) {
    for (i64 t = begin; t < end; ++t)
      p.kernels.elementwise.accumulate(to.ready(t, t + 1), whole.row(t) + offset, part.cols());
  });
}

}  // namespace

std::array<Tensor, 2> split(Pass& p, const Tensor& x, i64 heads, i64 a, i64 b) {
  R1_CHECK(x.cols() == heads * (a + b), "split: x {} into {} heads of {} + {}", x.shape(), heads, a, b);
  const HeadColumns first{heads, a, a + b, 0}, last{heads, b, a + b, a};
  Tensor y = p.alloc(x.rows(), heads * a), z = p.alloc(x.rows(), heads * b);
  copy_out(p, y, x, first);
  copy_out(p, z, x, last);
  if (p.tape) p.tape->record({y, z}, [p, x, y, z, first, last](Grads& d) { add_parts(p, d, x, y, first, z, last); });
  return {y, z};
}

Tensor concat(Pass& p, const Tensor& a, const Tensor& b) {
  R1_CHECK(a.rows() == b.rows(), "concat: {} and {}", a.shape(), b.shape());
  Tensor y = p.alloc(a.rows(), a.cols() + b.cols());
  copy_in(p, y, a, 0);
  copy_in(p, y, b, a.cols());
  if (p.tape)
    p.tape->record({y}, [p, a, b, y](Grads& d) {
      add_out(p, d, a, d[y], 0);
      add_out(p, d, b, d[y], a.cols());
    });
  return y;
}

}  // namespace r1
