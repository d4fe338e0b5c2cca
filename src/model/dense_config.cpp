// config.json: the fields that Qwen2, Qwen3 and Llama have in common.
#include "model/architectures.hpp"
#include "model/dense.hpp"

namespace r1 {
namespace {

constexpr i64 kMostLayers = 512, kMostHead = 4096;

Status parse_heads(const JsonFields& f, i64 default_head, DenseConfig& c) {
  c.heads = R1_TRY(f.integer_in("num_attention_heads", 1, kMostHeads));
  c.kv_heads = R1_TRY(f.integer_in("num_key_value_heads", 1, c.heads, c.heads));
  if (c.heads % c.kv_heads)
    return refuse(f, "num_key_value_heads",
                  fmt::format("{} do not divide num_attention_heads {}", c.kv_heads, c.heads));
  const bool divided = default_head == 0 && !f.has("head_dim");
  if (divided && c.hidden % c.heads)
    return refuse(f, "num_attention_heads",
                  fmt::format("{} do not divide hidden_size {} and there is no head_dim", c.heads, c.hidden));
  c.head = divided ? c.hidden / c.heads : R1_TRY(f.integer_in("head_dim", 1, kMostHead, default_head));
  if (c.head > kMostHead) return refuse(f, "hidden_size", fmt::format("heads of {}, at most {}", c.head, kMostHead));
  if (c.head % 2) return refuse(f, "head_dim", fmt::format("{} is odd", c.head));
  return {};
}

}  // namespace

Result<DenseConfig> parse_dense_config(const JsonFields& f, std::string_view model_type,
                                       const DenseDefaults& defaults) {
  DenseConfig c;
  c.model_type = model_type;
  c.vocab = R1_TRY(f.integer_in("vocab_size", 1, kMostTokens));
  c.hidden = R1_TRY(f.integer_in("hidden_size", 1, kMostWidth));
  c.layers = R1_TRY(f.integer_in("num_hidden_layers", 1, kMostLayers));
  c.intermediate = R1_TRY(f.integer_in("intermediate_size", 1, kMostWidth));
  c.context = R1_TRY(f.positive("max_position_embeddings", defaults.context));
  R1_TRY(parse_heads(f, defaults.head, c));
  c.tied = R1_TRY(f.boolean("tie_word_embeddings", false));
  c.eps = R1_TRY(parse_eps(f));
  R1_TRY(check_quantization(f));
  c.initializer_range = R1_TRY(f.number("initializer_range", 0.02));
  const std::string act = R1_TRY(f.string("hidden_act", "silu"));
  if (act != "silu") return refuse(f, "hidden_act", fmt::format("\"{}\", known: silu", act));
  c.rope = R1_TRY(parse_rope(f, c.head, c.context));
  c.ids = R1_TRY(parse_token_ids(f, c.vocab));
  return c;
}

Status check_full_attention(const JsonFields& f) {
  if (R1_TRY(f.boolean("use_sliding_window", false)))
    return refuse(f, "use_sliding_window", "true; attention over a sliding window is not supported");
  if (f.has("layer_types"))
    for (const Json& type : *R1_TRY(f.array("layer_types")))
      if (!type.string() || *type.string() != "full_attention")
        return refuse(f, "layer_types", fmt::format("{}, known: \"full_attention\"", type.describe()));
  return {};
}

std::string to_json(const DenseConfig& c, DType dtype) {
  Json j = Json::object({
      {"architectures", Json::array({architecture_named(c.model_type).class_name})},
      {"model_type", c.model_type},
      {"vocab_size", c.vocab},
      {"hidden_size", c.hidden},
      {"intermediate_size", c.intermediate},
      {"num_hidden_layers", c.layers},
      {"num_attention_heads", c.heads},
      {"num_key_value_heads", c.kv_heads},
      {"max_position_embeddings", c.context},
      {"hidden_act", "silu"},
      {"rms_norm_eps", shortest(c.eps)},
      {"rope_theta", c.rope.theta},
      {"rope_scaling", rope_scaling_json(c.rope)},
      {"attention_dropout", 0.0},
      {"tie_word_embeddings", c.tied},
      {"initializer_range", c.initializer_range},
      {"bos_token_id", bos_json(c.ids)},
      {"eos_token_id", eos_json(c.ids)},
      {"torch_dtype", torch_dtype(dtype)},
      {"use_cache", true},
  });
  if (c.head * c.heads != c.hidden) j.set("head_dim", c.head);
  if (const Json::Object* own = c.own_fields.object())
    for (const auto& [key, value] : *own) j.set(key, value);
  return dump(j, 2) + "\n";
}

}  // namespace r1
