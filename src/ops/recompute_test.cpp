// A block that is recomputed gives the bits of one that keeps its intermediate results.
#include "ops/op_test.hpp"

namespace r1 {
namespace {

struct Gradients {
  Tensor y, dx;
  std::vector<float> dw;
  int inner_calls = 0;
};

// A block inside another, x + w x. Both may be recomputed.
Gradients nested(OpTest& test, bool recomputed) {
  const Weight w = test_weight("w", 6, 6, 3);
  const Tensor x = test.tensor(5, 6, 1);
  Gradients out;
  const auto inner = [&](Pass& p, const Tensor& z) {
    ++out.inner_calls;
    return linear(p, z, w);
  };
  const auto outer = [&](Pass& p, const Tensor& z) { return add(p, z, recompute(p, z, inner)); };
  Tape tape(test.arena);
  Pass p = test.pass(&tape);
  p.recompute = recomputed;
  out.y = recompute(p, x, outer);
  run_backward(tape, out.y, test.tensor(5, 6, 2));
  out.dx = tape.grads()[x];
  out.dw.assign(w.grad(), w.grad() + w.size());
  return out;
}

TEST(Recompute, HasTheBitsOfABlockThatKeepsItsResults) {
  OpTest test;
  const Gradients kept = nested(test, false), again = nested(test, true);
  EXPECT_TRUE(same_bits(kept.y, again.y));
  EXPECT_TRUE(same_bits(kept.dx, again.dx));
  EXPECT_EQ(kept.dw, again.dw);
}

// The backward pass of the outer block keeps the results of the inner one, which would otherwise run a third time.
TEST(Recompute, ABlockInsideABlockRunsOnceForwardAndOnceBackward) {
  OpTest test;
  EXPECT_EQ(nested(test, false).inner_calls, 1);
  EXPECT_EQ(nested(test, true).inner_calls, 2);
}

}  // namespace
}  // namespace r1
