// How ops split rows over the threads of a pass, and what several of them do with rows.
#pragma once
#include <span>

#include "core/pass.hpp"
#include "core/weight.hpp"

namespace r1 {

// Elements a thread should have at least: below this a fork costs more than it saves. One decoded token never forks.
inline constexpr i64 kForkElements = 32768;

// f(begin, end) over [0, rows); each row touches about `cost` elements. f's result must not depend on the split.
template <class F>
void for_rows(const Pass& p, i64 rows, i64 cost, F&& f) {
  const i64 grain = kForkElements / (cost > 0 ? cost : 1) + 1;
  p.pool.ranges(rows, grain, [&](i64 begin, i64 end, int) { f(begin, end); });
}

// dst[rows[i]] += src[i] for ascending i; rows may repeat. Threads split columns, so the order is the same for any
// number of them. src [rows.size(), cols], dst [*, cols].
void scatter_rows(const Pass& p, float* dst, const float* src, std::span<const i32> rows, i64 cols);

// dst [cols] += Σ of src's rows, ascending. Threads split columns.
void add_rows(const Pass& p, float* dst, const Tensor& src);

// dst += src.
void accumulate(const Pass& p, const Tensor& dst, const Tensor& src);

// The elements of a vector weight as f32: the master, or a widened copy that `*copy` keeps.
const float* vector_f32(const Pass& p, const Weight& w, Tensor* copy);

}  // namespace r1
