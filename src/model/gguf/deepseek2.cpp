// GGUF's deepseek2: DeepSeek-V2, V2-Lite, V3 and R1.
#include <algorithm>

#include "model/architectures.hpp"
#include "model/deepseek_v3.hpp"
#include "model/gguf/keys.hpp"

namespace r1 {
namespace {

constexpr i64 kMostGgufExperts = 1024;      // llama.cpp's limit
constexpr i64 kMostMatrices = 1 << 16;      // ours: a stack of experts becomes as many weights
constexpr i64 kGroups = 8, kTopGroups = 4;  // R1's, for files that lack them

Status add_attention(const GgufKeys& keys, Json& j) {
  // The form of the file decides which of these keys are needed. None may hold nonsense.
  for (const char* name : {"attention.head_count_kv", "attention.key_length", "attention.value_length"})
    R1_TRY(keys.positive(name, 1));
  const bool mla =
      R1_TRY(keys.integer("attention.key_length_mla", 0)) && R1_TRY(keys.integer("attention.value_length_mla", 0));
  const char* key_name = mla ? "attention.key_length_mla" : "attention.key_length";
  const i64 key = R1_TRY(keys.positive(key_name)), rope = R1_TRY(keys.positive("rope.dimension_count"));
  const i64 value = R1_TRY(keys.positive(mla ? "attention.value_length_mla" : "attention.value_length"));
  if (key <= rope)
    return fail(Errc::corrupt, "{}: {} is {}, {} is {}: nothing is left of the key", keys.file().path(),
                keys.key(key_name), key, keys.key("rope.dimension_count"), rope);
  // llama.cpp recognises V2-Lite, whose queries are not compressed, by its number of layers. The tensors say so for any
  // model.
  const i64 q_rank = keys.tensor("blk.0.attn_q.weight") ? 0 : R1_TRY(keys.integer("attention.q_lora_rank", 0));
  j.set("num_key_value_heads", *j.find("num_attention_heads"))
      .set("q_lora_rank", q_rank ? Json(q_rank) : Json())
      .set("kv_lora_rank", R1_TRY(keys.positive("attention.kv_lora_rank")))
      .set("qk_nope_head_dim", key - rope)
      .set("qk_rope_head_dim", rope)
      .set("v_head_dim", value);
  return {};
}

enum class Gating : i64 { unset = 0, softmax = 1, sigmoid = 2 };  // llama.cpp's numbers

// Files without expert_gating_func score experts by softmax, as DeepSeek-V2 does. llama.cpp recognises the exceptions
// by their sizes: src/models/deepseek2.cpp, "for compatibility with existing DeepSeek V2 and V2.5 GGUFs".
struct UnnamedGating {
  i64 blocks, vocab;
  Gating gating;
};
constexpr UnnamedGating kUnnamedGatings[] = {
    {47, 154880, Gating::sigmoid},  // GLM-4.7-Flash, "GLM 4.7 Lite" in llama.cpp
    {48, 154880, Gating::sigmoid},  // the same with its MTP module
};

Result<Gating> gating(const GgufKeys& keys) {
  const i64 said = R1_TRY(keys.integer("expert_gating_func", 0));
  if (said < 0 || said > 2)
    return keys.refuse("expert_gating_func", fmt::format("{}, known: 1 (softmax), 2 (sigmoid)", said));
  if (said) return static_cast<Gating>(said);
  const i64 blocks = R1_TRY(keys.integer("block_count")), vocab = R1_TRY(vocabulary(keys));
  for (const UnnamedGating& u : kUnnamedGatings)
    if (u.blocks == blocks && u.vocab == vocab) return u.gating;
  return Gating::softmax;
}

// Files from before autumn 2025 lack the groups of experts. Without R1's groups the router would choose other experts
// than R1 does.
bool groups_missing(const GgufKeys& keys, Gating g, i64 experts) {
  return !keys.holds("expert_group_count") && experts == 256 && g == Gating::sigmoid;
}

Status add_experts(const GgufKeys& keys, Json& j) {
  const i64 experts = R1_TRY(keys.integer("expert_count", 0));
  if (experts == 0) return {};
  const i64 blocks = R1_TRY(keys.integer("block_count"));
  if (experts < 0 || experts > kMostGgufExperts || experts * blocks > kMostMatrices)
    return fail(Errc::corrupt, "{}: {}: {} experts in {} blocks, expected at most {} and {} in all", keys.file().path(),
                keys.key("expert_count"), experts, blocks, kMostGgufExperts, kMostMatrices);
  const Gating g = R1_TRY(gating(keys));
  const i64 dense = R1_TRY(keys.integer("leading_dense_block_count", 0));
  const bool bias = keys.tensor(fmt::format("blk.{}.exp_probs_b.bias", dense));
  const bool normalize = R1_TRY(keys.flag("expert_weights_norm", false));
  const bool missing = groups_missing(keys, g, experts);
  i64 groups = R1_TRY(keys.integer("expert_group_count", missing ? kGroups : 1));
  i64 used = R1_TRY(keys.integer("expert_group_used_count", missing ? kTopGroups : 1));
  if (groups <= 1) groups = used = 1;
  if (groups > 1 && !bias && g == Gating::sigmoid)
    return keys.refuse("expert_group_count", fmt::format("{} groups with sigmoid scores and no exp_probs_b", groups));
  double scale = R1_TRY(keys.number("expert_weights_scale", 1));
  if (scale == 0) scale = 1;  // llama.cpp takes 0 for not set
  if (scale < 0) return keys.refuse("expert_weights_scale", fmt::format("{}, must be above 0", scale));
  const char* type = g == Gating::softmax && !bias && !normalize ? "deepseek_v2" : "deepseek_v3";
  j.set("model_type", type)
      .set("architectures", Json::array({architecture_named(type).class_name}))
      .set("first_k_dense_replace", dense)
      .set("moe_layer_freq", 1)
      .set("n_routed_experts", experts)
      .set("n_shared_experts", R1_TRY(keys.integer("expert_shared_count", 0)))
      .set("num_experts_per_tok", R1_TRY(keys.positive("expert_used_count")))
      .set("moe_intermediate_size", R1_TRY(keys.positive("expert_feed_forward_length")))
      .set("n_group", groups)
      .set("topk_group", used)
      .set("scoring_func", g == Gating::sigmoid ? "sigmoid" : "softmax")
      .set("topk_method", bias         ? "noaux_tc"
                          : groups > 1 ? "group_limited_greedy"
                                       : "greedy")
      .set("norm_topk_prob", normalize)
      .set("routed_scaling_factor", scale);
  return {};
}

}  // namespace

Result<Json> deepseek_config_of_gguf(const GgufKeys& keys) {
  if (keys.holds("attention.temperature_scale") || keys.holds("attention.temperature_length"))
    return keys.refuse("attention.temperature_scale", "attention scaled by temperature is not supported");
  Json j = R1_TRY(common_config(keys, "deepseek_v3"));
  R1_TRY(add_attention(keys, j));
  j.set("rope_scaling", R1_TRY(rope_scaling(keys, GgufScaling::deepseek2)));
  R1_TRY(add_experts(keys, j));
  return j;
}

std::vector<std::string> deepseek_gguf_notes(const GgufKeys& keys) {
  std::vector<std::string> notes;
  const auto g = gating(keys);
  if (g && groups_missing(keys, *g, keys.integer("expert_count", 0).value_or(0)))
    notes.push_back(
        fmt::format("no expert_group_count (a file from before autumn 2025): R1's {} groups of which {} are "
                    "used",
                    kGroups, kTopGroups));
  if (keys.tensor("blk.0.attn_kv_b.weight"))
    notes.push_back(keys.tensor("blk.0.attn_k_b.weight") ? "attention in ik_llama.cpp's form: attn_kv_b and its halves"
                                                         : "attention in the form from before April 2025: attn_kv_b");
  if (keys.holds("nextn_predict_layers")) notes.push_back("holds the MTP module (nextn)");
  return notes;
}

GgufDims gguf_dims(const DeepseekConfig& c) {
  GgufDims d;
  d.architecture = architecture_named(c.model_type).gguf_architecture;
  d.layers = c.layers, d.mtp_layers = c.mtp_layers;
  d.heads = c.heads, d.kv_heads = 1, d.head = c.nope + c.rope;
  d.nope = c.nope, d.v = c.v, d.kv_rank = c.kv_rank;
  d.experts = c.routing.experts;
  d.tied = c.tied;
  return d;
}

}  // namespace r1
