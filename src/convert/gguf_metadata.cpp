// config.json → metadata. llama.cpp's loader demands u32 for counts, f32 for factors and bool for flags.
#include "convert/gguf_metadata.hpp"

#include "model/architectures.hpp"
#include "model/config_json.hpp"
#include "model/gguf/keys.hpp"
#include "model/gguf/llama3_rope.hpp"

namespace r1 {
namespace {

class MetadataBuilder {
 public:
  MetadataBuilder(const JsonFields& fields, std::string_view architecture)
      : fields_(fields), architecture_(architecture) {}

  void count(std::string_view name, i64 v) { add(name, GgufValue::of_u32(v)); }
  void number(std::string_view name, double v) { add(name, GgufValue::of_f32(v)); }
  void flag(std::string_view name, bool v) { add(name, GgufValue::of_bool(v)); }
  void text(std::string_view name, std::string v) { add(name, GgufValue::of_text(std::move(v))); }
  // A field of config.json as a count; no key if there is no such field.
  Status copy(std::string_view name, std::string_view field) {
    if (fields_.has(field)) count(name, R1_TRY(fields_.integer_in(field, 0, INT32_MAX)));
    return {};
  }
  const JsonFields& fields() const { return fields_; }
  GgufMetadata take() { return std::move(out_); }

 private:
  void add(std::string_view name, GgufValue v) {
    out_.emplace_back(fmt::format("{}.{}", architecture_, name), std::move(v));
  }
  const JsonFields& fields_;
  std::string architecture_;
  GgufMetadata out_;
};

Status common(MetadataBuilder& b, i64 mtp_layers) {
  const JsonFields& f = b.fields();
  b.count("block_count", R1_TRY(f.positive("num_hidden_layers")) + mtp_layers);
  b.count("context_length", R1_TRY(f.positive("max_position_embeddings")));
  b.count("embedding_length", R1_TRY(f.positive("hidden_size")));
  b.count("feed_forward_length", R1_TRY(f.positive("intermediate_size")));
  b.count("attention.head_count", R1_TRY(f.positive("num_attention_heads")));
  b.number("attention.layer_norm_rms_epsilon", R1_TRY(f.number("rms_norm_eps")));
  b.number("rope.freq_base", R1_TRY(f.number("rope_theta", 10000)));
  b.count("vocab_size", R1_TRY(f.positive("vocab_size")));
  return {};
}

Status yarn(MetadataBuilder& b, const JsonFields& r) {
  b.text("rope.scaling.type", "yarn");
  b.number("rope.scaling.factor", R1_TRY(r.number("factor")));
  b.count("rope.scaling.original_context_length", R1_TRY(r.positive("original_max_position_embeddings")));
  const double fast = R1_TRY(r.number("beta_fast", 32)), slow = R1_TRY(r.number("beta_slow", 1));
  if (fast != 32) b.number("rope.scaling.yarn_beta_fast", fast);
  if (slow != 1) b.number("rope.scaling.yarn_beta_slow", slow);
  return {};
}

Result<std::string> scaling_type(const JsonFields& r) {
  return r.string(r.has("rope_type") ? "rope_type" : "type", "default");
}

// ---- deepseek2

Status deepseek_rope(MetadataBuilder& b) {
  const JsonFields& f = b.fields();
  b.count("rope.dimension_count", R1_TRY(f.positive("qk_rope_head_dim")));
  if (!f.has("rope_scaling")) return {};
  const JsonFields r = R1_TRY(f.object("rope_scaling"));
  const std::string type = R1_TRY(scaling_type(r));
  if (type == "default") return {};
  if (type != "yarn") return fail(Errc::unsupported, "{}: \"{}\", known: yarn", r.where("type"), type);
  R1_TRY(yarn(b, r));
  if (r.has("attention_factor")) return refuse(r, "attention_factor", "a GGUF of this architecture has no key for it");
  // GGUF's one number stands for both: cos and sin are not scaled, and the softmax is scaled by the square.
  const double mscale = R1_TRY(r.number("mscale", 1)), all = R1_TRY(r.number("mscale_all_dim", 0));
  if (all != 0 && mscale == all) b.number("rope.scaling.yarn_log_multiplier", 0.1 * all);
  else if (all != 0 || mscale != 1)
    return fail(Errc::unsupported, "{}: {} against mscale_all_dim {}: GGUF has one number for both", r.where("mscale"),
                mscale, all);
  return {};
}

Status deepseek_experts(MetadataBuilder& b) {
  const JsonFields& f = b.fields();
  const bool v3 = R1_TRY(f.string("model_type")) == "deepseek_v3";
  const bool normalize = R1_TRY(f.boolean("norm_topk_prob", v3));
  const bool sigmoid = R1_TRY(f.string("scoring_func", v3 ? "sigmoid" : "softmax")) == "sigmoid";
  R1_TRY(b.copy("leading_dense_block_count", "first_k_dense_replace"));
  R1_TRY(b.copy("expert_count", "n_routed_experts"));
  R1_TRY(b.copy("expert_used_count", "num_experts_per_tok"));
  R1_TRY(b.copy("expert_feed_forward_length", "moe_intermediate_size"));
  b.count("expert_shared_count", f.has("n_shared_experts") ? R1_TRY(f.integer_in("n_shared_experts", 0, 1024)) : 0);
  // A GGUF's gates are normalised and then scaled. V2 scales only gates that it does not normalise.
  b.number("expert_weights_scale", !v3 && normalize ? 1 : R1_TRY(f.number("routed_scaling_factor", 1)));
  b.flag("expert_weights_norm", normalize);
  b.count("expert_gating_func", sigmoid ? 2 : 1);
  // llama.cpp refuses groups that exclude no expert.
  const i64 groups = R1_TRY(f.positive("n_group", 1)), used = R1_TRY(f.positive("topk_group", 1));
  const bool limited = R1_TRY(f.string("topk_method", v3 ? "noaux_tc" : "greedy")) != "greedy";
  if (limited && used < groups) {
    b.count("expert_group_count", groups);
    b.count("expert_group_used_count", used);
  }
  return {};
}

Result<GgufMetadata> deepseek_metadata(const JsonFields& f, std::string_view architecture, i64 mtp_layers) {
  MetadataBuilder b(f, architecture);
  R1_TRY(common(b, mtp_layers));
  const i64 rank = R1_TRY(f.positive("kv_lora_rank")), rope = R1_TRY(f.positive("qk_rope_head_dim"));
  const i64 v = R1_TRY(f.positive("v_head_dim"));
  b.count("attention.head_count_kv", 1);  // all heads share one key and value, the latent
  R1_TRY(b.copy("attention.q_lora_rank", "q_lora_rank"));
  b.count("attention.kv_lora_rank", rank);
  b.count("attention.key_length", rank + rope);
  b.count("attention.value_length", rank);
  b.count("attention.key_length_mla", R1_TRY(f.positive("qk_nope_head_dim")) + rope);
  b.count("attention.value_length_mla", v);
  R1_TRY(deepseek_rope(b));
  const i64 layers = R1_TRY(f.positive("num_hidden_layers"));
  if (f.has("n_routed_experts") && R1_TRY(f.integer("first_k_dense_replace")) < layers + mtp_layers) {
    R1_TRY(deepseek_experts(b));
  } else {  // llama.cpp's loader demands these keys of dense models too
    b.count("leading_dense_block_count", layers);
    b.count("expert_feed_forward_length", R1_TRY(f.positive("intermediate_size")));
    b.count("expert_shared_count", 0);
  }
  if (mtp_layers) b.count("nextn_predict_layers", mtp_layers);
  return b.take();
}

// ---- qwen2, qwen3 and llama

Status dense_rope(MetadataBuilder& b, i64 head) {
  const JsonFields& f = b.fields();
  b.count("rope.dimension_count", head);
  if (!f.has("rope_scaling")) return {};
  const JsonFields r = R1_TRY(f.object("rope_scaling"));
  const std::string type = R1_TRY(scaling_type(r));
  if (type == "default" || type == "llama3") return {};  // llama3: in rope_freqs.weight
  if (type == "linear") {
    b.text("rope.scaling.type", "linear");
    b.number("rope.scaling.factor", R1_TRY(r.number("factor")));
    return {};
  }
  if (type != "yarn")
    return fail(Errc::unsupported, "{}: \"{}\", known: linear, yarn, llama3", r.where("rope_type"), type);
  for (const char* name : {"mscale", "mscale_all_dim"})
    if (r.has(name)) return refuse(r, name, "a GGUF of this architecture has no key for it");
  R1_TRY(yarn(b, r));
  // attention_factor replaces YaRN's own factor for cos and sin; GGUF's attn_factor multiplies it.
  if (r.has("attention_factor"))
    b.number(kAttnFactor, R1_TRY(r.number("attention_factor")) / yarn_mscale(R1_TRY(r.number("factor")), 1));
  return {};
}

Result<GgufMetadata> dense_metadata(const JsonFields& f, std::string_view architecture) {
  MetadataBuilder b(f, architecture);
  R1_TRY(common(b, 0));
  const i64 heads = R1_TRY(f.positive("num_attention_heads")), hidden = R1_TRY(f.positive("hidden_size"));
  const i64 head = R1_TRY(f.positive("head_dim", std::max<i64>(1, hidden / heads)));
  b.count("attention.head_count_kv", R1_TRY(f.positive("num_key_value_heads", heads)));
  b.count("attention.key_length", head);
  b.count("attention.value_length", head);
  R1_TRY(dense_rope(b, head));
  return b.take();
}

}  // namespace

Result<GgufMetadata> gguf_metadata(const Json& config, std::string_view source, i64 mtp_layers) {
  const JsonFields f = R1_TRY(JsonFields::of(config, std::string(source)));
  const Architecture* const row = R1_TRY(architecture_of(config, source));
  switch (row->family) {
    case Family::deepseek: return deepseek_metadata(f, row->gguf_architecture, mtp_layers);
    case Family::dense: return dense_metadata(f, row->gguf_architecture);
  }
  return GgufMetadata();
}

Result<std::vector<float>> rope_divisors(const Json& config, std::string_view source) {
  const JsonFields f = R1_TRY(JsonFields::of(config, std::string(source)));
  if (!f.has("rope_scaling")) return std::vector<float>();
  const JsonFields r = R1_TRY(f.object("rope_scaling"));
  if (R1_TRY(scaling_type(r)) != "llama3") return std::vector<float>();
  const i64 head = f.has("head_dim") ? R1_TRY(f.positive("head_dim"))
                                     : R1_TRY(f.positive("hidden_size")) / R1_TRY(f.positive("num_attention_heads"));
  const RopeConfig c = R1_TRY(parse_rope(f, head, R1_TRY(r.positive("original_max_position_embeddings"))));
  std::vector<float> divisors = llama3_divisors(c);
  if (llama3_of(divisors, c.theta)) return divisors;
  return refuse(r, "rope_type", "\"llama3\" with parameters that cannot be recovered from its divisors in a GGUF");
}

}  // namespace r1
