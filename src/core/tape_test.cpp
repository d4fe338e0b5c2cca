#include "core/tape.hpp"

#include <gtest/gtest.h>

namespace r1 {
namespace {

Tensor scalar(Arena& arena, float v) {
  Tensor t = arena.alloc(1, 1);
  *t.data() = v;
  return t;
}

Tensor multiply(Tape& tape, Arena& arena, const Tensor& a, const Tensor& b) {
  Tensor y = scalar(arena, *a.data() * *b.data());
  tape.record({y}, [=](Grads& d) {
    *d[a].data() += *b.data() * *d[y].data();
    *d[b].data() += *a.data() * *d[y].data();
  });
  return y;
}

TEST(Tape, GradientsOfATensorUsedTwiceAdd) {
  Arena arena;
  Tape tape(arena);
  const Tensor x = scalar(arena, 3), y = multiply(tape, arena, x, x), z = multiply(tape, arena, y, x);  // x³
  *tape.grads()[z].data() = 1;
  tape.backward();
  EXPECT_EQ(*tape.grads()[x].data(), 27.0f);
  EXPECT_TRUE(tape.empty());
}

TEST(Tape, StepsWithoutAGradientAreSkipped) {
  Arena arena;
  Tape tape(arena);
  const Tensor x = scalar(arena, 2), used = multiply(tape, arena, x, x);
  bool ran = false;
  const Tensor unused = scalar(arena, 0);
  tape.record({unused}, [&](Grads&) { ran = true; });
  *tape.grads()[used].data() = 1;
  tape.backward();
  EXPECT_FALSE(ran);
  EXPECT_EQ(*tape.grads()[x].data(), 4.0f);
}

TEST(Tape, AnyOutputWithAGradientRunsTheStep) {
  Arena arena;
  Tape tape(arena);
  const Tensor a = scalar(arena, 0), b = scalar(arena, 0);
  bool had_a = true;
  tape.record({a, b}, [&](Grads& d) { had_a = d.has(a); });
  tape.grads()[b];
  tape.backward();
  EXPECT_FALSE(had_a);
}

TEST(Tape, BackwardFreesTensorsAsSoonAsTheirStepHasRun) {
  Arena arena;
  Tape tape(arena);
  const Tensor x = arena.zeros(1, 1);
  const i64 one = arena.bytes_in_use();
  {
    Tensor y = x;
    for (int i = 0; i < 10; ++i) y = multiply(tape, arena, y, y);
    EXPECT_EQ(arena.bytes_in_use(), 11 * one);  // x and the ten y that the tape keeps
    *tape.grads()[y].data() = 1;
  }
  tape.backward();
  EXPECT_EQ(arena.bytes_in_use(), 2 * one);  // x and its gradient
  EXPECT_LE(arena.peak_bytes(), 14 * one);   // at most two gradients more than the tape held
}

TEST(Tape, FreshGradientsAreZeroAndShapedLikeTheTensor) {
  Arena arena;
  Tape tape(arena);
  const Tensor x = arena.alloc(2, 3);
  EXPECT_FALSE(tape.grads().has(x));
  const Tensor g = tape.grads()[x];
  EXPECT_EQ(g.shape(), "[2,3]");
  for (i64 i = 0; i < 6; ++i) EXPECT_EQ(g.data()[i], 0.0f);
  tape.grads().drop(x);
  EXPECT_FALSE(tape.grads().has(x));
}

}  // namespace
}  // namespace r1
