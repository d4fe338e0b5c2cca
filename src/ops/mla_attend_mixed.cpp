// Latent attention in the mixed form, in which pages hold the latents. Prompt tokens attend expanded: k and v are
// computed again from the latents as the pages round them, so it does not matter in which chunks the prompt came.
// Generated tokens attend absorbed:
//   q̂ = W_ukᵀ q_c    score = scale · (q̂·c_j + q_r·k_r_j)    z = Σ_j p_j c_j    o = W_uv z
#include "core/integer.hpp"
#include "ops/cpu/absorption.hpp"
#include "ops/cpu/attention_keys.hpp"

namespace r1 {
namespace {

// The longest possible runs of rows of one role, in the order of the batch.
std::vector<RowRun> runs_of(const Batch& b, Role role) {
  std::vector<RowRun> runs;
  for (i64 s = 0; s < b.sequences(); ++s) {
    const i64 end = b.seq_begin[s + 1];
    for (i64 t = b.seq_begin[s]; t < end; ++t) {
      if (b.roles[t] != role) continue;
      if (!runs.empty() && runs.back().seq == s && runs.back().end == t) ++runs.back().end;
      else runs.push_back({s, t, t + 1});
    }
  }
  return runs;
}

void attend_prompt(Pass& p, const MlaDims& d, const AttentionKeys& latents, const std::vector<RowRun>& runs,
                   const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Weight& w_uk, const Weight& w_uv) {
  std::vector<i32> lengths(p.batch.sequences(), 0);
  for (const RowRun& run : runs)  // the last run of a sequence has the highest position
    lengths[run.seq] = p.batch.positions[run.end - 1] + 1;
  std::vector<KeyRun> positions;  // all positions of the sequences with prompt rows, as rows of c and k_r
  i64 total = 0;
  for (i64 s = 0; s < std::ssize(lengths); ++s) {
    if (lengths[s]) positions.push_back({{s, total, total + lengths[s]}, 0});
    total += lengths[s];
  }
  const Tensor c = p.alloc(total, d.kv_rank), k_r = p.alloc(total, d.rope);
  for (const auto& [run, first] : positions)
    latents.read_latents(p, run.seq, run.rows(), c.row(run.begin), k_r.row(run.begin));
  const HeadDims heads{d.heads, d.heads, d.nope, d.rope, d.v, d.scale};
  const AttentionKeys keys = AttentionKeys::in_memory(p, heads.layout(DType::f32), lengths);
  keys.store(p, positions, linear(p, c, w_uk), k_r, linear(p, c, w_uv));
  attend_stored(p, heads, keys, runs, q_c, q_r, o, p.alloc(q_c.rows(), 2 * d.heads));
}

void copy_row(float* to, const float* from, i64 n) { std::copy(from, from + n, to); }

void attend_absorbed(const Pass& p, const MlaDims& d, const AttentionKeys& latents, const std::vector<RowRun>& runs,
                     const Tensor& q_c, const Tensor& q_r, const Tensor& o, const Weight& w_uk, const Weight& w_uv) {
  struct Token {
    i64 seq, row, position;
  };
  std::vector<Token> tokens;
  double keys_seen = 0;
  i64 blocks = 0;
  for (const RowRun& run : runs)
    for (i64 t = run.begin; t < run.end; ++t) {
      tokens.push_back({run.seq, t, p.batch.positions[t]});
      keys_seen += static_cast<double>(tokens.back().position + 1);
      blocks = std::max(blocks, tokens.back().position / kPageTokens + 1);
    }
  const i64 n = std::ssize(tokens), rank = d.kv_rank, threads = p.pool.threads();

  const Tensor q = p.alloc(n, q_c.cols()), q_hat = p.alloc(n, d.heads * rank), z = p.alloc(n, d.heads * rank);
  const Tensor stats = p.alloc(n, 2 * d.heads), values = p.alloc(n, o.cols());
  for (i64 i = 0; i < n; ++i) copy_row(q.row(i), q_c.row(tokens[i].row), q_c.cols());
  absorb_queries(p, d, q, w_uk, q_hat);

  // The heads of a token share the transposition of a block, so they stay together as long as every thread has work.
  const i64 groups = n * blocks >= 2 * threads ? 1 : std::max<i64>(1, d.heads / 8);
  const i64 per_call = ceil_div(d.heads, groups), calls = ceil_div(d.heads, per_call);  // heads; calls of a token
  run_attend(p,
             {.count = n * calls,
              .work = keys_seen * static_cast<double>(d.heads * (2 * rank + d.rope)),
              .rows = per_call,
              .blocks = blocks,
              .one_position = true},
             [&](i64 i) {
               const Token& token = tokens[i / calls];
               const i64 row = i / calls, h = i % calls * per_call, heads = std::min(per_call, d.heads - h);
               return AttendCall{{heads, token.position, 0, q_hat.row(row) + h * rank, q_r.row(token.row) + h * d.rope,
                                  rank, d.rope, d.scale},
                                 latents.of(token.seq, 0),
                                 {z.row(row) + h * rank, rank, stats.row(row) + h, stats.row(row) + d.heads + h, 1}};
             });

  expand_latents(p, d, z, w_uv, values);
  for (i64 i = 0; i < n; ++i) copy_row(o.row(tokens[i].row), values.row(i), o.cols());
}

}  // namespace

Tensor mla_attend_mixed(Pass& p, i64 layer, const MlaDims& d, const Tensor& q_c, const Tensor& q_r, const Tensor& c,
                        const Tensor& k_r, const Weight& w_uk, const Weight& w_uv) {
  const NewRows rows(p.batch);
  const KvLayout layout{MlaForm::mixed, p.numerics.kv, 1, d.heads, d.nope, d.rope, d.v, d.kv_rank};
  const AttentionKeys latents = AttentionKeys::of_pass(p, layer, layout, rows.lengths);
  latents.store(p, rows.runs, c, k_r, Tensor());
  const Tensor o = p.alloc(q_c.rows(), d.heads * d.v);
  if (const auto runs = runs_of(p.batch, Role::prompt); !runs.empty())
    attend_prompt(p, d, latents, runs, q_c, q_r, o, w_uk, w_uv);
  if (const auto runs = runs_of(p.batch, Role::generated); !runs.empty())
    attend_absorbed(p, d, latents, runs, q_c, q_r, o, w_uk, w_uv);
  return o;
}

}  // namespace r1
