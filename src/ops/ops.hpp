// The operations models are written in. Each checks shapes, runs kernels over the pass's threads and, when p.tape is
// set, records its backward, which adds to the gradients of its inputs and trainable weights.
//
// Activations are f32 [T, features], T = all new tokens of all sequences of the batch, end to end. A row's result
// depends on that row (attention: on its own sequence) alone: same bits whatever else is in the batch, whatever the
// thread count, tape or no tape. Wrong shapes are our bug (R1_CHECK). Thread safety: one Pass per thread.
#pragma once
#include <array>
#include <span>

#include "core/pass.hpp"
#include "core/weight.hpp"

namespace r1 {

// ---- rows in, rows out -------------------------------------------------------------------------------------------

// Row tokens[t] of w [vocab, d] for every t; any dtype of w. Backward: dw[tokens[t]] += dy[t], in ascending t.
Tensor embed(Pass& p, const Weight& w, std::span<const i32> tokens);

// y = x Wᵀ, x [T, in], w [out, in] → [T, out]. Inputs rounded to p.numerics.matmul, accumulation f32.
// Works for frozen weights too (dx only).
Tensor linear(Pass& p, const Tensor& x, const Weight& w);

// y = x / sqrt(mean(x²) + eps) ⊙ w over the last axis. w [1, d].
Tensor rms_norm(Pass& p, const Tensor& x, const Weight& w, float eps);

Tensor add(Pass& p, const Tensor& a, const Tensor& b);

// y = x + b in every row. b [1, d].
Tensor add_bias(Pass& p, const Tensor& x, const Weight& b);

// Each of `heads` groups of a+b features → its first a and its last b: x [T, heads·(a+b)] → [T, heads·a], [T, heads·b].
std::array<Tensor, 2> split(Pass& p, const Tensor& x, i64 heads, i64 a, i64 b);

// [T, a], [T, b] → [T, a+b].
Tensor concat(Pass& p, const Tensor& a, const Tensor& b);

// silu(gate) ⊙ up, silu(z) = z / (1 + exp(−z)). [T, f] both.
Tensor swiglu(Pass& p, const Tensor& gate, const Tensor& up);

// Rows `rows` of x (ascending or not, repeats allowed) → [rows.size(), d].
Tensor take_rows(Pass& p, const Tensor& x, std::span<const i32> rows);

// ---- rotary positions --------------------------------------------------------------------------------------------

// How frequencies f are stretched for contexts beyond the one trained on:
//   linear  f / factor
//   yarn    arXiv:2309.00071 §3: from f to f / factor along a ramp between beta_fast and beta_slow turns; cos and sin
//   are
//           multiplied by the ratio of the two mscale factors, or by attention_factor if that is not 0
//   llama3  f above high_turns turns within the original context, f / factor below low_turns, a ramp in turns between
enum class RopeScaling : u8 { linear, yarn, llama3 };
struct RopeConfig {
  i64 dim = 64;  // rotated features per head, even
  double theta = 10000;
  double factor = 1;  // 1: not stretched
  i64 original_context = 4096;
  double beta_fast = 32, beta_slow = 1;
  double mscale = 1, mscale_all_dim = 1;
  RopeScaling scaling = RopeScaling::yarn;
  double attention_factor = 0;
  double low_turns = 1, high_turns = 4;
};
std::vector<double> rope_frequencies(const RopeConfig& c);  // [dim/2], stretched
double yarn_mscale(double factor, double mscale);           // 1 if factor <= 1, else 0.1·mscale·ln(factor) + 1

// cos and sin for every row of the batch: [T, dim], cos in the first dim/2 columns. Once per forward; MTP makes its
// own.
Tensor rope_angles(Pass& p, const RopeConfig& c);

// Which two features of a head turn together: 2j and 2j+1 (DeepSeek), or j and j + dim/2 (Qwen, Llama).
enum class RopePairs : u8 { neighbours, halves };

// Rotates the pairs of each head: x [T, heads·dim] → same shape.
Tensor rope(Pass& p, const Tensor& x, i64 heads, const Tensor& angles, RopePairs pairs = RopePairs::neighbours);

// ---- attention ---------------------------------------------------------------------------------------------------

struct MlaDims {
  i64 heads = 0, nope = 0, rope = 0, v = 0, kv_rank = 0;
  float scale = 0;  // softmax scale, YaRN's mscale² included
};

// Multi-head latent attention over a ragged batch. DeepSeek-V2, arXiv:2405.04434 §2.1.
//   o[t,h] = Σ_j softmax_j(scale · (q_c[t,h]·k_c[j,h] + q_r[t,h]·k_r[j])) v[j,h],   k_c = c W_ukᵀ,  v = c W_uvᵀ
//   j runs over the keys of t's own sequence, 0..position of t.
// q_c [T, heads·nope]  q_r [T, heads·rope]  c [T, kv_rank]  k_r [T, rope]  w_uk [heads·nope, kv_rank]
// w_uv [heads·v, kv_rank]  →  [T, heads·v]. Rope already applied, c already normalised.
// p.kv set: writes this batch's keys into layer `layer`'s pages, then attends over the pages. p.tape set: p.kv must be
// null and the form expanded. Without p.kv every sequence of the batch must start at position 0.
// numerics.kv: k, v (expanded) or c, k_r (mixed) are rounded to it on every path.
// Softmax partials are formed per kPageTokens positions and merged in ascending order on every path.
Tensor mla_attend(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                  const Tensor& k_r, const Weight& w_uk, const Weight& w_uv);

struct AttendDims {
  i64 heads = 0, kv_heads = 0, head = 0;  // kv_heads divides heads; `head` features each
  float scale = 0;                        // of the softmax
};

// Grouped-query attention (arXiv:2305.13245) over a ragged batch; query head h reads key head h / (heads / kv_heads).
//   o[t,h] = Σ_j softmax_j(scale · q[t,h]·k[j,g]) v[j,g],  j over the keys of t's own sequence, 0..position of t.
// q [T, heads·head]  k, v [T, kv_heads·head]  →  [T, heads·head]. Rope already applied.
// p.kv, p.tape, numerics.kv and the order of the sums: as for mla_attend, always in the expanded form.
Tensor attend(Pass& p, i64 layer, const AttendDims& d, const Tensor& q, const Tensor& k, const Tensor& v);

// ---- mixture of experts ------------------------------------------------------------------------------------------

enum class Scoring : u8 { softmax, sigmoid };
enum class TopK : u8 {
  greedy,
  group_limited_greedy,
  noaux_tc
};  // group score: – / max / sum of the two largest biased

// DeepSeek-V2 §2.1.2, DeepSeek-V3 §2.1.2. Masked groups are −inf (noaux_tc) or 0 (group_limited_greedy).
struct RoutingConfig {
  i64 experts = 0, top_k = 0, groups = 1, top_groups = 1;
  Scoring scoring = Scoring::sigmoid;
  TopK method = TopK::noaux_tc;
  bool normalize = true;         // gates /= Σ gates + 1e-20 (V3; V2 as config.norm_topk_prob says)
  float scaling = 1;             // routed_scaling_factor
  bool scale_normalized = true;  // V3: scale after normalising; V2 scales only when it does not normalise
};

struct Routing {
  i64 experts = 0, top_k = 0;
  Tensor gates;             // [T, k], in ascending expert order within a row
  std::vector<i32> expert;  // [T·k] chosen experts, ascending within a row; ties go to the lowest index
  // The same routes grouped by expert: slot s in [begin[e], begin[e+1]) is route slot[s] (= t·k + i), ascending.
  std::vector<i32> begin, slot;  // [E+1], [T·k]
};

// logits [T, E] → routes. `bias` ([1, E] f32, may be empty) is added to the scores for selection only.
// p.routes set: counts loads of `layer` and, with p.tape, adds the gradient of V3's sequence balance loss
//   balance_weight · Σ_sequences Σ_e f_e P_e,  f_e = E/(k T_s) #{t: e among the top k of unbiased s_t},  P_e = mean_t
//   s'_te
Routing route(Pass& p, i64 layer, const Tensor& logits, const Weight& bias, const RoutingConfig& c);

struct Expert {
  Weight gate, up, down;  // [f, d], [f, d], [d, f]
};

// y[t] = Σ_i gates[t,i] · down(silu(gate x_t) ⊙ (up x_t)) over the chosen experts, summed in ascending expert order.
Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts);

// ---- loss --------------------------------------------------------------------------------------------------------

// Linear head and cross-entropy in chunks of rows: [T, vocab] logits never exist.
//   nll[t] = logsumexp_v(z_t / temperature) − z_t[targets[t]] / temperature,  z = x Wᵀ
// x [T, d], w [vocab, d], targets [T]; rows with targets[t] < 0 give nll 0 and no gradient. → [T, 1].
Tensor linear_cross_entropy(Pass& p, const Tensor& x, const Weight& w, std::span<const i32> targets,
                            float temperature = 1);

// block(p, x). Where p.recompute asks for it, it runs without a tape and only x is recorded; backward runs it again
// with a tape of its own. Same bits.
Tensor recompute(Pass& p, const Tensor& x, const std::function<Tensor(Pass&, const Tensor&)>& block);

}  // namespace r1
