// One call of experts() and its products, which run in one of two ways:
//   packed    No weight is streamed (streamed_product.hpp): products use packs that stay in memory. A task takes a
//             run of rows of one expert through gate, up, swiglu and down while the rows are in cache. When there are
//             fewer runs than threads, as in decoding, the threads also split the columns of each product.
//   streamed  Some weights are blocks, FP8 or large matrices of 16 bits, or the experts have a memory budget
//             (ExpertCache). multiply_streamed reads each matrix once, for all rows of its expert.
// Both ways give the same bits. The sums over an expert's rows and over a token's experts run in a fixed order, so
// neither the batch nor the number of threads changes bits.
#pragma once
#include <span>
#include <vector>

#include "kernels/cpu/kernels.hpp"
#include "ops/cpu/expert_cache.hpp"

namespace r1 {

// Rows [begin, end) of the slots, all of one expert.
struct ExpertRun {
  i32 expert, begin, end;
  i64 rows() const { return end - begin; }
};

// The inputs and the intermediate results of one call. A slot is a row of a token at one of its experts; slots are
// sorted by expert, as Routing::slot is.
struct Mixture {
  Pass p;
  Tensor x;  // [T, d]
  Routing routing;
  std::span<const Expert> experts;
  std::vector<Expert> kept{};            // with a tape: the experts that `experts` refers to
  ExpertCache* cache = nullptr;          // null: no budget
  const Expert* layer = nullptr;         // identifies the layer for the cache
  Tensor gate{}, up{}, hidden{}, out{};  // [slots, f], [slots, f], [slots, f], [slots, d]
  std::vector<i32> token{};              // [slots] the slot's row of x
  std::vector<i32> slot_of{};            // [T·k] the slot of a route
  std::vector<ExpertRun> runs{};         // the tasks; each is a part of one expert's rows

  i64 slots() const { return std::ssize(routing.slot); }
  i64 d() const { return x.cols(); }
  i64 f() const { return experts[0].gate.rows(); }
  const cpu::GemmKernels& gemm() const { return p.kernels.gemm; }
};

// The gradients that the backward pass of a mixture computes on its way to dx.
struct MixtureGradients {
  Tensor dy;                // [T, d] of the result of the op; an input
  Tensor dgates;            // [T, k] of the gates; the backward pass adds to it
  Tensor out;               // [slots, d] of Mixture::out
  Tensor hidden, gate, up;  // [slots, f] of the members of Mixture with these names
  Tensor x;                 // [slots, d] of the row of x that the slot took
};

// gate, up, hidden and out of every slot.
void packed_forward(Mixture& m);
void streamed_forward(Mixture& m);

// All members of g except dy, which is given. Both functions use the two below.
void packed_backward(const Mixture& m, const MixtureGradients& g);
void streamed_backward(const Mixture& m, const MixtureGradients& g);

// For the slots of a run: g.out = gate of the route · dy of the token;  dgates of the route += dy · out.
void gate_gradients(const Mixture& m, const ExpertRun& run, const MixtureGradients& g);
// For the slots of a run: g.gate and g.up from g.hidden.
void swiglu_gradients(const Mixture& m, const ExpertRun& run, const MixtureGradients& g);

// dW_gate += g.gateᵀ x   dW_up += g.upᵀ x   dW_down += g.outᵀ hidden, over the rows of each expert. It may round
// members of g in place, so it must be called last.
void accumulate_expert_gradients(const Mixture& m, const MixtureGradients& g);

}  // namespace r1
