#include "quant/quantize_mix.hpp"

#include <charconv>

#include "core/text.hpp"
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

using Rules = Mix::Rules;

struct NamedMix {
  std::string_view name;
  Rules rules;
  DType type;
  i64 file_type;  // llama.cpp's number
};
constexpr NamedMix kMixes[] = {
    {"q2_k_l", Rules::q2_k_l, DType::q2_k, 10}, {"q3_k_s", Rules::q3_k_s, DType::q3_k, 11},
    {"q3_k_m", Rules::q3_k_m, DType::q3_k, 12}, {"q3_k_l", Rules::q3_k_l, DType::q3_k, 13},
    {"q4_k_s", Rules::q4_k_s, DType::q4_k, 14}, {"q4_k_m", Rules::q4_k_m, DType::q4_k, 15},
    {"q5_k_s", Rules::q5_k_s, DType::q5_k, 16}, {"q5_k_m", Rules::q5_k_m, DType::q5_k, 17},
    {"q6_k", Rules::q6_k, DType::q6_k, 18},
};

DType value_type(const Mix& mix, i64 layer, const MixModel& m) {
  switch (mix.rules) {
    case Rules::q3_k_m: return layer < 2 ? DType::q5_k : DType::q4_k;
    case Rules::q3_k_l: return DType::q5_k;
    case Rules::q4_k_s: return layer < 4 ? DType::q5_k : mix.type;
    case Rules::q4_k_m:
    case Rules::q5_k_m: return gets_more(layer, m.layers) ? DType::q6_k : mix.type;
    default: return mix.type;
  }
}

DType down_type(const Mix& mix, i64 layer, const MixModel& m) {
  switch (mix.rules) {
    case Rules::q3_k_m: return layer < m.layers / 16 ? DType::q5_k : DType::q4_k;
    case Rules::q3_k_l: return DType::q5_k;
    case Rules::q4_k_s: return layer < m.layers / 8 ? DType::q5_k : mix.type;
    case Rules::q4_k_m:
    case Rules::q5_k_m: return gets_more(layer, m.layers) ? DType::q6_k : mix.type;
    default: return mix.type;
  }
}

DType attention_output_type(const Mix& mix, const MixModel& m) {
  if (m.experts == 8) return mix.type == DType::q6_k || mix.rules == Rules::q3_k_l ? mix.type : DType::q5_k;
  if (mix.rules == Rules::q3_k_m) return DType::q4_k;
  return mix.rules == Rules::q3_k_l ? DType::q5_k : mix.type;
}

DType by_rules(const Mix& mix, std::string_view t, const MixModel& m) {
  if (mix.rules == Rules::uniform) return mix.type;
  const bool small = mix.rules == Rules::q2_k_l, embedding = t == "token_embd.weight";
  if (t == "output.weight" || (embedding && m.tied)) return small ? DType::q8_0 : DType::q6_k;
  if (embedding) return small ? DType::q8_0 : mix.type;
  const bool value = is_value(t);
  if (m.experts == 8 && (value || is(t, "attn_k.weight"))) return DType::q8_0;
  if (small) {
    if (m.experts == 8 && is(t, "attn_output.weight")) return DType::q5_k;
    if (value) return m.kv_heads > 0 && m.heads / m.kv_heads >= 4 ? DType::q4_k : DType::q3_k;
    return is(t, "ffn_down") || is(t, "attn_output.weight") ? DType::q3_k : mix.type;
  }
  if (is(t, "ffn_down")) return down_type(mix, layer_of(t), m);
  if (is(t, "attn_output.weight")) return attention_output_type(mix, m);
  if (!value) return mix.type;
  const DType type = value_type(mix, layer_of(t), m);
  // In dense models of 70B eight query heads share each value head, so these small tensors matter much.
  const bool shared_by_eight = m.layers == 80 && m.experts == 0 && m.heads > m.kv_heads;
  return shared_by_eight && (type == DType::q3_k || type == DType::q4_k) ? DType::q5_k : type;
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
  std::vector<std::string> names{"q4_k_m"};  // the first is what most people want
  for (const NamedMix& m : kMixes)
    if (m.name != "q4_k_m") names.emplace_back(m.name);
  for (int t = 0; t < kDTypes; ++t)
    if (const auto type = static_cast<DType>(t); can_quantize(type) && type != DType::q6_k)
      names.emplace_back(name_of(type));
  return names;
}

Result<Mix> find_mix(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const NamedMix& m : kMixes)
    if (lower == m.name) return Mix{lower, m.rules, m.type, m.file_type};
  for (int t = 0; t < kDTypes; ++t)
    if (const auto type = static_cast<DType>(t); lower == name_of(type) && can_quantize(type))
      return Mix{lower, Rules::uniform, type, label_of(type)};
  return fail(Errc::usage, "no type \"{}\" to quantise to: {}", name, fmt::join(mix_names(), " "));
}

DType mix_type(const Mix& mix, std::string_view tensor, const std::vector<i64>& shape, const MixModel& model,
               DType* wanted) {
  const bool matrix = shape.size() >= 2 && tensor.ends_with("weight");
  const bool exact = !matrix || tensor.ends_with("_norm.weight") || tensor.ends_with("ffn_gate_inp.weight");
  const DType type = exact ? DType::f32 : by_rules(mix, tensor, model);
  if (wanted) *wanted = type;
  return fitting(type, shape.empty() ? 1 : shape.back());
}

}  // namespace r1
