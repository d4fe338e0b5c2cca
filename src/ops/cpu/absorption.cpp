#include "ops/cpu/absorption.hpp"

#include "core/q8_0.hpp"
#include "ops/cpu/attention_keys.hpp"
#include "ops/cpu/dequantize.hpp"
#include "ops/cpu/integer_product.hpp"

namespace r1 {
namespace {

// The packs of this file belong to no level of kernels: no level has this number.
constexpr u8 kNoLevel = 255;
constexpr PackKey kF32Copy{kNoLevel, 0, false}, kQ8Rows{kNoLevel, 1, false}, kQ8Columns{kNoLevel, 1, true};

// An absorption matrix in a type that the kernels read: the master if it is f32 or bf16, else a copy in f32 that stays
// with the weight.
struct AbsorptionMatrix {
  const std::byte* bytes;
  DType dtype;
  const std::byte* row(i64 r, i64 cols) const { return bytes + r * cols * bytes_per_element(dtype); }
};
AbsorptionMatrix absorption_matrix(const Pass& p, const Weight& w) {
  if (w.dtype() == DType::f32 || w.dtype() == DType::bf16) return {w.bytes(), w.dtype()};
  return {w.pack(kF32Copy, w.size() * 4,
                 [&](std::byte* to) { dequantize(p.kernels, w, 0, w.rows(), reinterpret_cast<float*>(to)); }),
          DType::f32};
}

void encode_row(std::byte* to, const float* x, i64 n) {
  for (i64 i = 0; i < n; i += kQ8Elements, to += kQ8Bytes) encode_q8_0(reinterpret_cast<u8*>(to), x + i);
}

// The rows of w in Q8_0.
const std::byte* q8_rows(const Pass& p, const Weight& w) {
  const i64 cols = w.cols(), row = row_bytes(DType::q8_0, cols);
  return w.pack(kQ8Rows, w.rows() * row, [&](std::byte* to) {
    p.pool.run(w.rows(), [&](i64 r, int) {
      std::vector<float> values(cols);
      dequantize(p.kernels, w, r, r + 1, values.data());
      encode_row(to + r * row, values.data(), cols);
    });
  });
}

// The columns of every head of w in Q8_0: row h·cols + c holds column c of the `depth` rows of head h.
const std::byte* q8_columns(const Pass& p, const Weight& w, i64 depth) {
  const i64 cols = w.cols(), row = row_bytes(DType::q8_0, depth);
  return w.pack(kQ8Columns, w.rows() / depth * cols * row, [&](std::byte* to) {
    p.pool.run(w.rows() / depth, [&](i64 h, int) {
      std::vector<float> values(depth * cols), column(depth);
      dequantize(p.kernels, w, h * depth, (h + 1) * depth, values.data());
      for (i64 c = 0; c < cols; ++c) {
        for (i64 i = 0; i < depth; ++i) column[i] = values[i * cols + c];
        encode_row(to + (h * cols + c) * row, column.data(), depth);
      }
    });
  });
}

// y[i,h] = B[h] x[i,h] in integers, where B has `out` rows of `in` elements for every head.
void multiply_heads(const Pass& p, i64 heads, const Tensor& x, const std::byte* b, i64 in, i64 out, const Tensor& y) {
  std::vector<IntegerProduct> products;
  for (i64 h = 0; h < heads; ++h)
    products.push_back({.type = DType::q8_0,
                        .w = b + h * out * row_bytes(DType::q8_0, in),
                        .n = out,
                        .k = in,
                        .a = {x.data() + h * in, x.cols()},
                        .rows = x.rows(),
                        .c = y.data() + h * out,
                        .ldc = y.cols()});
  multiply_integers(p, products);
}

bool in_integers(const Pass& p, i64 depth) { return p.numerics.integer_absorption && depth % kQ8Elements == 0; }

double work(const MlaDims& d, i64 rows, i64 head) { return static_cast<double>(rows * d.heads * d.kv_rank * head); }

}  // namespace

void absorb_queries(const Pass& p, const MlaDims& d, const Tensor& q, const Weight& w_uk, const Tensor& q_hat) {
  const i64 rank = d.kv_rank;
  if (in_integers(p, d.nope)) return multiply_heads(p, d.heads, q, q8_columns(p, w_uk, d.nope), d.nope, rank, q_hat);
  const AbsorptionMatrix uk = absorption_matrix(p, w_uk);
  spread(p.pool, d.heads, work(d, q.rows(), d.nope), [&](i64 h, int) {
    p.kernels.attention.product(q_hat.data() + h * rank, q_hat.cols(), q.data() + h * d.nope, q.cols(),
                                uk.row(h * d.nope, rank), uk.dtype, rank, q.rows(), d.nope, rank);
  });
}

void expand_latents(const Pass& p, const MlaDims& d, const Tensor& z, const Weight& w_uv, const Tensor& o) {
  const i64 rank = d.kv_rank;
  if (in_integers(p, rank)) return multiply_heads(p, d.heads, z, q8_rows(p, w_uv), rank, d.v, o);
  const AbsorptionMatrix uv = absorption_matrix(p, w_uv);
  spread(p.pool, d.heads, work(d, z.rows(), d.v), [&](i64 h, int) {
    p.kernels.attention.product_transposed(o.data() + h * d.v, o.cols(), z.data() + h * rank, z.cols(),
                                           uv.row(h * d.v, rank), uv.dtype, rank, z.rows(), rank, d.v);
  });
}

}  // namespace r1
