// The absorbed products in integers: their distance from double precision, and that a row's bits are its own.
#include "ops/cpu/absorption.hpp"

#include "core/integer.hpp"
#include "ops/mla_case.hpp"

namespace r1 {
namespace {

constexpr MlaDims kShapes[] = {{1, 32, 0, 1, 32, 0}, {3, 64, 0, 7, 96, 0}, {5, 160, 0, 33, 288, 0}};

// The largest error of Σ x_i w_i, n elements `step` apart in w, if both are rounded to 8 bits in blocks of 32. A block
// with the largest magnitude m has the step m / 127, so rounding moves an element by at most m / 254. The scale of the
// weights is rounded to f16 too: by at most 2^-11 of itself, or 2^-25 where f16 is subnormal, and a quant is at most
// 127. One percent covers the rounding of the quotients. The sum itself is exact in a block; between blocks it loses at
// most (blocks + 4) units of f32.
double product_bound(const float* x, const float* w, i64 n, i64 step) {
  double bound = 0, size = 0;
  for (i64 b = 0; b < n; b += 32) {
    double mx = 0, mw = 0;
    for (i64 i = b; i < b + 32; ++i) {
      mx = std::max(mx, std::abs(static_cast<double>(x[i])));
      mw = std::max(mw, std::abs(static_cast<double>(w[i * step])));
    }
    const double ex = 1.01 * mx / 254, ew = 1.01 * mw / 254 + mw * 0x1p-11 + 127 * 0x1p-25;
    for (i64 i = b; i < b + 32; ++i) {
      const double ax = std::abs(static_cast<double>(x[i])), aw = std::abs(static_cast<double>(w[i * step]));
      bound += ax * ew + aw * ex + ex * ew;
      size += (ax + ex) * (aw + ew);
    }
  }
  return bound + size * static_cast<double>(n / 32 + 4) * 0x1p-24;
}

double dot(const float* x, const float* w, i64 n, i64 step) {
  double sum = 0;
  for (i64 i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(w[i * step]);
  return sum;
}

// Both products for `rows` rows.
struct Products {
  Tensor q, z, q_hat, o;
};
Products products(OpTest& test, const MlaDims& d, const Weight& w_uk, const Weight& w_uv, i64 rows, bool integers) {
  Pass p = test.pass();
  p.numerics.integer_absorption = integers;
  Products x{test.tensor(rows, d.heads * d.nope, 1), test.tensor(rows, d.heads * d.kv_rank, 2),
             p.alloc(rows, d.heads * d.kv_rank), p.alloc(rows, d.heads * d.v)};
  absorb_queries(p, d, x.q, w_uk, x.q_hat);
  expand_latents(p, d, x.z, w_uv, x.o);
  return x;
}

TEST(Absorption, IntegersStayWithinTheRoundingOfTheirBlocksAtEveryLevel) {
  for (const MlaDims& d : kShapes) {
    const Weight w_uk = test_weight("w_uk", d.heads * d.nope, d.kv_rank, 1, 0.1);
    const Weight w_uv = test_weight("w_uv", d.heads * d.v, d.kv_rank, 2, 0.1);
    for (const cpu::Kernels* k : cpu::levels())
      for (const i64 rows : {1, 2, 5, 17}) {
        OpTest test(*k);
        const Products x = products(test, d, w_uk, w_uv, rows, true);
        double worst_q = 0, worst_o = 0;
        const auto check = [&](double& worst, float got, const float* a, const float* w, i64 n, i64 step) {
          const double error = std::abs(static_cast<double>(got) - dot(a, w, n, step));
          worst = std::max(worst, error / product_bound(a, w, n, step));
        };
        for (i64 t = 0; t < rows; ++t)
          for (i64 h = 0; h < d.heads; ++h) {
            for (i64 c = 0; c < d.kv_rank; ++c)
              check(worst_q, x.q_hat.row(t)[h * d.kv_rank + c], x.q.row(t) + h * d.nope,
                    w_uk.f32() + h * d.nope * d.kv_rank + c, d.nope, d.kv_rank);
            for (i64 i = 0; i < d.v; ++i)
              check(worst_o, x.o.row(t)[h * d.v + i], x.z.row(t) + h * d.kv_rank,
                    w_uv.f32() + (h * d.v + i) * d.kv_rank, d.kv_rank, 1);
          }
        EXPECT_LE(std::max(worst_q, worst_o), 1) << k->name << " rank " << d.kv_rank << ", " << rows << " rows";
        EXPECT_GT(std::min(worst_q, worst_o), 0.01) << k->name << ": 8 bits cannot be so exact";
      }
  }
}

TEST(Absorption, ARowInIntegersDoesNotDependOnNeighboursOrThreads) {
  const MlaDims d = kShapes[2];
  const Weight w_uk = test_weight("w_uk", d.heads * d.nope, d.kv_rank, 1);
  const Weight w_uv = test_weight("w_uv", d.heads * d.v, d.kv_rank, 2);
  for (const cpu::Kernels* k : cpu::levels()) {
    OpTest test(*k), threaded(*k, 3);
    const Products all = products(test, d, w_uk, w_uv, 70, true), same = products(threaded, d, w_uk, w_uv, 70, true);
    EXPECT_TRUE(same_bits(all.q_hat, same.q_hat) && same_bits(all.o, same.o)) << k->name;
    const Products one = products(test, d, w_uk, w_uv, 1, true);
    EXPECT_TRUE(same_bits(all.q_hat.row(0), one.q_hat.row(0), d.heads * d.kv_rank)) << k->name;
    EXPECT_TRUE(same_bits(all.o.row(0), one.o.row(0), d.heads * d.v)) << k->name;
  }
}

TEST(Absorption, SumsThatBlocksDoNotDivideKeepTheBitsOfF32) {
  const MlaDims d{3, 33, 0, 7, 40, 0};
  const Weight w_uk = test_weight("w_uk", d.heads * d.nope, d.kv_rank, 1);
  const Weight w_uv = test_weight("w_uv", d.heads * d.v, d.kv_rank, 2);
  OpTest test;
  const Products floats = products(test, d, w_uk, w_uv, 4, false), integers = products(test, d, w_uk, w_uv, 4, true);
  EXPECT_TRUE(same_bits(floats.q_hat, integers.q_hat) && same_bits(floats.o, integers.o));
}

TEST(Absorption, NewValuesOfAWeightReachItsBlocks) {
  const MlaDims d = kShapes[1];
  const Weight w_uk = test_weight("w_uk", d.heads * d.nope, d.kv_rank, 1);
  const Weight w_uv = test_weight("w_uv", d.heads * d.v, d.kv_rank, 2);
  OpTest test;
  const Products before = products(test, d, w_uk, w_uv, 1, true);
  for (const Weight& w : {w_uk, w_uv}) {
    for (i64 i = 0; i < w.size(); ++i) w.f32()[i] *= 2;
    w.bump();
  }
  const Products after = products(test, d, w_uk, w_uv, 1, true);
  for (const auto& [a, b] : {std::pair{before.q_hat, after.q_hat}, std::pair{before.o, after.o}})
    for (i64 i = 0; i < a.size(); ++i) EXPECT_EQ(2 * a.data()[i], b.data()[i]);  // twice the scales, the same quants
}

TEST(Absorption, AWeightThatIsNoNumberGivesNone) {
  const MlaDims d = kShapes[0];
  const Weight w_uk = test_weight("w_uk", d.heads * d.nope, d.kv_rank, 1);
  const Weight w_uv = test_weight("w_uv", d.heads * d.v, d.kv_rank, 2);
  w_uk.f32()[5] = NAN, w_uv.f32()[7] = INFINITY;
  OpTest test;
  const Products x = products(test, d, w_uk, w_uv, 1, true);
  EXPECT_TRUE(std::isnan(x.q_hat.row(0)[5]) && std::isnan(x.o.row(0)[0]));
  EXPECT_FALSE(std::isnan(x.q_hat.row(0)[6]));
}

// The whole op with integers against the op without. An error of q̂ moves a score by at most
// δ = scale · Σ_r |δq̂_r c_jr|, so every probability changes by a factor within e^±2δ with the largest δ of all keys,
// and z by at most (e^2δ − 1) Σ_j p_j |c_jr|. The second product adds its own bound. The rounding of f32 on both sides
// is below a hundredth of this.
TEST(Absorption, GeneratedTokensStayWithinTheBoundOfBothProducts) {
  const MlaDims d{2, 32, 6, 9, 64, 0};
  MlaCase x(d, {130});
  x.sequences[0].prompt = 0;
  const MlaSequence& s = x.sequences[0];
  const Numerics exact{DType::f32, DType::f32, MlaForm::mixed};
  Numerics integers = exact;
  integers.integer_absorption = true;
  for (const cpu::Kernels* k : cpu::levels()) {
    const auto want = run_mla(x, {*k, exact}, whole(x)), got = run_mla(x, {*k, integers}, whole(x));
    double worst = 0, error = 0, size = 0;
    for (i64 t = 0; t < s.length; ++t)
      for (i64 h = 0; h < d.heads; ++h) {
        const float *q = s.q_c.data() + (t * d.heads + h) * d.nope, *q_r = s.q_r.data() + (t * d.heads + h) * d.rope;
        const float* uk = x.w_uk.f32() + h * d.nope * d.kv_rank;
        std::vector<double> q_hat, dq, p;
        for (i64 r = 0; r < d.kv_rank; ++r) {
          q_hat.push_back(dot(q, uk + r, d.nope, d.kv_rank));
          dq.push_back(product_bound(q, uk + r, d.nope, d.kv_rank));
        }
        double delta = 0, sum = 0;
        for (i64 j = 0; j <= t; ++j) {
          const float* c = s.c.data() + j * d.kv_rank;
          double score = dot(q_r, s.k_r.data() + j * d.rope, d.rope, 1), moved = 0;
          for (i64 r = 0; r < d.kv_rank; ++r) {
            score += q_hat[r] * static_cast<double>(c[r]);
            moved += dq[r] * std::abs(static_cast<double>(c[r]));
          }
          delta = std::max(delta, static_cast<double>(x.d.scale) * moved);
          sum += p.emplace_back(std::exp(static_cast<double>(x.d.scale) * score));
        }
        std::vector<float> z(d.kv_rank), dz(d.kv_rank);
        for (i64 r = 0; r < d.kv_rank; ++r) {
          double value = 0, magnitude = 0;
          for (i64 j = 0; j <= t; ++j) {
            const double c = static_cast<double>(s.c[j * d.kv_rank + r]);
            value += p[j] / sum * c, magnitude += p[j] / sum * std::abs(c);
          }
          dz[r] = static_cast<float>(std::expm1(2 * delta) * magnitude);
          z[r] = static_cast<float>(std::abs(value)) + dz[r];
        }
        for (i64 i = 0; i < d.v; ++i) {
          const float* uv = x.w_uv.f32() + (h * d.v + i) * d.kv_rank;
          double bound = product_bound(z.data(), uv, d.kv_rank, 1);
          for (i64 r = 0; r < d.kv_rank; ++r)
            bound += static_cast<double>(dz[r]) * std::abs(static_cast<double>(uv[r]));
          const auto at = static_cast<size_t>((t * d.heads + h) * d.v + i);
          const double difference = static_cast<double>(got[0][at]) - static_cast<double>(want[0][at]);
          worst = std::max(worst, std::abs(difference) / bound);
          error += difference * difference, size += static_cast<double>(want[0][at]) * static_cast<double>(want[0][at]);
        }
      }
    EXPECT_LE(worst, 1) << k->name;
    // Rounding to 127 steps of the largest of 32 normal numbers, which is about 2.5, moves each by 0.6 % of their
    // spread. Weights and activations do so in both products: 1.2 % together. The softmax is not more sensitive,
    // because scores spread over about 2.
    EXPECT_LT(std::sqrt(error / size), 0.02) << k->name;
  }
}

TEST(Absorption, ChunksAndNeighboursDoNotChangeGeneratedTokens) {
  MlaCase x({3, 32, 6, 7, 64, 0}, {1, 20, 63, 64, 65, 130});
  for (MlaSequence& s : x.sequences) s.prompt = (s.length + 1) / 2;
  Numerics n{DType::f32, DType::bf16, MlaForm::mixed};
  n.integer_absorption = true;
  for (const cpu::Kernels* k : cpu::levels()) {
    const auto want = run_mla(x, {.kernels = *k, .numerics = n}, whole(x));
    for (const i64 size : {1, 33, 64})
      EXPECT_TRUE(same_bits(
          want, run_mla(x, {.kernels = *k, .numerics = n, .cached = true, .threads = 2}, in_chunks(x, size))));
  }
}

}  // namespace
}  // namespace r1
