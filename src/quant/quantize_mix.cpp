#include "quant/quantize_mix.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "quant/quantize.hpp"

namespace r1 {
namespace {

// llama.cpp's number for a file of this type. Where llama.cpp has several mixes of a type, it is the smallest mix.
i64 label_of(DType type) {
  switch (type) {
    case DType::f32: return 0;
    case DType::f16: return 1;
    case DType::q4_0: return 2;
    case DType::q4_1: return 3;
    case DType::q8_0: return 7;
    case DType::q5_0: return 8;
    case DType::q5_1: return 9;
    case DType::q2_k: return 10;
    case DType::q3_k: return 11;
    case DType::q4_k: return 14;
    case DType::q5_k: return 16;
    case DType::q6_k: return 18;
    case DType::iq4_nl: return 25;
    case DType::iq4_xs: return 30;
    case DType::bf16: return 32;
    case DType::tq1_0: return 36;
    case DType::tq2_0: return 37;
    case DType::mxfp4: return 38;
    default: return 0;
  }
}

// The N of a name blk.N.*; -1 for a tensor outside the layers.
i64 layer_of(std::string_view tensor) {
  i64 layer = -1;
  if (tensor.starts_with("blk.")) std::from_chars(tensor.data() + 4, tensor.data() + tensor.size(), layer);
  return layer;
}

// The layers where errors cost most: the first and the last eighth, and every third layer between.
bool gets_more(i64 layer, i64 layers) {
  const i64 eighth = layers / 8;
  return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
}

// Whether the part of a name behind the layer starts so: "ffn_down" for "blk.7.ffn_down_exps.weight".
bool is(std::string_view tensor, std::string_view part) { return tensor.find("." + std::string(part)) != tensor.npos; }

bool is_value(std::string_view t) {
  return is(t, "attn_v.weight") || is(t, "attn_qkv.weight") || is(t, "attn_kv_b.weight");
}

DType by_rules(const Mix& mix, std::string_view t, const MixModel& m) {
  if (mix.rules == Mix::Rules::uniform) return mix.type;
  const bool small = mix.rules == Mix::Rules::q2_k_l, embedding = t == "token_embd.weight";
  if (t == "output.weight" || (embedding && m.tied)) return small ? DType::q8_0 : DType::q6_k;
  if (embedding) return small ? DType::q8_0 : mix.type;
  const bool value = is_value(t), eight_experts = m.experts == 8;
  if (eight_experts && (value || is(t, "attn_k.weight"))) return DType::q8_0;
  if (eight_experts && is(t, "attn_output.weight")) return DType::q5_k;
  if (small) {
    if (value) return m.kv_heads > 0 && m.heads / m.kv_heads >= 4 ? DType::q4_k : DType::q3_k;
    return is(t, "ffn_down") || is(t, "attn_output.weight") ? DType::q3_k : mix.type;
  }
  if ((value || is(t, "ffn_down")) && gets_more(layer_of(t), m.layers)) return DType::q6_k;
  // In dense models of 70B eight query heads share each value head, so these small tensors matter much.
  if (value && mix.type == DType::q4_k && m.layers == 80 && m.experts == 0 && m.heads > m.kv_heads) return DType::q5_k;
  return mix.type;
}

DType fitting(DType type, i64 row) {
  if (row % block_of(type).elements == 0) return type;
  const auto smaller = [&] {
    switch (type) {
      case DType::q4_k: return DType::q5_0;
      case DType::q5_k: return DType::q5_1;
      case DType::q6_k: return DType::q8_0;
      case DType::iq4_xs: return DType::iq4_nl;
      default: return DType::q4_0;
    }
  }();
  return row % block_of(smaller).elements == 0 ? smaller : DType::f16;
}

}  // namespace

std::vector<std::string> mix_names() {
  std::vector<std::string> names{"q4_k_m", "q5_k_m", "q2_k_l"};
  for (int t = 0; t < kDTypes; ++t)
    if (const auto type = static_cast<DType>(t); can_quantize(type)) names.emplace_back(name_of(type));
  return names;
}

Result<Mix> find_mix(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "q4_k_m") return Mix{lower, Mix::Rules::q4_k_m, DType::q4_k, 15};
  if (lower == "q5_k_m") return Mix{lower, Mix::Rules::q5_k_m, DType::q5_k, 17};
  if (lower == "q2_k_l") return Mix{lower, Mix::Rules::q2_k_l, DType::q2_k, 10};
  for (int t = 0; t < kDTypes; ++t)
    if (const auto type = static_cast<DType>(t); lower == name_of(type) && can_quantize(type))
      return Mix{lower, Mix::Rules::uniform, type, label_of(type)};
  return fail(Errc::usage, "no type \"{}\" to quantise to: {}", name, fmt::join(mix_names(), " "));
}

DType mix_type(const Mix& mix, std::string_view tensor, const std::vector<i64>& shape, const MixModel& model) {
  const bool matrix = shape.size() >= 2 && tensor.ends_with("weight");
  if (!matrix || tensor.ends_with("_norm.weight") || tensor.ends_with("ffn_gate_inp.weight")) return DType::f32;
  return fitting(by_rules(mix, tensor, model), shape.back());
}

}  // namespace r1
