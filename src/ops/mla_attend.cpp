// Multi-head latent attention: the choice of the form. The expanded form is attention per head (attend.cpp) over keys
// and values made from the latents.
#include "ops/cpu/attention_keys.hpp"

namespace r1 {
namespace {

void check_shapes(const Pass& p, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                  const Tensor& k_r, const Weight& w_uk, const Weight& w_uv) {
  const i64 rows = p.batch.rows();
  const auto is = [&](const Tensor& x, i64 cols) { return x.rows() == rows && x.cols() == cols; };
  R1_CHECK(is(q_c, d.heads * d.nope) && is(q_r, d.heads * d.rope) && is(c, d.kv_rank) && is(k_r, d.rope),
           "mla_attend: q_c {} q_r {} c {} k_r {} against {} rows, {} heads of {} + {}, rank {}", q_c.shape(),
           q_r.shape(), c.shape(), k_r.shape(), rows, d.heads, d.nope, d.rope, d.kv_rank);
  R1_CHECK(w_uk.rows() == d.heads * d.nope && w_uk.cols() == d.kv_rank && w_uv.rows() == d.heads * d.v &&
               w_uv.cols() == d.kv_rank,
           "mla_attend: w_uk {} w_uv {} against {} heads of {}, {}, rank {}", w_uk.shape(), w_uv.shape(), d.heads,
           d.nope, d.v, d.kv_rank);
  R1_CHECK(!p.tape || (!p.kv && p.numerics.mla == MlaForm::expanded), "mla_attend: only the expanded form trains");
  check_positions(p, "mla_attend");
}

}  // namespace

Tensor mla_attend(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                  const Tensor& k_r, const Weight& w_uk, const Weight& w_uv) {
  check_shapes(p, d, q_c, q_r, c, k_r, w_uk, w_uv);
  if (p.numerics.mla == MlaForm::mixed) return mla_attend_mixed(p, layer, d, q_c, q_r, c, k_r, w_uk, w_uv);
  const Tensor k_c = linear(p, c, w_uk), v = linear(p, c, w_uv);
  return attend_heads(p, layer, {d.heads, d.heads, d.nope, d.rope, d.v, d.scale}, q_c, q_r, k_c, k_r, v);
}

}  // namespace r1
