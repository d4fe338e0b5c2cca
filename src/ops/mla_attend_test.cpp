// mla_attend against its formula in double precision, and its gradients against differences of that formula.
#include "ops/mla_case.hpp"

namespace r1 {
namespace {

constexpr double kUnit = 0x1p-24;  // half a unit in the last place of f32
constexpr double kBf16 = 0x1p-9;   // of bf16

using Doubles = std::vector<double>;
Doubles widened(const std::vector<float>& x) { return {x.begin(), x.end()}; }
Doubles widened(const Weight& w) { return {w.f32(), w.f32() + w.size()}; }

// One sequence in double.
struct Reference {
  MlaDims d;
  i64 length = 0;
  Doubles q_c, q_r, c, k_r, w_uk, w_uv;

  Reference(const MlaCase& x, const MlaSequence& s)
      : d(x.d),
        length(s.length),
        q_c(widened(s.q_c)),
        q_r(widened(s.q_r)),
        c(widened(s.c)),
        k_r(widened(s.k_r)),
        w_uk(widened(x.w_uk)),
        w_uv(widened(x.w_uv)) {}

  static double at(const Doubles& x, i64 i) { return x[i]; }
  // Σ_r c[j,r] w[row,r], and the same of absolute values.
  std::pair<double, double> expand(const Doubles& w, i64 row, i64 j) const {
    double sum = 0, size = 0;
    for (i64 r = 0; r < d.kv_rank; ++r) {
      const double term = at(w, row * d.kv_rank + r) * at(c, j * d.kv_rank + r);
      sum += term, size += std::abs(term);
    }
    return {sum, size};
  }
  // The result and, in `*bound`, the largest error that f32 may have. kv_unit is half a unit in the last place of the
  // type that k and v are rounded to, 0 for f32.
  Doubles forward(double kv_unit = 0, Doubles* bound = nullptr) const;
};

// A sum of n products loses at most (n + 1) u Σ|terms|, in whatever order it is formed. With terms of size |q||c||w|
// the error of a score is at most δ = scale · Σ|..| · ((rank + nope + rope + 4) u + kv unit), and that of e^score a
// factor 1 ± 2δ for δ < 1/2. p is a quotient of sums of these, with an error of 4δ + (keys + 8 + merges) u. The
// rounding of v and the sum over keys come on top.
Doubles Reference::forward(double kv_unit, Doubles* bound) const {
  Doubles o(length * d.heads * d.v);
  if (bound) bound->assign(o.size(), 0);
  const auto n = static_cast<double>(d.kv_rank + d.nope + d.rope + 4);
  for (i64 h = 0; h < d.heads; ++h) {
    Doubles k(length * d.nope), v(length * d.v), k_size = k, v_size = v;
    for (i64 j = 0; j < length; ++j) {
      for (i64 i = 0; i < d.nope; ++i)
        std::tie(k[j * d.nope + i], k_size[j * d.nope + i]) = expand(w_uk, h * d.nope + i, j);
      for (i64 i = 0; i < d.v; ++i) std::tie(v[j * d.v + i], v_size[j * d.v + i]) = expand(w_uv, h * d.v + i, j);
    }
    for (i64 t = 0; t < length; ++t) {
      Doubles p(t + 1);
      double delta = 0, sum = 0, top = -1e300;
      for (i64 j = 0; j <= t; ++j) {
        double s = 0, size = 0;
        for (i64 i = 0; i < d.nope; ++i) {
          const double q = at(q_c, (t * d.heads + h) * d.nope + i);
          s += q * at(k, j * d.nope + i), size += std::abs(q) * at(k_size, j * d.nope + i);
        }
        for (i64 i = 0; i < d.rope; ++i) {
          const double term = at(q_r, (t * d.heads + h) * d.rope + i) * at(k_r, j * d.rope + i);
          s += term, size += std::abs(term);
        }
        p[j] = s * static_cast<double>(d.scale);
        top = std::max(top, p[j]);
        delta = std::max(delta, static_cast<double>(d.scale) * size * (n * kUnit + kv_unit));
      }
      for (double& x : p) sum += x = std::exp(x - top);
      for (i64 i = 0; i < d.v; ++i) {
        double y = 0, size = 0;
        for (i64 j = 0; j <= t; ++j) {
          y += p[j] / sum * at(v, j * d.v + i);
          size += p[j] / sum * at(v_size, j * d.v + i);
        }
        const auto to = static_cast<size_t>((t * d.heads + h) * d.v + i);
        o[to] = y;
        if (bound) (*bound)[to] = size * (4 * delta + kv_unit + (2.0 * static_cast<double>(t) + n + 20) * kUnit);
      }
    }
  }
  return o;
}

void expect_within(const MlaCase& x, const std::vector<std::vector<float>>& got, double kv_unit) {
  for (size_t s = 0; s < got.size(); ++s) {
    Doubles bound;
    const Doubles want = Reference(x, x.sequences[s]).forward(kv_unit, &bound);
    double worst = 0;
    for (size_t i = 0; i < want.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(got[s][i]) - want[i]) / bound[i]);
    EXPECT_LE(worst, 1) << "times the bound; sequence of " << x.sequences[s].length;
  }
}

const MlaDims kShapes[] = {
    {1, 1, 2, 1, 1, 0}, {2, 16, 8, 16, 32, 0}, {3, 5, 6, 7, 9, 0}, {5, 33, 18, 21, 37, 0}, {4, 64, 32, 65, 48, 0}};
const std::vector<i64> kLengths{1, 17, 64, 65, 129, 150};

TEST(MlaAttend, BothFormsMatchTheFormulaAtEveryLevel) {
  for (const MlaDims& d : kShapes) {
    MlaCase x(d, kLengths);
    for (const MlaForm form : {MlaForm::expanded, MlaForm::mixed})
      for (const DType kv : {DType::f32, DType::bf16})
        for (const cpu::Kernels* k : cpu::levels()) {
          SCOPED_TRACE(fmt::format("{} heads {} nope {} kv {} {}", k->name, d.heads, d.nope, name_of(kv),
                                   form == MlaForm::mixed ? "absorbed" : "expanded"));
          for (MlaSequence& s : x.sequences) s.prompt = form == MlaForm::mixed ? 0 : s.length;
          const Numerics n{DType::f32, kv, form};
          expect_within(x, run_mla(x, {*k, n}, whole(x)), kv == DType::bf16 ? kBf16 : 0);
        }
  }
}

TEST(MlaAttend, MixedRolesMatchTheFormulaThroughTheCache) {
  MlaCase x({3, 5, 6, 7, 9, 0}, kLengths);
  for (MlaSequence& s : x.sequences) s.prompt = s.length / 3;
  for (const cpu::Kernels* k : cpu::levels())
    expect_within(x,
                  run_mla(x, {.kernels = *k, .numerics = {DType::f32, DType::f32, MlaForm::mixed}, .cached = true},
                          in_chunks(x, 50)),
                  0);
}

// Absorption reads bf16 and f16 masters too. The weights of this test are exact in f32, bf16 and f16.
TEST(MlaAttend, AbsorbedReadsHalfPrecisionMasters) {
  MlaCase x({2, 16, 8, 16, 24, 0}, {70});
  x.sequences[0].prompt = 0;
  for (const Weight& w : {x.w_uk, x.w_uv})
    for (i64 i = 0; i < w.size(); ++i) w.f32()[i] = std::round(w.f32()[i] * 64) / 64;
  const MlaRun how{cpu::active(), {DType::f32, DType::f32, MlaForm::mixed}};
  const auto want = run_mla(x, how, whole(x));
  for (const DType t : {DType::bf16, DType::f16}) {
    MlaCase y = x;
    std::vector<std::vector<u16>> memory;
    for (Weight* w : {&y.w_uk, &y.w_uv}) {
      memory.emplace_back();
      for (i64 i = 0; i < w->size(); ++i)
        memory.back().push_back(t == DType::bf16 ? bf16_from_f32(w->f32()[i]) : f16_from_f32(w->f32()[i]));
    }
    y.w_uk =
        Weight::frozen("w_uk", t, x.w_uk.rows(), x.w_uk.cols(), reinterpret_cast<std::byte*>(memory[0].data()), {});
    y.w_uv =
        Weight::frozen("w_uv", t, x.w_uv.rows(), x.w_uv.cols(), reinterpret_cast<std::byte*>(memory[1].data()), {});
    EXPECT_TRUE(same_bits(want, run_mla(y, how, whole(y)))) << name_of(t);
  }
}

// ---- gradients ---------------------------------------------------------------------------------------------------

// Gradients of Σ weight_i o_i over all sequences: those of every input, with the sequences end to end, then those of
// the two weights.
std::vector<std::vector<float>> gradients(const MlaCase& x, const cpu::Kernels& k, const Doubles& weight, int threads,
                                          DType kv = DType::f32) {
  OpTest test(k, threads);
  Tape tape(test.arena);
  test.batch = Batch();
  std::vector<Chunk> chunks = whole(x)[0];
  for (const Chunk& c : chunks) test.batch.add_sequence(std::vector<i32>(c.end));
  Pass p = test.pass(&tape);
  p.numerics.kv = kv;
  const MlaDims& d = x.d;
  const Tensor q_c = p.alloc(test.batch.rows(), d.heads * d.nope), q_r = p.alloc(test.batch.rows(), d.heads * d.rope);
  const Tensor c = p.alloc(test.batch.rows(), d.kv_rank), k_r = p.alloc(test.batch.rows(), d.rope);
  gather(x, chunks, &MlaSequence::q_c, q_c.cols(), q_c), gather(x, chunks, &MlaSequence::q_r, q_r.cols(), q_r);
  gather(x, chunks, &MlaSequence::c, c.cols(), c), gather(x, chunks, &MlaSequence::k_r, k_r.cols(), k_r);
  x.w_uk.clear_grad(), x.w_uv.clear_grad();
  const Tensor o = mla_attend(p, 0, d, q_c, q_r, c, k_r, x.w_uk, x.w_uv), d_o = p.alloc(o.rows(), o.cols());
  for (i64 i = 0; i < o.size(); ++i) d_o.data()[i] = static_cast<float>(weight[i]);
  run_backward(tape, o, d_o);
  std::vector<std::vector<float>> all;
  for (const Tensor& t : {q_c, q_r, c, k_r}) {
    const Tensor g = tape.grads()[t];
    all.emplace_back(g.data(), g.data() + g.size());
  }
  for (const Weight& w : {x.w_uk, x.w_uv}) all.emplace_back(w.grad(), w.grad() + w.size());
  return all;
}

Doubles loss_weights(i64 n) {
  Random random(3, Purpose::test, 77);
  Doubles w(n);
  for (double& x : w) x = static_cast<double>(static_cast<float>(random.normal()));
  return w;
}

// Differences in double with h = 1e-5 have errors of about 1e-9. A gradient is a chain of sums over keys, rows, heads
// and features, with at most n = length + heads · (nope + rope + v) + rank terms in f32, so its error is at most n u
// Σ|terms|. In these cases Σ|terms| stays below 16 times the largest gradient.
TEST(MlaAttend, GradientsOfEveryInputMatchDifferencesInDouble) {
  for (const MlaDims& d : {MlaDims{2, 3, 2, 5, 4, 0}, MlaDims{1, 4, 4, 3, 5, 0}}) {
    const MlaCase x(d, {70});
    const Doubles weight = loss_weights(70 * d.heads * d.v);
    Reference reference(x, x.sequences[0]);
    const auto loss = [&] {
      const Doubles o = reference.forward();
      return std::inner_product(o.begin(), o.end(), weight.begin(), 0.0);
    };
    std::vector<Doubles> want;
    for (Doubles* input :
         {&reference.q_c, &reference.q_r, &reference.c, &reference.k_r, &reference.w_uk, &reference.w_uv}) {
      want.emplace_back();
      for (double& value : *input) {
        constexpr double kStep = 1e-5;
        const double old = value;
        value = old + kStep;
        const double up = loss();
        value = old - kStep;
        want.back().push_back((up - loss()) / (2 * kStep));
        value = old;
      }
    }
    const double n = static_cast<double>(70 + d.heads * (d.nope + d.rope + d.v) + d.kv_rank);
    for (const cpu::Kernels* k : cpu::levels()) {
      const auto got = gradients(x, *k, weight, 1);
      for (size_t part = 0; part < want.size(); ++part) {
        ASSERT_EQ(got[part].size(), want[part].size());
        double largest = 0;
        for (const double g : want[part]) largest = std::max(largest, std::abs(g));
        for (size_t i = 0; i < want[part].size(); ++i)
          EXPECT_NEAR(static_cast<double>(got[part][i]), want[part][i], 16 * n * kUnit * largest)
              << k->name << " input " << part << " element " << i;
      }
    }
  }
}

TEST(MlaAttend, GradientsDoNotDependOnThreadsOrNeighbours) {
  const MlaDims d{3, 5, 6, 7, 9, 0};
  const MlaCase x(d, {20, 1, 100, 150}), alone(d, {20});
  const Doubles weight = loss_weights(271 * d.heads * d.v);
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType kv : {DType::f32, DType::bf16, DType::q8_0}) {
      const auto one = gradients(x, *k, weight, 1, kv), three = gradients(x, *k, weight, 3, kv);
      EXPECT_TRUE(same_bits(one, three)) << k->name;
      const auto first = gradients(alone, *k, weight, 1, kv);
      for (size_t part = 0; part < 4; ++part)  // not of the weights, whose gradients are sums over all sequences
        EXPECT_TRUE(same_bits(one[part].data(), first[part].data(), static_cast<i64>(first[part].size()))) << k->name;
    }
}

}  // namespace
}  // namespace r1
