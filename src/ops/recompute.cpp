// A block of a model whose intermediate results are not kept for the backward pass.
#include <cstring>

#include "ops/cpu/rows.hpp"
#include "ops/ops.hpp"

namespace r1 {

Tensor recompute(Pass& p, const Tensor& x, const std::function<Tensor(Pass&, const Tensor&)>& block) {
  if (!p.tape || !p.recompute) return block(p, x);
  Pass first = p;
  first.tape = nullptr;
  const Tensor y = block(first, x);
  R1_CHECK(y.id() != x.id(), "recompute: the block returned its input");
  p.tape->record({y}, [p, x, y, block](Grads& d) {
    Tape tape(p.arena);
    // The first run has added loads and balance loss to p.routes. This run only adds the gradient of the loss, so its
    // own sums go to an observer that nobody reads.
    RouteObserver unused;
    Pass again = p;
    again.tape = &tape;
    again.recompute = false;
    again.record_routes = nullptr;  // the first run has recorded them
    if (p.routes) {
      unused.balance_weight = p.routes->balance_weight;
      again.routes = &unused;
    }
    const Tensor z = block(again, x);
    std::memcpy(tape.grads()[z].data(), d[y].data(), y.size() * 4);
    tape.backward();
    accumulate(p, d, x, tape.grads()[x]);
  });
  return y;
}

}  // namespace r1
