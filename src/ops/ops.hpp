// The operations that models are written in. An op checks shapes, runs kernels over the threads of the pass and, if
// p.tape is set, records its backward pass, which adds to the gradients of the op's inputs and trainable weights.
//
// Activations are f32 [T, features], where T counts the new tokens of all sequences of the batch, laid end to end. A
// row of a result depends on the same row of the inputs alone, or in attention on the rows of its sequence: the bits
// are the same whatever else is in the batch, with any number of threads, with or without a tape. An op never writes to
// its inputs. Thread safety: one Pass per thread.
//
// Gradients: of every tensor that the comment does not exclude, and of every trainable weight. A frozen weight may have
// any dtype unless the comment says otherwise.
// Errors: none. Wrong shapes and indices are bugs of the caller and end the program (R1_CHECK); set-up code refuses
// what a user can get wrong.
#pragma once
#include <array>
#include <span>

#include "core/pass.hpp"
#include "core/weight.hpp"

namespace r1 {

// ---- rows in, rows out -------------------------------------------------------------------------------------------

// y[t] = row tokens[t] of w [vocab, d] → [tokens.size(), d]. Backward: dw[tokens[t]] += dy[t], in ascending t.
Tensor embed(Pass& p, const Weight& w, std::span<const i32> tokens);

// y = x Wᵀ, x [T, in], w [out, in] → [T, out]. Both inputs are rounded to p.numerics.matmul; sums are f32.
// p.numerics.integer_blocks changes this for weights in blocks (core/pass.hpp).
Tensor linear(Pass& p, const Tensor& x, const Weight& w);

// {x Aᵀ, x Bᵀ}: the bits of two calls of linear, with one quantisation of x. One fork, or two if exactly one of the
// weights is streamed (ops/cpu/streamed_product.hpp).
std::array<Tensor, 2> linear_pair(Pass& p, const Tensor& x, const Weight& a, const Weight& b);

// The same as linear, except that the inputs are never rounded, whatever p.numerics says.
Tensor linear_f32(Pass& p, const Tensor& x, const Weight& w);

// y = x / sqrt(mean(x²) + eps) ⊙ w, arXiv:1910.07467, for each of `heads` groups of d features, which share the weight.
// The mean is over the features of the group. x [T, heads·d], w [1, d] → [T, heads·d].
Tensor rms_norm(Pass& p, const Tensor& x, const Weight& w, float eps, i64 heads = 1);

// y = a + b, both [T, d].
Tensor add(Pass& p, const Tensor& a, const Tensor& b);

// y[t] = x[t] + b. x [T, d], b [1, d].
Tensor add_bias(Pass& p, const Tensor& x, const Weight& b);

// Each of `heads` groups of a + b features → its first a and its last b: x [T, heads·(a+b)] → [T, heads·a], [T,
// heads·b].
std::array<Tensor, 2> split(Pass& p, const Tensor& x, i64 heads, i64 a, i64 b);

// [T, a], [T, b] → [T, a+b].
Tensor concat(Pass& p, const Tensor& a, const Tensor& b);

// y = silu(gate) ⊙ up, silu(z) = z / (1 + exp(−z)), arXiv:2002.05202. Both [T, f].
Tensor swiglu(Pass& p, const Tensor& gate, const Tensor& up);

// y[i] = x[rows[i]] → [rows.size(), d]. `rows` may be in any order and may repeat.
Tensor take_rows(Pass& p, const Tensor& x, std::span<const i32> rows);

// ---- rotary positions --------------------------------------------------------------------------------------------

// How the frequencies f are changed for contexts longer than the one of training.
//   linear  f / factor.
//   yarn    arXiv:2309.00071 §3. f for pairs that make at least beta_fast turns within original_context, f / factor
//           for those that make at most beta_slow, and a ramp in the index of the pair between. cos and sin are
//           multiplied by the ratio of the two mscale factors, or by attention_factor if that is not 0.
//   llama3  f for pairs that make at least high_turns turns within original_context, f / factor for those that make at
//           most low_turns, and a ramp in turns between.
enum class RopeScaling : u8 { linear, yarn, llama3 };
struct RopeConfig {
  i64 dim = 64;  // rotated features per head, even
  double theta = 10000;
  double factor = 1;  // 1: the frequencies are not changed
  i64 original_context = 4096;
  double beta_fast = 32, beta_slow = 1;
  double mscale = 1, mscale_all_dim = 1;
  RopeScaling scaling = RopeScaling::yarn;
  double attention_factor = 0;
  double low_turns = 1, high_turns = 4;
};
std::vector<double> rope_frequencies(const RopeConfig& c);  // [dim/2], changed as c says
double yarn_mscale(double factor, double mscale);           // 1 if factor <= 1, else 0.1·mscale·ln(factor) + 1

// cos and sin of every row of the batch: [T, dim], cos in the first dim/2 columns. A forward pass computes them once,
// and the module for multi-token prediction once more. No gradient.
Tensor rope_angles(Pass& p, const RopeConfig& c);

// Which two features of a head are rotated together: 2j and 2j+1 (DeepSeek), or j and j + dim/2 (Qwen, Llama).
enum class RopePairs : u8 { neighbours, halves };

// Rotates the pairs of each head by the angles of the row, arXiv:2104.09864 §3.2. x [T, heads·dim] → same shape;
// `angles` from rope_angles. The angles have no gradient.
Tensor rope(Pass& p, const Tensor& x, i64 heads, const Tensor& angles, RopePairs pairs = RopePairs::neighbours);

// ---- attention ---------------------------------------------------------------------------------------------------

struct MlaDims {
  i64 heads = 0, nope = 0, rope = 0, v = 0, kv_rank = 0;
  float scale = 0;  // of the softmax, including YaRN's mscale²
};

// Multi-head latent attention over a ragged batch. DeepSeek-V2, arXiv:2405.04434 §2.1.
//   o[t,h] = Σ_j softmax_j(scale · (q_c[t,h]·k_c[j,h] + q_r[t,h]·k_r[j])) v[j,h],   k_c = c W_ukᵀ,  v = c W_uvᵀ
//   with j over the keys of t's own sequence, from 0 to the position of t.
// q_c [T, heads·nope]  q_r [T, heads·rope]  c [T, kv_rank]  k_r [T, rope]  w_uk [heads·nope, kv_rank]
// w_uv [heads·v, kv_rank]  →  [T, heads·v]. q_r and k_r are already rotated, c is already normalised.
// With p.kv the op stores the keys of this batch in the pages of layer `layer` and attends over all pages of a
// sequence. Without p.kv every sequence of the batch must start at position 0. With p.tape there must be no p.kv, and
// the form must be expanded. k and v (expanded) or c and k_r (mixed) are rounded to numerics.kv on every path; the
// gradients of the rounded values go to the unrounded ones. The softmax is computed in partials of kPageTokens
// positions, which are merged in ascending order on every path.
Tensor mla_attend(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                  const Tensor& k_r, const Weight& w_uk, const Weight& w_uv);

struct AttendDims {
  i64 heads = 0, kv_heads = 0, head = 0;  // kv_heads divides heads; a head has `head` features
  float scale = 0;                        // of the softmax
};

// Grouped-query attention (arXiv:2305.13245) over a ragged batch.
//   o[t,h] = Σ_j softmax_j(scale · q[t,h]·k[j,g]) v[j,g],   g = h / (heads / kv_heads)
//   with j over the keys of t's own sequence, from 0 to the position of t.
// q [T, heads·head]  k, v [T, kv_heads·head]  →  [T, heads·head]. q and k are already rotated.
// p.kv, p.tape, numerics.kv and the order of the sums are as for mla_attend, always in the expanded form.
Tensor attend(Pass& p, i64 layer, const AttendDims& d, const Tensor& q, const Tensor& k, const Tensor& v);

// ---- mixture of experts ------------------------------------------------------------------------------------------

enum class Scoring : u8 { softmax, sigmoid };
// Whether groups of experts are chosen before experts, and the score of a group:
//   greedy                no groups
//   group_limited_greedy  the largest score in the group
//   noaux_tc              the sum of the two largest biased scores in the group
enum class TopK : u8 { greedy, group_limited_greedy, noaux_tc };

// DeepSeek-V2, arXiv:2405.04434 §2.1.2; DeepSeek-V3, arXiv:2412.19437 §2.1.2. The scores of experts in groups that are
// not chosen become −inf (noaux_tc) or 0 (group_limited_greedy).
struct RoutingConfig {
  i64 experts = 0, top_k = 0, groups = 1, top_groups = 1;
  Scoring scoring = Scoring::sigmoid;
  TopK method = TopK::noaux_tc;
  bool normalize = true;         // gates /= Σ gates + 1e-20. V3 always; V2 if norm_topk_prob of its config says so
  float scaling = 1;             // routed_scaling_factor
  bool scale_normalized = true;  // V3 scales normalised gates too, V2 only gates that are not normalised
};

// A route is one of the k experts of a token: route t·k + i is the i-th of token t.
struct Routing {
  i64 experts = 0, top_k = 0;
  Tensor gates;             // [T, k]; a row's routes are in ascending order of their experts
  std::vector<i32> expert;  // [T·k] the expert of every route; equal scores go to the lowest index
  // The routes grouped by expert: those of expert e are slot[begin[e] .. begin[e+1]), ascending.
  std::vector<i32> begin, slot;  // [E+1], [T·k]
};

// logits [T, E] → the k best experts of every row and their gates. `bias` ([1, E] f32, may be empty;
// e_score_correction_bias in DeepSeek-V3's files) is added to the scores for the choice only, and has no gradient.
// With p.routes the op counts the loads of `layer` and adds the sequence balance loss of DeepSeek-V3; with p.tape too
// it adds the gradient of that loss:
//   balance_weight · Σ_sequences Σ_e f_e P_e,   P_e = mean_t s'_te,   s'_te = s_te / Σ_e s_te,
//   f_e = E/(k T_s) #{t: e among the top k of unbiased s_t}
// With p.replay_routes a row uses the experts that are recorded for it in this layer, if there are any, whatever its
// scores are. Its gates are computed from the scores as always, and gradients go through them to the logits. The loads
// are those of the experts that are used; f_e remains that of the scores. With p.record_routes the op records the
// experts that are used. Both tables have a row for every row of the batch, and so must the logits.
Routing route(Pass& p, i64 layer, const Tensor& logits, const Weight& bias, const RoutingConfig& c);

struct Expert {
  Weight gate, up, down;  // [f, d], [f, d], [d, f]
};

// y[t] = Σ_i gates[t,i] · down(silu(gate x_t) ⊙ (up x_t)) over the experts of token t, summed in ascending order of the
// experts. x [T, d] → [T, d]. Gradients: of x, r.gates and the experts' weights. The products are as linear's.
Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts);

// ---- loss --------------------------------------------------------------------------------------------------------

// A linear head and the cross-entropy of its logits, in chunks of rows: the logits of all rows never exist together.
//   nll[t] = logsumexp_v(z_t / temperature) − z_t[targets[t]] / temperature,  z = x Wᵀ
// x [T, d], w [vocab, d], targets [T] → [T, 1]. A row with targets[t] < 0 has nll 0 and no gradient.
// If `entropy` is not null it receives [T, 1]: the entropy of softmax(z_t / temperature), which has no gradient, and 0
// for a row without a target.
Tensor linear_cross_entropy(Pass& p, const Tensor& x, const Weight& w, std::span<const i32> targets,
                            float temperature = 1, Tensor* entropy = nullptr);

// Returns block(p, x). The block must not return x itself. With p.tape and p.recompute the block runs without a tape,
// and only x is kept; the backward pass then runs the block again with a tape of its own. The bits are the same with
// and without recomputing.
Tensor recompute(Pass& p, const Tensor& x, const std::function<Tensor(Pass&, const Tensor&)>& block);

}  // namespace r1
