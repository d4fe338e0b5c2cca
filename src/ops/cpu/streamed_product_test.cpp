// Weights of every stored type: each op gives the bits that it gives for the same weight stored as f32.
#include "ops/cpu/streamed_product.hpp"
#include "core/integer.hpp"
#include "core/random_blocks.hpp"
#include "ops/cpu/dequantize.hpp"
#include "ops/op_test.hpp"

namespace r1 {
namespace {

std::vector<DType> stored_types() {
  std::vector<DType> all;
  for (int t = 0; t < kDTypes; ++t) all.push_back(static_cast<DType>(t));
  return all;
}

// A frozen weight of `dtype`, and a weight of the same values in f32.
struct Stored {
  Weight stored, wide;
};
Stored stored_weight(DType dtype, i64 rows, i64 cols, u64 seed) {
  const auto bytes = std::make_shared<std::vector<std::byte>>(rows * row_bytes(dtype, cols));
  RandomBlocks(seed, 0.5).fill(dtype, bytes->data(), rows * cols);
  Weight w;
  if (dtype == DType::f8_e4m3) {
    const i64 squares = ceil_div(rows, kScaleBlock) * ceil_div(cols, kScaleBlock);
    const auto scales = std::make_shared<std::vector<std::byte>>(squares * 4 + 1);
    RandomBlocks(seed + 1, 0.005).fill(DType::f32, scales->data() + 1, squares);  // at an odd address
    const auto both = std::make_shared<std::pair<decltype(bytes), decltype(scales)>>(bytes, scales);
    w = Weight::frozen_f8("f8", rows, cols, bytes->data(), scales->data() + 1, {both});
  } else {
    w = Weight::frozen(name_of(dtype), dtype, rows, cols, bytes->data(), {bytes});
  }
  const auto floats = std::make_shared<std::vector<float>>(static_cast<size_t>(rows * cols));
  dequantize(cpu::active(), w, 0, rows, floats->data());
  return {w,
          Weight::frozen("wide", DType::f32, rows, cols, reinterpret_cast<const std::byte*>(floats->data()), {floats})};
}

// About `about` input features, with a remainder for every loop that can have one. For blocks they are whole blocks.
i64 odd_cols(DType dtype, i64 about) {
  const i64 step = block_of(dtype).elements;
  return step == 1 ? about + 3 : (about / step + 1) * step;
}

TEST(StreamedProduct, LinearOfEveryTypeHasTheBitsOfItsValuesInF32BothWays) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType dtype : stored_types())
      for (const DType matmul : {DType::f32, DType::bf16}) {
        OpTest one(*k, 1), two(*k, 2);
        const i64 rows = 7, out = 75, in = odd_cols(dtype, 530);
        const Stored w = stored_weight(dtype, out, in, 5);
        const Tensor x = one.tensor(rows, in, 1), dy = one.tensor(rows, out, 2);
        const LinearStep want = linear_step(one, matmul, x, dy, w.wide),
                         got = linear_step(one, matmul, x, dy, w.stored);
        EXPECT_TRUE(same_bits(want.y, got.y)) << k->name << " " << name_of(dtype) << " " << name_of(matmul);
        EXPECT_TRUE(same_bits(want.dx, got.dx)) << k->name << " " << name_of(dtype) << " " << name_of(matmul);
        const LinearStep split = linear_step(two, matmul, x, dy, w.stored);
        EXPECT_TRUE(same_bits(want.y, split.y) && same_bits(want.dx, split.dx)) << k->name << " " << name_of(dtype);
        for (i64 i = 0; i < w.wide.size(); i += 97) ASSERT_TRUE(std::isfinite(w.wide.f32()[i])) << name_of(dtype);
      }
}

TEST(StreamedProduct, CuttingDeepAndWideWeightsDoesNotChangeBits) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType dtype : {DType::bf16, DType::f16, DType::q4_k, DType::q8_0, DType::f8_e4m3, DType::iq4_nl})
      for (const DType matmul : {DType::f32, DType::bf16}) {
        OpTest test(*k, 2);
        const i64 rows = 33, out = 1100, in = odd_cols(dtype, 1500);
        const Stored w = stored_weight(dtype, out, in, 6);
        const Tensor x = test.tensor(rows, in, 1), dy = test.tensor(rows, out, 2);
        const LinearStep want = linear_step(test, matmul, x, dy, w.wide),
                         got = linear_step(test, matmul, x, dy, w.stored);
        EXPECT_TRUE(same_bits(want.y, got.y)) << k->name << " " << name_of(dtype) << " " << name_of(matmul);
        EXPECT_TRUE(same_bits(want.dx, got.dx)) << k->name << " " << name_of(dtype) << " " << name_of(matmul);
      }
}

// The rows of `x` one by one give what all of them give together, and no pack is made.
void expect_rows_alone(const cpu::Kernels& k, const Weight& w, i64 rows) {
  OpTest test(k, 2);
  const Tensor x = test.tensor(rows, w.cols(), 1);
  Pass p = test.pass();
  const Tensor all = linear(p, x, w);
  for (i64 r = 0; r < rows; r += 37) {
    const Tensor row = test.arena.alloc(1, w.cols());
    std::memcpy(row.data(), x.row(r), w.cols() * 4);
    EXPECT_TRUE(same_bits(linear(p, row, w).data(), all.row(r), w.rows())) << k.name << " " << name_of(w.dtype());
  }
  EXPECT_EQ(w.pack_bytes(), 0) << name_of(w.dtype());
}

TEST(StreamedProduct, ARowAloneHasTheBitsItHasAmongMany) {
  for (const cpu::Kernels* k : cpu::levels()) {
    for (const DType dtype : stored_types())
      if (!is_plain(dtype)) expect_rows_alone(*k, stored_weight(dtype, 50, odd_cols(dtype, 260), 7).stored, 200);
  }
}

TEST(StreamedProduct, ALargeMatrixOf16BitsHasTheSameBitsBeforeItIsPackedAndAfter) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const auto& [dtype, matmul] : {std::pair{DType::bf16, DType::f32},
                                        {DType::bf16, DType::bf16},
                                        {DType::f16, DType::f32},
                                        {DType::f16, DType::bf16}}) {
      OpTest test(*k, 2);
      const i64 rows = 5, in = 731;
      const Stored w = stored_weight(dtype, kReadInPlace / 700, in, 7);
      const Tensor x = test.tensor(rows, in, 1), last = test.arena.alloc(1, in);
      std::memcpy(last.data(), x.row(rows - 1), in * 4);
      Pass p = test.pass();
      p.numerics.matmul = matmul;
      const Tensor want = linear(p, x, w.wide);
      for (u64 product = 1; product <= Weight::kProductsUntilPacked; product += 2) {
        EXPECT_TRUE(same_bits(linear(p, x, w.stored), want)) << k->name << " product " << product;
        if (product == 1) {
          EXPECT_EQ(w.stored.pack_bytes(), 0) << k->name;
        }
        EXPECT_TRUE(same_bits(linear(p, last, w.stored).data(), want.row(rows - 1), want.cols())) << k->name;
      }
      EXPECT_GE(w.stored.pack_bytes(), w.stored.size() * 2) << k->name;
    }
}

TEST(StreamedProduct, EmbedGivesTheRowsOfEveryType) {
  OpTest test;
  for (const DType dtype : stored_types()) {
    const Stored w = stored_weight(dtype, 150, odd_cols(dtype, 200), 8);
    Pass p = test.pass();
    const std::vector<i32> tokens{149, 0, 128, 3};
    const Tensor y = embed(p, w.stored, tokens);
    for (size_t t = 0; t < tokens.size(); ++t)
      EXPECT_TRUE(same_bits(y.row(static_cast<i64>(t)), w.wide.f32() + tokens[t] * w.wide.cols(), w.wide.cols()))
          << name_of(dtype) << " token " << tokens[t];
  }
}

TEST(StreamedProduct, TheLossOverAHeadOfBlocksHasTheBitsOfItsValuesInF32) {
  for (const DType dtype : {DType::q6_k, DType::q8_0, DType::f8_e4m3})
    for (const int threads : {1, 2}) {
      OpTest test(cpu::active(), threads);
      const i64 rows = 70, vocab = 299, in = odd_cols(dtype, 250);
      const Stored w = stored_weight(dtype, vocab, in, 9);
      const Tensor x = test.tensor(rows, in, 1, 0.3), dy = test.tensor(rows, 1, 2);
      std::vector<i32> targets(rows);
      for (size_t t = 0; t < targets.size(); ++t) targets[t] = static_cast<i32>(t * 37 % 299) - (t % 9 == 0 ? 299 : 0);
      Tensor nll[2], dx[2];
      for (int i = 0; i < 2; ++i) {
        Tape tape(test.arena);
        Pass p = test.pass(&tape);
        nll[i] = linear_cross_entropy(p, x, i ? w.stored : w.wide, targets, 0.7f);
        run_backward(tape, nll[i], dy);
        dx[i] = tape.grads()[x];
      }
      EXPECT_TRUE(same_bits(nll[0], nll[1])) << name_of(dtype);
      EXPECT_TRUE(same_bits(dx[0], dx[1])) << name_of(dtype);
    }
}

struct MixtureStep {
  Tensor y, dx, dgates;
};
MixtureStep mixture_step(OpTest& test, const Tensor& x, const Routing& r, const std::vector<Expert>& all,
                         const Tensor& dy) {
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  const Tensor y = experts(p, x, r, all);
  run_backward(tape, y, dy);
  return {y, tape.grads()[x], tape.grads()[r.gates]};
}

TEST(StreamedProduct, ExpertsOfBlocksHaveTheBitsOfTheirValuesInF32BothWays) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const auto& [of_gate, of_up, of_down] : {std::array{DType::q4_k, DType::q4_k, DType::q6_k},
                                                  {DType::f8_e4m3, DType::f8_e4m3, DType::f8_e4m3},
                                                  {DType::q5_0, DType::q5_0, DType::iq4_nl},
                                                  {DType::bf16, DType::bf16, DType::q8_0},
                                                  {DType::q8_0, DType::f32, DType::f32},
                                                  {DType::f32, DType::q8_0, DType::f32},
                                                  {DType::f32, DType::f32, DType::q8_0}})
      for (const i64 tokens : {1, 60}) {
        OpTest test(*k, 2);
        const i64 d = 256, f = 256, count = 6, top_k = 2;
        std::vector<Expert> stored, wide;
        for (i64 e = 0; e < count; ++e) {
          const u64 seed = static_cast<u64>(10 + 3 * e);
          const Stored gate = stored_weight(of_gate, f, d, seed), up = stored_weight(of_up, f, d, seed + 1);
          const Stored down = stored_weight(of_down, d, f, seed + 2);
          stored.push_back({gate.stored, up.stored, down.stored});
          wide.push_back({gate.wide, up.wide, down.wide});
        }
        Pass p = test.pass();
        RoutingConfig c;
        c.experts = count, c.top_k = top_k, c.method = TopK::greedy;
        const Routing r = route(p, 0, test.tensor(tokens, count, 3), {}, c);
        const Tensor x = test.tensor(tokens, d, 1), dy = test.tensor(tokens, d, 2);
        const MixtureStep want = mixture_step(test, x, r, wide, dy), got = mixture_step(test, x, r, stored, dy);
        const std::string types =
            fmt::format("{} {} {} {}, {} tokens", k->name, name_of(of_gate), name_of(of_up), name_of(of_down), tokens);
        EXPECT_TRUE(same_bits(want.y, got.y)) << types;
        EXPECT_TRUE(same_bits(want.dx, got.dx)) << types;
        EXPECT_TRUE(same_bits(want.dgates, got.dgates)) << types;
      }
}

// ---- in integers -------------------------------------------------------------------------------------------------

constexpr DType kIntegerTypes[] = {DType::q8_0, DType::q4_0, DType::q4_1,    DType::q2_k, DType::q4_k,
                                   DType::q5_k, DType::q6_k, DType::iq2_xxs, DType::mxfp4};

Pass integer_pass(OpTest& test, Tape* tape = nullptr) {
  Pass p = test.pass(tape);
  p.numerics.integer_blocks = true;
  return p;
}

TEST(IntegerProduct, DiffersFromTheValuesByTheRoundingOfTheActivations) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType dtype : kIntegerTypes) {
      OpTest test(*k, 2);
      const i64 rows = 5, out = 70, in = odd_cols(dtype, 700), block = block_of(dtype).elements;
      const Stored w = stored_weight(dtype, out, in, 21);
      const Tensor x = test.tensor(rows, in, 1);
      Pass exact = test.pass(), p = integer_pass(test);
      const Tensor want = linear(exact, x, w.wide), got = linear(p, x, w.stored);
      EXPECT_FALSE(same_bits(want, got)) << name_of(dtype);
      for (i64 r = 0; r < rows; ++r)
        for (i64 o = 0; o < out; ++o) {
          // The error of an activation is at most half a step of its block. The f32 sums of both sides add a little.
          double tolerance = 0;
          for (i64 b = 0; b < in; b += block) {
            double most = 0, weights = 0;
            for (i64 i = b; i < b + block; ++i) {
              most = std::max(most, std::abs(static_cast<double>(x.row(r)[i])));
              weights += std::abs(static_cast<double>(w.wide.f32()[o * in + i]));
            }
            tolerance += most * weights * (0.5 / 127 + 1e-4);
          }
          ASSERT_NEAR(static_cast<double>(got.row(r)[o]), static_cast<double>(want.row(r)[o]), tolerance)
              << k->name << " " << name_of(dtype);
        }
    }
}

TEST(IntegerProduct, NeitherThreadsNorNeighboursChangeBits) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType dtype : kIntegerTypes) {
      OpTest one(*k, 1), three(*k, 3);
      const i64 rows = 150, out = 333, in = odd_cols(dtype, 500);
      const Weight w = stored_weight(dtype, out, in, 22).stored;
      const Tensor x = one.tensor(rows, in, 1);
      Pass p = integer_pass(one), q = integer_pass(three);
      const Tensor all = linear(p, x, w);
      EXPECT_TRUE(same_bits(all, linear(q, x, w))) << k->name << " " << name_of(dtype);
      for (i64 r = 0; r < rows; r += 29) {
        const Tensor row = one.arena.alloc(1, in);
        std::memcpy(row.data(), x.row(r), in * 4);
        EXPECT_TRUE(same_bits(linear(p, row, w).data(), all.row(r), out)) << k->name << " " << name_of(dtype);
      }
    }
}

TEST(IntegerProduct, WeightsWithABudgetStayAsTheyAreStoredAndHaveTheSameBits) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const DType dtype : kIntegerTypes) {
      OpTest test(*k);
      const i64 rows = 3, out = 75, in = odd_cols(dtype, 500);
      const Weight packed = stored_weight(dtype, out, in, 22).stored, stored = stored_weight(dtype, out, in, 22).stored;
      const Tensor x = test.tensor(rows, in, 1);
      Pass p = integer_pass(test);
      const Tensor want = linear(p, x, packed), got = p.alloc(rows, out);
      EXPECT_EQ(packed.pack_bytes(), 0) << k->name;
      for (u64 product = 1; product < Weight::kProductsUntilPacked; ++product)
        EXPECT_TRUE(same_bits(linear(p, x, packed), want)) << k->name << " " << name_of(dtype);
      const WeightProduct product{
          .w = &stored, .a = {x.data(), in}, .rows = rows, .c = got.data(), .ldc = out, .may_pack = false};
      multiply_streamed(p, product_numerics(p), {&product, 1});
      EXPECT_TRUE(same_bits(want, got)) << k->name << " " << name_of(dtype);
      EXPECT_EQ(stored.pack_bytes(), 0);
      EXPECT_EQ(packed.pack_bytes() > 0, k->level != cpu::Level::portable) << k->name;
    }
}

TEST(IntegerProduct, OtherTypesAndGradientsKeepTheirBits) {
  for (const DType dtype : stored_types()) {
    OpTest test;
    const i64 in = odd_cols(dtype, 300);
    const Weight w = stored_weight(dtype, 40, in, 23).stored;
    const Tensor x = test.tensor(3, in, 1), dy = test.tensor(3, 40, 2);
    Tensor y[2], dx[2];
    for (int i = 0; i < 2; ++i) {
      Tape tape(test.arena);
      Pass p = i ? integer_pass(test, &tape) : test.pass(&tape);
      y[i] = linear(p, x, w);
      run_backward(tape, y[i], dy);
      dx[i] = tape.grads()[x];
    }
    EXPECT_EQ(same_bits(y[0], y[1]), !cpu::has_block_dot(dtype)) << name_of(dtype);
    EXPECT_TRUE(same_bits(dx[0], dx[1])) << name_of(dtype);
  }
}

TEST(IntegerProduct, ExpertsHaveTheBitsOfLinearsOverTheirTokens) {
  for (const cpu::Kernels* k : cpu::levels())
    for (const i64 tokens : {1, 40}) {
      OpTest test(*k, 2);
      const i64 d = 512, f = 256, count = 5;
      std::vector<Expert> all;
      for (u64 e = 0; e < 5; ++e)
        all.push_back({stored_weight(DType::q4_k, f, d, 3 * e).stored,
                       stored_weight(DType::q4_k, f, d, 3 * e + 1).stored,
                       stored_weight(DType::q6_k, d, f, 3 * e + 2).stored});
      Pass p = integer_pass(test);
      RoutingConfig c;
      c.experts = count, c.top_k = 1, c.method = TopK::greedy, c.normalize = false;
      const Routing r = route(p, 0, test.tensor(tokens, count, 3), {}, c);
      const Tensor x = test.tensor(tokens, d, 1), y = experts(p, x, r, all);
      for (i64 t = 0; t < tokens; ++t) {
        const std::vector<i32> row{static_cast<i32>(t)};
        const Tensor xt = take_rows(p, x, row);
        const Expert& e = all[r.expert[t]];
        const Tensor out = linear(p, swiglu(p, linear(p, xt, e.gate), linear(p, xt, e.up)), e.down);
        const Tensor want = test.arena.alloc(1, d);
        const i32 first = 0;
        k->gemm.weighted_rows(want.data(), out.data(), &first, r.gates.row(t), 1, d, Into::overwrite);
        EXPECT_TRUE(same_bits(want.data(), y.row(t), d)) << k->name << " token " << t << " of " << tokens;
      }
    }
}

}  // namespace
}  // namespace r1
