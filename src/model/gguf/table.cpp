#include "model/gguf/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace r1::gguf_table {
namespace {

constexpr TensorRow kOutside[] = {
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"lm_head.weight", "output.weight"},
};

constexpr TensorRow kInLayer[] = {
    {"input_layernorm.weight", "attn_norm.weight"},
    {"self_attn.q_proj.weight", "attn_q.weight", Arrangement::rotary},
    {"self_attn.q_proj.bias", "attn_q.bias", Arrangement::rotary},
    {"self_attn.k_proj.weight", "attn_k.weight", Arrangement::rotary},
    {"self_attn.k_proj.bias", "attn_k.bias", Arrangement::rotary},
    {"self_attn.v_proj.weight", "attn_v.weight"},
    {"self_attn.v_proj.bias", "attn_v.bias"},
    {"self_attn.q_proj.weight", "attn_qkv.weight", Arrangement::q_rows, Direction::read_only},
    {"self_attn.k_proj.weight", "attn_qkv.weight", Arrangement::k_rows, Direction::read_only},
    {"self_attn.v_proj.weight", "attn_qkv.weight", Arrangement::v_rows, Direction::read_only},
    {"self_attn.q_proj.bias", "attn_qkv.bias", Arrangement::q_rows, Direction::read_only},
    {"self_attn.k_proj.bias", "attn_qkv.bias", Arrangement::k_rows, Direction::read_only},
    {"self_attn.v_proj.bias", "attn_qkv.bias", Arrangement::v_rows, Direction::read_only},
    {"self_attn.q_norm.weight", "attn_q_norm.weight"},
    {"self_attn.k_norm.weight", "attn_k_norm.weight"},
    {"self_attn.q_a_proj.weight", "attn_q_a.weight"},
    {"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
    {"self_attn.q_b_proj.weight", "attn_q_b.weight"},
    {"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
    {"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
    {"self_attn.kv_b_proj.weight", "attn_k_b.weight", Arrangement::k_half},
    {"self_attn.kv_b_proj.weight", "attn_v_b.weight", Arrangement::v_half},
    {"self_attn.kv_b_proj.weight", "attn_kv_b.weight", Arrangement::whole, Direction::read_only},
    {"self_attn.o_proj.weight", "attn_output.weight"},
    {"self_attn.o_proj.bias", "attn_output.bias"},
    {"post_attention_layernorm.weight", "ffn_norm.weight"},
    {"mlp.gate_proj.weight", "ffn_gate.weight"},
    {"mlp.up_proj.weight", "ffn_up.weight"},
    {"mlp.down_proj.weight", "ffn_down.weight"},
    {"mlp.gate.weight", "ffn_gate_inp.weight"},
    {"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
    {"mlp.experts.{}.gate_proj.weight", "ffn_gate_exps.weight", Arrangement::expert},
    {"mlp.experts.{}.up_proj.weight", "ffn_up_exps.weight", Arrangement::expert},
    {"mlp.experts.{}.down_proj.weight", "ffn_down_exps.weight", Arrangement::expert},
    {"mlp.experts.{}.gate_proj.weight", "ffn_gate_up_exps.weight", Arrangement::gate_of_expert, Direction::read_only},
    {"mlp.experts.{}.up_proj.weight", "ffn_gate_up_exps.weight", Arrangement::up_of_expert, Direction::read_only},
    {"mlp.experts.{}.gate_proj.weight", "ffn_gate.{}.weight", Arrangement::whole, Direction::read_only},
    {"mlp.experts.{}.up_proj.weight", "ffn_up.{}.weight", Arrangement::whole, Direction::read_only},
    {"mlp.experts.{}.down_proj.weight", "ffn_down.{}.weight", Arrangement::whole, Direction::read_only},
    {"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
    {"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
    {"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
    {"eh_proj.weight", "nextn.eh_proj.weight"},
    {"enorm.weight", "nextn.enorm.weight"},
    {"hnorm.weight", "nextn.hnorm.weight"},
    {"shared_head.norm.weight", "nextn.shared_head_norm.weight"},
    {"embed_tokens.weight", "nextn.embed_tokens.weight", Arrangement::whole, Direction::read_only},
    {"shared_head.head.weight", "nextn.shared_head_head.weight", Arrangement::whole, Direction::read_only},
};

std::optional<i64> number_at(std::string_view text) {
  i64 n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || n < 0 || (text.size() > 1 && text[0] == '0'))
    return {};
  return n;
}

}  // namespace

TensorName parse_name(std::string_view name, std::string_view prefix) {
  TensorName out;
  if (!name.starts_with(prefix)) return {-1, -1, std::string(name)};
  const auto dot = name.find('.', prefix.size());
  const auto layer = dot == name.npos ? std::nullopt : number_at(name.substr(prefix.size(), dot - prefix.size()));
  if (!layer) return {-1, -1, std::string(name)};
  out.layer = *layer;
  for (std::string_view rest = name.substr(dot + 1); !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    const auto n = out.expert < 0 ? number_at(part) : std::nullopt;
    if (n) out.expert = *n;
    if (!out.pattern.empty()) out.pattern += '.';
    out.pattern += n ? "{}" : part;
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  return out;
}

static std::string with_expert(std::string_view pattern, i64 expert) {
  const auto at = pattern.find("{}");
  if (at == pattern.npos) return std::string(pattern);
  return fmt::format("{}{}{}", pattern.substr(0, at), expert, pattern.substr(at + 2));
}

std::string published_name(const TensorRow& row, i64 layer, i64 expert) {
  return layer < 0 ? std::string(row.published)
                   : fmt::format("model.layers.{}.{}", layer, with_expert(row.published, expert));
}
std::string gguf_name(const TensorRow& row, i64 layer) {
  return layer < 0 ? std::string(row.gguf) : fmt::format("blk.{}.{}", layer, row.gguf);
}

std::span<const TensorRow> table(i64 layer) {
  return layer < 0 ? std::span<const TensorRow>(kOutside) : std::span<const TensorRow>(kInLayer);
}

}  // namespace r1::gguf_table
