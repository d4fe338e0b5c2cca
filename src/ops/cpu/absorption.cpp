#include "ops/cpu/absorption.hpp"

#include <cstring>
#include <vector>

#include "core/q8_0.hpp"
#include "ops/cpu/attention_keys.hpp"
#include "ops/cpu/dequantize.hpp"
#include "ops/cpu/integer_product.hpp"

namespace r1 {
namespace {

// An absorption matrix in a type that the kernels read: the master if it is f32 or bf16, else a copy in f32 that stays
// with the weight.
struct AbsorptionMatrix {
  const std::byte* bytes;
  DType dtype;
  const std::byte* row(i64 r, i64 cols) const { return bytes + r * cols * bytes_per_element(dtype); }
};
AbsorptionMatrix absorption_matrix(const Pass& p, const Weight& w) {
  if (w.dtype() == DType::f32 || w.dtype() == DType::bf16) return {w.bytes(), w.dtype()};
  constexpr PackKey kF32Copy{255, 0, false};  // no level of kernels has this number
  return {w.pack(kF32Copy, w.size() * 4,
                 [&](std::byte* to) { dequantize(p.kernels, w, 0, w.rows(), reinterpret_cast<float*>(to)); }),
          DType::f32};
}

// How W_uk or W_uv is multiplied in integers: a matrix for every head, with `out` rows of `in` elements in Q8_0.
struct HeadBlocks {
  i64 heads, in, out;
  i64 row_bytes() const { return r1::row_bytes(DType::q8_0, in); }
  // Of a head. The matrices are packed for the level's kernels, if it has packs.
  i64 bytes(const Pass& p) const { return packed_bytes(p) ? packed_bytes(p) : out * row_bytes(); }
  i64 packed_bytes(const Pass& p) const { return p.kernels.block_dot.pack_bytes(DType::q8_0, in, out); }
};

// The blocks of every head, which stay with the weight. matrix(h, to) writes the matrix of a head, [out, in].
template <class F>
const std::byte* head_blocks(const Pass& p, const Weight& w, const HeadBlocks& b, const F& matrix) {
  constexpr u8 kHeadBlocks = 254;  // no format of the gemm kernels has this number
  const auto fill = [&](std::byte* to) {
    p.pool.run(b.heads, [&](i64 h, int) {
      std::vector<float> values(b.out * b.in);
      std::vector<std::byte> rows(b.out * b.row_bytes());
      matrix(h, values.data());
      for (i64 i = 0; i < b.out * b.in; i += kQ8Elements)
        encode_q8_0(reinterpret_cast<u8*>(rows.data()) + i / kQ8Elements * kQ8Bytes, values.data() + i);
      std::byte* const at = to + h * b.bytes(p);
      if (b.packed_bytes(p))
        p.kernels.block_dot.pack(DType::q8_0, at, rows.data(), b.row_bytes(), b.in, b.out, 0, b.out);
      else std::memcpy(at, rows.data(), rows.size());
    });
  };
  return w.pack({static_cast<u8>(p.kernels.level), kHeadBlocks, false}, b.heads * b.bytes(p), fill);
}

// y[i,h] = B[h] x[i,h] in integers.
void multiply_heads(const Pass& p, const HeadBlocks& b, const Tensor& x, const std::byte* blocks, const Tensor& y) {
  std::vector<IntegerProduct> products;
  for (i64 h = 0; h < b.heads; ++h)
    products.push_back({.type = DType::q8_0,
                        .w = {blocks + h * b.bytes(p), b.packed_bytes(p) > 0},
                        .n = b.out,
                        .k = b.in,
                        .a = {x.data() + h * b.in, x.cols()},
                        .rows = x.rows(),
                        .c = y.data() + h * b.out,
                        .ldc = y.cols()});
  multiply_integers(p, products);
}

bool in_integers(const Pass& p, i64 depth) { return p.numerics.integer_absorption && depth % kQ8Elements == 0; }

double work(const MlaDims& d, i64 rows, i64 head) { return static_cast<double>(rows * d.heads * d.kv_rank * head); }

}  // namespace

void absorb_queries(const Pass& p, const MlaDims& d, const Tensor& q, const Weight& w_uk, const Tensor& q_hat) {
  const i64 rank = d.kv_rank;
  if (in_integers(p, d.nope)) {
    const HeadBlocks b{d.heads, d.nope, rank};
    const auto columns = [&](i64 h, float* to) {
      std::vector<float> rows(d.nope * rank);
      dequantize(p.kernels, w_uk, h * d.nope, (h + 1) * d.nope, rows.data());
      for (i64 c = 0; c < rank; ++c)
        for (i64 i = 0; i < d.nope; ++i) *to++ = rows[i * rank + c];
    };
    return multiply_heads(p, b, q, head_blocks(p, w_uk, b, columns), q_hat);
  }
  const AbsorptionMatrix uk = absorption_matrix(p, w_uk);
  spread(p.pool, d.heads, work(d, q.rows(), d.nope), [&](i64 h, int) {
    p.kernels.attention.product(q_hat.data() + h * rank, q_hat.cols(), q.data() + h * d.nope, q.cols(),
                                uk.row(h * d.nope, rank), uk.dtype, rank, q.rows(), d.nope, rank);
  });
}

void expand_latents(const Pass& p, const MlaDims& d, const Tensor& z, const Weight& w_uv, const Tensor& o) {
  const i64 rank = d.kv_rank;
  if (in_integers(p, rank)) {
    const HeadBlocks b{d.heads, rank, d.v};
    const auto rows = [&](i64 h, float* to) { dequantize(p.kernels, w_uv, h * d.v, (h + 1) * d.v, to); };
    return multiply_heads(p, b, z, head_blocks(p, w_uv, b, rows), o);
  }
  const AbsorptionMatrix uv = absorption_matrix(p, w_uv);
  spread(p.pool, d.heads, work(d, z.rows(), d.v), [&](i64 h, int) {
    p.kernels.attention.product_transposed(o.data() + h * d.v, o.cols(), z.data() + h * rank, z.cols(),
                                           uv.row(h * d.v, rank), uv.dtype, rank, z.rows(), rank, d.v);
  });
}

}  // namespace r1
