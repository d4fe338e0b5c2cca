// What ops over rows share: how the threads of a pass split rows, and sums of rows.
#pragma once
#include <span>

#include "core/pass.hpp"
#include "core/weight.hpp"

namespace r1 {

// The least number of elements for a thread: with fewer, a fork costs more than it saves. One decoded token never
// forks.
inline constexpr i64 kForkElements = 32768;

// Calls f(begin, end) over [0, rows), where a row touches about `cost` elements. What f computes must not depend on how
// the rows are split.
template <class F>
void for_rows(const Pass& p, i64 rows, i64 cost, F&& f) {
  const i64 grain = kForkElements / (cost > 0 ? cost : 1) + 1;
  p.pool.ranges(rows, grain, [&](i64 begin, i64 end, int) { f(begin, end); });
}

// dst[rows[i]] += src[i] for ascending i; `rows` may repeat. src [rows.size(), cols], dst [*, cols]. The threads split
// columns, so their number does not change the order of the sums.
void scatter_rows(const Pass& p, float* dst, const float* src, std::span<const i32> rows, i64 cols);

// dst [cols] += Σ of the rows of src, ascending. The threads split columns.
void add_rows(const Pass& p, float* dst, const Tensor& src);

// Adds `src` to the gradient of x.
void accumulate(const Pass& p, Grads& d, const Tensor& x, const Tensor& src);

// A gradient to which the tasks of a backward function add. If it is new, each task first clears the rows that it adds
// to: they are then in its cache, and no thread waits for another to clear all of them.
class GradientRows {
 public:
  GradientRows() = default;  // of no tensor
  GradientRows(Grads& d, const Tensor& x);
  explicit GradientRows(const Tensor& fresh) : gradient_(fresh), has_values_(false) {}
  // Rows [begin, end), ready for a kernel that adds to them. To be called once for every row.
  float* ready(i64 begin, i64 end) const;
  // The same for columns [column, column + width) of these rows.
  float* ready(i64 begin, i64 end, i64 column, i64 width) const;
  i64 stride() const { return gradient_.cols(); }

 private:
  Tensor gradient_;
  bool has_values_ = true;
};

// The elements of a vector weight as f32: the master itself, or a copy in f32 that `*copy` keeps.
const float* vector_f32(const Pass& p, const Weight& w, Tensor* copy);

}  // namespace r1
