#include "core/tensor.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/philox.hpp"
#include "core/weight.hpp"

namespace r1 {
namespace {

TEST(Arena, RecyclesABufferOnceItsLastHandleIsGone) {
  Arena arena;
  Tensor a = arena.alloc(3, 5);
  const void* first = a.id();
  Tensor copy = a;
  a = Tensor();
  EXPECT_NE(arena.alloc(3, 5).id(), first);  // the copy still holds it
  copy = Tensor();
  const i64 reserved = arena.bytes_reserved();
  std::vector<Tensor> again;
  for (int i = 0; i < 2; ++i) again.push_back(arena.alloc(3, 5));
  EXPECT_TRUE(again[0].id() == first || again[1].id() == first);
  EXPECT_EQ(arena.bytes_reserved(), reserved);
}

TEST(Arena, RepeatedWorkTakesNoMoreMemoryFromTheSystem) {
  Arena arena;
  const auto step = [&] {
    std::vector<Tensor> live;
    Random random(1, Purpose::test);
    for (int i = 0; i < 200; ++i) {
      live.push_back(arena.alloc(random.between(1, 40), random.between(1, 400)));
      if (i % 3 == 0) live.erase(live.begin() + static_cast<i64>(random.below(static_cast<u32>(live.size()))));
    }
  };
  step();
  const i64 reserved = arena.bytes_reserved(), peak = arena.peak_bytes();
  step();
  EXPECT_EQ(arena.bytes_reserved(), reserved);
  EXPECT_EQ(arena.peak_bytes(), peak);
  EXPECT_EQ(arena.bytes_in_use(), 0);
}

TEST(Arena, MemoryThatNoTensorHoldsIsGivenBackAndTakenAgain) {
  Arena arena;
  const Tensor kept = arena.zeros(10, 10);
  const i64 held = arena.bytes_in_use();
  { const Tensor large = arena.alloc(1000, 1000); }
  EXPECT_GT(arena.bytes_reserved(), 4'000'000);
  arena.release_unused();
  EXPECT_EQ(arena.bytes_reserved(), held);
  EXPECT_EQ(kept.data()[99], 0);
  const Tensor again = arena.zeros(1000, 1000);
  EXPECT_EQ(again.data()[999'999], 0);
}

TEST(Arena, EveryBufferIsAlignedHoldsItsElementsAndWastesAtMostAQuarter) {
  Arena arena;
  std::vector<Tensor> live;
  for (i64 n = 0; n < 3000; n += 13) {
    const i64 before = arena.bytes_in_use();
    live.push_back(arena.alloc(1, n));
    Tensor& t = live.back();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t.data()) % 64, 0u);
    const i64 taken = arena.bytes_in_use() - before, wanted = 64 + 4 * n + 64;
    EXPECT_GE(taken, wanted);
    EXPECT_LE(taken, wanted + wanted / 4 + 64);
    for (i64 i = 0; i < n; ++i) t.data()[i] = static_cast<float>(n + i);
  }
  for (const Tensor& t : live)
    for (i64 i = 0; i < t.cols(); ++i) ASSERT_EQ(t.data()[i], static_cast<float>(t.cols() + i));
}

TEST(Arena, ZerosAreZeroInARecycledBuffer) {
  Arena arena;
  {
    const Tensor t = arena.alloc(4, 8);
    for (i64 i = 0; i < 32; ++i) t.data()[i] = 1;
  }
  const Tensor z = arena.zeros(4, 8);
  for (i64 i = 0; i < 32; ++i) EXPECT_EQ(z.data()[i], 0.0f);
}

TEST(Arena, LargeBuffersAreWritableToTheEnd) {
  Arena arena;
  const Tensor t = arena.alloc(1500, 1000);
  t.data()[0] = 1, t.data()[t.size() - 1] = 2;
  EXPECT_EQ(t.row(1499)[999], 2.0f);
}

TEST(Tensor, MovedFromHandlesAreEmptyAndSelfAssignmentKeepsTheBuffer) {
  Arena arena;
  Tensor a = arena.alloc(2, 3);
  a.data()[5] = 7;
  Tensor b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): the test is about the moved-from handle
  EXPECT_EQ(a.rows(), 0);
  const Tensor& alias = b;
  b = alias;
  EXPECT_EQ(b.data()[5], 7.0f);
  EXPECT_EQ(b.shape(), "[2,3]");
}

TEST(ArenaDeathTest, DestroyingAnArenaUnderALiveTensorIsCaught) {
  EXPECT_DEATH(
      {
        Tensor t;
        Arena arena;
        t = arena.alloc(1, 1);
      },
      "live tensors");
}

TEST(Weight, CopiesShareMasterAndGradient) {
  const Weight w = Weight::zeros("w", 2, 3, true), copy = w;
  copy.f32()[1] = 4, copy.grad()[2] = 5;
  EXPECT_EQ(w.f32()[1], 4.0f);
  EXPECT_EQ(w.grad()[2], 5.0f);
  EXPECT_EQ(w.id(), copy.id());
  w.clear_grad();
  EXPECT_EQ(copy.grad()[2], 0.0f);
}

TEST(Weight, PacksAreDueAfterTheFirstProductAndNotAllAtOnce) {
  std::vector<u64> due_at;
  for (int i = 0; i < 64; ++i) {
    const Weight w = Weight::zeros(fmt::format("model.layers.{}.mlp.up_proj.weight", i), 1, 1, false);
    u64 products = 1;
    EXPECT_FALSE(w.pack_is_due());
    while (!w.pack_is_due()) ++products;
    EXPECT_TRUE(w.pack_is_due());
    due_at.push_back(products + 1);
  }
  const auto [first, last] = std::minmax_element(due_at.begin(), due_at.end());
  EXPECT_LE(*last, Weight::kProductsUntilPacked);
  EXPECT_LT(*first, *last);
}

TEST(Weight, APackIsFilledOnceForEachVersion) {
  const Weight w = Weight::zeros("w", 2, 3, true);
  int fills = 0;
  const auto pack = [&](PackKey key) {
    return w.pack(key, 24, [&](std::byte* dst) { ++fills, dst[0] = static_cast<std::byte>(fills); });
  };
  const std::byte* first = pack({1, 0, false});
  EXPECT_EQ(pack({1, 0, false}), first);
  EXPECT_EQ(fills, 1);
  EXPECT_NE(pack({1, 0, true}), first);
  EXPECT_EQ(fills, 2);
  EXPECT_EQ(w.pack_bytes(), 48);
  w.bump();
  EXPECT_EQ(pack({1, 0, false}), first);  // filled again at the same address
  EXPECT_EQ(fills, 3);
}

TEST(WeightDeathTest, AskingForTheGradientOfAFrozenWeightOrTheF32OfABf16WeightAborts) {
  const u16 bits[2] = {};
  const Weight w = Weight::frozen("norm", DType::bf16, 1, 2, reinterpret_cast<const std::byte*>(bits), {});
  EXPECT_DEATH(w.f32(), "norm: f32 master");
  EXPECT_DEATH(w.grad(), "frozen");
}

}  // namespace
}  // namespace r1
