// config.json of DeepSeek models.
#include <algorithm>
#include <cmath>

#include "model/architectures.hpp"
#include "model/deepseek_v3.hpp"

namespace r1 {
namespace {

// The values of missing keys: those of transformers' DeepseekV2Config and DeepseekV3Config.
struct Defaults {
  i64 context, groups, top_groups, shared_experts, dense_layers;
  double scaling;
  bool normalize;
  const char *scoring, *top_k_method;
};
constexpr Defaults kV2{2048, 1, 1, 2, 0, 1, false, "softmax", "greedy"};
constexpr Defaults kV3{4096, 8, 4, 1, 3, 2.5, true, "sigmoid", "noaux_tc"};

// A count for which null means none, while a missing key means `usual`.
Result<i64> count_or_none(const Json& json, const JsonFields& f, std::string_view key, i64 low, i64 high, i64 usual) {
  if (json.find(key) && !f.has(key)) return 0;
  return f.integer_in(key, low, high, usual);
}

constexpr std::pair<const char*, TopK> kTopKMethods[] = {
    {"greedy", TopK::greedy}, {"group_limited_greedy", TopK::group_limited_greedy}, {"noaux_tc", TopK::noaux_tc}};

Result<TopK> parse_top_k_method(const JsonFields& f, const char* usual) {
  const std::string method = R1_TRY(f.string("topk_method", usual));
  for (const auto& [name, value] : kTopKMethods)
    if (method == name) return value;
  return refuse(f, "topk_method", fmt::format("\"{}\", known: greedy, group_limited_greedy, noaux_tc", method));
}

const char* name_of(TopK method) {
  return std::ranges::find(kTopKMethods, method, &std::pair<const char*, TopK>::second)->first;
}

// Whether the groups can give every token its experts.
Status check_groups(const JsonFields& f, const RoutingConfig& r) {
  if (r.top_groups > r.groups) return refuse(f, "topk_group", fmt::format("{} of {} groups", r.top_groups, r.groups));
  if (r.experts % r.groups)
    return refuse(f, "n_group", fmt::format("{} groups do not divide n_routed_experts {}", r.groups, r.experts));
  const i64 per_group = r.experts / r.groups;
  if (r.method == TopK::noaux_tc && per_group < 2 && r.groups > 1)
    return refuse(f, "n_group", fmt::format("groups of {} expert; noaux_tc scores a group by its two best", per_group));
  if (r.method != TopK::greedy && r.top_groups * per_group < r.top_k)
    return refuse(
        f, "topk_group",
        fmt::format("{} groups of {} experts cannot give num_experts_per_tok {}", r.top_groups, per_group, r.top_k));
  return {};
}

Status parse_routing(const Json& json, const JsonFields& f, const Defaults& usual, DeepseekConfig& c) {
  RoutingConfig& r = c.routing;
  if (!f.has("n_routed_experts")) {
    c.dense_layers = c.layers;
    return {};
  }
  r.experts = R1_TRY(f.integer_in("n_routed_experts", 1, kMostExperts));
  r.top_k = R1_TRY(f.integer_in("num_experts_per_tok", 1, r.experts));
  r.groups = std::max<i64>(1, R1_TRY(count_or_none(json, f, "n_group", 1, kMostExperts, usual.groups)));
  r.top_groups = std::max<i64>(1, R1_TRY(count_or_none(json, f, "topk_group", 1, r.groups, usual.top_groups)));
  const double scaling = R1_TRY(f.number("routed_scaling_factor", usual.scaling));
  r.scaling = static_cast<float>(scaling);
  if (!(r.scaling > 0) || !std::isfinite(r.scaling))
    return refuse(f, "routed_scaling_factor", fmt::format("{}, must be above 0 and a finite f32", scaling));
  r.normalize = R1_TRY(f.boolean("norm_topk_prob", usual.normalize));
  r.scale_normalized = c.model_type == "deepseek_v3";
  const std::string scoring = R1_TRY(f.string("scoring_func", usual.scoring));
  if (scoring != "sigmoid" && scoring != "softmax")
    return refuse(f, "scoring_func", fmt::format("\"{}\", known: sigmoid, softmax", scoring));
  r.scoring = scoring == "sigmoid" ? Scoring::sigmoid : Scoring::softmax;
  r.method = R1_TRY(parse_top_k_method(f, usual.top_k_method));
  R1_TRY(check_groups(f, r));
  c.expert_intermediate = R1_TRY(f.integer_in("moe_intermediate_size", 1, kMostWidth));
  c.shared_experts = R1_TRY(count_or_none(json, f, "n_shared_experts", 0, 1024, usual.shared_experts));
  c.dense_layers =
      R1_TRY(f.integer_in("first_k_dense_replace", 0, c.layers, std::min<i64>(usual.dense_layers, c.layers)));
  if (R1_TRY(f.integer("moe_layer_freq", 1)) != 1) return refuse(f, "moe_layer_freq", "only 1 is supported");
  return {};
}

}  // namespace

Result<DeepseekConfig> parse_deepseek_config(const Json& json, std::string_view source) {
  const JsonFields f = R1_TRY(JsonFields::of(json, std::string(source)));
  DeepseekConfig c;
  c.model_type = R1_TRY(f.string("model_type"));
  const Defaults& usual = c.model_type == "deepseek_v3" ? kV3 : kV2;
  c.vocab = R1_TRY(f.integer_in("vocab_size", 1, kMostTokens));
  c.hidden = R1_TRY(f.integer_in("hidden_size", 1, kMostWidth));
  c.layers = R1_TRY(f.integer_in("num_hidden_layers", 1, 1024));
  c.context = R1_TRY(f.positive("max_position_embeddings", usual.context));
  c.heads = R1_TRY(f.integer_in("num_attention_heads", 1, kMostHeads));
  R1_TRY(f.integer_in("num_key_value_heads", 1, kMostHeads, c.heads));  // unused: all heads share one latent
  c.q_rank = R1_TRY(count_or_none(json, f, "q_lora_rank", 1, kMostWidth, 1536));
  c.kv_rank = R1_TRY(f.integer_in("kv_lora_rank", 1, kMostWidth));
  c.nope = R1_TRY(f.integer_in("qk_nope_head_dim", 1, kMostHeads));
  c.rope = R1_TRY(f.integer_in("qk_rope_head_dim", 1, kMostHeads));
  c.v = R1_TRY(f.integer_in("v_head_dim", 1, kMostHeads));
  if (c.rope % 2) return refuse(f, "qk_rope_head_dim", fmt::format("{} is odd", c.rope));
  c.intermediate = R1_TRY(f.integer_in("intermediate_size", 1, kMostWidth));
  c.mtp_layers = R1_TRY(f.integer_in("num_nextn_predict_layers", 0, 1, 0));
  c.tied = R1_TRY(f.boolean("tie_word_embeddings", false));
  c.eps = R1_TRY(parse_eps(f));
  R1_TRY(check_quantization(f));
  c.initializer_range = R1_TRY(f.number("initializer_range", 0.02));
  if (R1_TRY(f.boolean("attention_bias", false)))
    return refuse(f, "attention_bias", "true; DeepSeek models have no biases in their attention");
  const std::string act = R1_TRY(f.string("hidden_act", "silu"));
  if (act != "silu") return refuse(f, "hidden_act", fmt::format("\"{}\", known: silu", act));
  if (!R1_TRY(f.boolean("rope_interleave", true)))
    return refuse(f, "rope_interleave", "false; only interleaved pairs are supported");
  c.yarn = R1_TRY(parse_rope(f, c.rope, c.context, RopeFor::deepseek));
  R1_TRY(parse_routing(json, f, usual, c));
  c.ids = R1_TRY(parse_token_ids(f, c.vocab));
  return c;
}

std::string to_json(const DeepseekConfig& c, DType dtype) {
  const auto optional = [](i64 n) { return n ? Json(n) : Json(); };
  Json j = Json::object({
      {"architectures", Json::array({architecture_named(c.model_type).class_name})},
      {"model_type", c.model_type},
      {"vocab_size", c.vocab},
      {"hidden_size", c.hidden},
      {"num_hidden_layers", c.layers},
      {"max_position_embeddings", c.context},
      {"num_attention_heads", c.heads},
      {"num_key_value_heads", c.heads},
      {"q_lora_rank", optional(c.q_rank)},
      {"kv_lora_rank", c.kv_rank},
      {"qk_nope_head_dim", c.nope},
      {"qk_rope_head_dim", c.rope},
      {"v_head_dim", c.v},
      {"intermediate_size", c.intermediate},
      {"hidden_act", "silu"},
      {"rms_norm_eps", shortest(c.eps)},
      {"rope_theta", c.yarn.theta},
      {"rope_scaling", rope_scaling_json(c.yarn, "type")},
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"tie_word_embeddings", c.tied},
      {"initializer_range", c.initializer_range},
      {"num_nextn_predict_layers", c.mtp_layers},
      {"first_k_dense_replace", c.dense_layers},
      {"bos_token_id", bos_json(c.ids)},
      {"eos_token_id", eos_json(c.ids)},
      {"torch_dtype", torch_dtype(dtype)},
      {"use_cache", true},
  });
  if (c.routing.experts) {
    const RoutingConfig& r = c.routing;
    j.set("moe_layer_freq", 1)
        .set("n_routed_experts", r.experts)
        .set("n_shared_experts", optional(c.shared_experts))
        .set("num_experts_per_tok", r.top_k)
        .set("moe_intermediate_size", c.expert_intermediate)
        .set("n_group", r.groups)
        .set("topk_group", r.top_groups)
        .set("scoring_func", r.scoring == Scoring::sigmoid ? "sigmoid" : "softmax")
        .set("topk_method", name_of(r.method))
        .set("norm_topk_prob", r.normalize)
        .set("routed_scaling_factor", static_cast<double>(r.scaling));
  }
  return dump(j, 2) + "\n";
}

}  // namespace r1
