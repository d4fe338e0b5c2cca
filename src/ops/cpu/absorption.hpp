// The two products that the absorbed form of latent attention has in place of keys and values per head.
#pragma once
#include "core/pass.hpp"
#include "ops/ops.hpp"

namespace r1 {

// q_hat[i,h] = W_uk[h]ᵀ q[i,h]. q [n, heads·nope], w_uk [heads·nope, kv_rank] → q_hat [n, heads·kv_rank].
void absorb_queries(const Pass& p, const MlaDims& d, const Tensor& q, const Weight& w_uk, const Tensor& q_hat);

// o[i,h] = W_uv[h] z[i,h]. z [n, heads·kv_rank], w_uv [heads·v, kv_rank] → o [n, heads·v].
void expand_latents(const Pass& p, const MlaDims& d, const Tensor& z, const Weight& w_uv, const Tensor& o);

}  // namespace r1
