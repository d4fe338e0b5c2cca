#include "core/half.hpp"
#include "core/random_blocks.hpp"
#include "ops/op_test.hpp"

namespace r1 {
namespace {

double rounded(float x, DType matmul) {
  return static_cast<double>(matmul == DType::f32 ? x : f32_from_bf16(bf16_from_f32(x)));
}

// The bound of |c − want| for a sum of `terms` products, each rounded twice, whose absolute values add up to `norm`.
double rounding(double norm, i64 terms) { return norm * static_cast<double>(2 * terms + 2) * 0x1p-24 + 1e-30; }

TEST(Linear, ForwardAndBackwardMatchDoublesAtEveryLevelAndPrecision) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) {
      OpTest test(*k, 2);
      const i64 rows = 75, in = 66, out = 43;
      const Tensor x = test.tensor(rows, in, 1), dy = test.tensor(rows, out, 2);
      const Weight w = test_weight("w", out, in, 3);
      std::fill_n(w.grad(), w.size(), 0.5f);  // backward adds
      const LinearStep got = linear_step(test, matmul, x, dy, w);
      const auto expect = [&](float value, double start, i64 terms, auto&& term) {
        double want = start, norm = std::abs(start);
        for (i64 i = 0; i < terms; ++i) want += term(i), norm += std::abs(term(i));
        EXPECT_NEAR(static_cast<double>(value), want, rounding(norm, terms)) << k->name << " " << name_of(matmul);
      };
      const auto at = [&](const float* m, i64 cols, i64 r, i64 c) { return rounded(m[r * cols + c], matmul); };
      for (i64 t = 0; t < rows; ++t)
        for (i64 o = 0; o < out; ++o)
          expect(got.y.row(t)[o], 0, in, [&](i64 i) { return at(x.data(), in, t, i) * at(w.f32(), in, o, i); });
      for (i64 t = 0; t < rows; ++t)
        for (i64 i = 0; i < in; ++i)
          expect(got.dx.row(t)[i], 0, out, [&](i64 o) { return at(dy.data(), out, t, o) * at(w.f32(), in, o, i); });
      for (i64 o = 0; o < out; ++o)
        for (i64 i = 0; i < in; ++i)
          expect(w.grad()[o * in + i], 0.5, rows,
                 [&](i64 t) { return at(dy.data(), out, t, o) * at(x.data(), in, t, i); });
    }
}

LinearStep step(OpTest& test, DType matmul, i64 rows, i64 in, i64 out) {
  const Tensor x = test.tensor(rows, in, 1), dy = test.tensor(rows, out, 2);
  return linear_step(test, matmul, x, dy, test_weight("w", out, in, 3));
}

TEST(Linear, ThreadsDoNotChangeBits) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) {
      OpTest one(*k, 1), three(*k, 3);
      const LinearStep a = step(one, matmul, 700, 130, 97), b = step(three, matmul, 700, 130, 97);
      EXPECT_TRUE(same_bits(a.y, b.y) && same_bits(a.dx, b.dx)) << k->name;
      EXPECT_TRUE(same_bits(a.dw.data(), b.dw.data(), 97 * 130)) << k->name;
    }
}

TEST(Linear, ARowAloneHasTheBitsItHasAmongMany) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType matmul : {DType::f32, DType::bf16}) {
      OpTest test(*k, 2);
      const Tensor x = test.tensor(64, 520, 1);
      const Weight w = test_weight("w", 300, 520, 2);
      Pass p = test.pass();
      p.numerics.matmul = matmul;
      const Tensor all = linear(p, x, w);
      for (i64 r = 0; r < x.rows(); r += 7) {
        const Tensor row = test.arena.alloc(1, x.cols());
        std::memcpy(row.data(), x.row(r), x.cols() * 4);
        EXPECT_TRUE(same_bits(linear(p, row, w).data(), all.row(r), w.rows())) << k->name << " row " << r;
      }
    }
}

TEST(Linear, FrozenHalfPrecisionWeightsGiveTheGradientOfTheInput) {
  for (const DType dtype : {DType::bf16, DType::f16}) {
    OpTest test;
    const Weight wide = test_weight("wide", 21, 34, 3);
    std::vector<u16> half(wide.size());
    for (size_t i = 0; i < half.size(); ++i) {
      half[i] = dtype == DType::bf16 ? bf16_from_f32(wide.f32()[i]) : f16_from_f32(wide.f32()[i]);
      wide.f32()[i] = dtype == DType::bf16 ? f32_from_bf16(half[i]) : f32_from_f16(half[i]);
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(half.data());
    const Weight frozen = Weight::frozen("frozen", dtype, 21, 34, bytes, {});
    const Tensor x = test.tensor(5, 34, 1), dy = test.tensor(5, 21, 2);
    const LinearStep a = linear_step(test, DType::f32, x, dy, frozen), b = linear_step(test, DType::f32, x, dy, wide);
    EXPECT_TRUE(same_bits(a.y, b.y) && same_bits(a.dx, b.dx));
    // The pack has two bytes per element, apart from the rounding of a panel to 64 bytes.
    const bool stays = dtype == DType::bf16 || cpu::active().gemm.half_floats;
    EXPECT_LE(frozen.pack_bytes() * 10, wide.pack_bytes() * (stays ? 6 : 10));
  }
}

TEST(Linear, LinearF32RoundsNothingWhateverTheNumericsOfThePass) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType dtype : {DType::f32, DType::q8_0}) {
      OpTest test(*k, 2);
      const Tensor x = test.tensor(5, 64, 1), dy = test.tensor(5, 33, 2);
      std::vector<std::byte> blocks(33 * row_bytes(DType::q8_0, 64));
      RandomBlocks(3, 0.5).fill(DType::q8_0, blocks.data(), 33 * 64);
      const Weight w = dtype == DType::f32 ? test_weight("w", 33, 64, 3)
                                           : Weight::frozen("w", DType::q8_0, 33, 64, blocks.data(), {});
      const auto run = [&](const Numerics& numerics, auto&& op) {
        Tape tape(test.arena);
        Pass p = test.pass(&tape);
        p.numerics = numerics;
        const Tensor y = op(p, x, w);
        run_backward(tape, y, dy);
        std::vector<float> all(y.data(), y.data() + y.size());
        const Tensor dx = tape.grads()[x];
        all.insert(all.end(), dx.data(), dx.data() + dx.size());
        if (!w.trainable()) return all;
        all.insert(all.end(), w.grad(), w.grad() + w.size());
        w.clear_grad();
        return all;
      };
      const Numerics rounded{.matmul = DType::bf16, .integer_blocks = true};
      const std::vector<float> want = run({}, linear);
      EXPECT_EQ(run(rounded, linear_f32), want) << k->name << " " << name_of(dtype);
      EXPECT_NE(run(rounded, linear), want) << k->name << " " << name_of(dtype);
    }
}

TEST(Linear, APairHasTheBitsOfTwoProducts) {
  std::vector<std::byte> blocks(97 * row_bytes(DType::q8_0, 160));
  RandomBlocks(3, 0.5).fill(DType::q8_0, blocks.data(), 97 * 160);
  const Weight plain[] = {test_weight("a", 97, 160, 3), test_weight("b", 40, 160, 4)};
  const Weight stored[] = {Weight::frozen("c", DType::q8_0, 97, 160, blocks.data(), {}),
                           Weight::frozen("d", DType::q8_0, 40, 160, blocks.data(), {})};
  for (const cpu::Kernels* k : cpu::levels())
    for (const auto& [a, b] : {std::pair{plain[0], plain[1]}, {stored[0], stored[1]}, {plain[0], stored[1]}})
      for (const i64 rows : {0, 1, 5, 300})
        for (const Numerics& numerics :
             {Numerics{}, {.matmul = DType::bf16}, {.matmul = DType::bf16, .integer_blocks = true}}) {
          OpTest test(*k, 2);
          const Tensor x = test.tensor(rows, 160, 1), dy = test.tensor(rows, 97, 2), dz = test.tensor(rows, 40, 3);
          const auto run = [&](auto&& op) {
            Tape tape(test.arena);
            Pass p = test.pass(&tape);
            p.numerics = numerics;
            const auto [y, z] = op(p, x, a, b);
            std::vector<float> all(y.data(), y.data() + y.size());
            all.insert(all.end(), z.data(), z.data() + z.size());
            std::copy_n(dz.data(), dz.size(), tape.grads()[z].data());
            run_backward(tape, y, dy);
            const Tensor dx = tape.grads()[x];
            all.insert(all.end(), dx.data(), dx.data() + dx.size());
            for (const Weight& w : {a, b}) {
              if (!w.trainable()) continue;
              all.insert(all.end(), w.grad(), w.grad() + w.size());
              w.clear_grad();
            }
            return all;
          };
          const auto two = [](Pass& p, const Tensor& in, const Weight& v, const Weight& w) {
            return std::array{linear(p, in, v), linear(p, in, w)};
          };
          const std::vector<float> pair = run(linear_pair), want = run(two);
          ASSERT_EQ(pair.size(), want.size());
          EXPECT_TRUE(same_bits(pair.data(), want.data(), std::ssize(want)))
              << k->name << " " << a.name() << b.name() << " rows " << rows;
        }
}

TEST(Linear, APairForksOnce) {
  OpTest test(cpu::active(), 2);
  const Tensor x = test.tensor(256, 160, 1);
  const Weight a = test_weight("a", 97, 160, 3), b = test_weight("b", 40, 160, 4);
  Pass p = test.pass();
  linear_pair(p, x, a, b);  // fills the packs
  const u32 before = test.pool.forks();
  linear_pair(p, x, a, b);
  EXPECT_EQ(test.pool.forks() - before, 1u);
}

TEST(Linear, BothDirectionsUseANewVersionOfTheWeight) {
  OpTest test;
  const Tensor x = test.tensor(3, 20, 1), dy = test.tensor(3, 30, 2);
  const Weight w = test_weight("w", 30, 20, 3);
  const LinearStep before = linear_step(test, DType::f32, x, dy, w);
  for (i64 i = 0; i < w.size(); ++i) w.f32()[i] *= 2;  // exact
  w.bump();
  const LinearStep after = linear_step(test, DType::f32, x, dy, w);
  for (i64 i = 0; i < before.y.size(); ++i) EXPECT_EQ(after.y.data()[i], 2 * before.y.data()[i]);
  for (i64 i = 0; i < before.dx.size(); ++i) EXPECT_EQ(after.dx.data()[i], 2 * before.dx.data()[i]);
}

TEST(Linear, NoRowsGiveNoRows) {
  OpTest test;
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  const Tensor y = linear(p, test.arena.alloc(0, 8), test_weight("w", 4, 8, 1));
  EXPECT_EQ(y.rows(), 0);
  EXPECT_EQ(y.cols(), 4);
}

}  // namespace
}  // namespace r1
