// config.json of Qwen3 and of DeepSeek-R1-0528-Qwen3-8B: arXiv:2505.09388. head_dim is a field of its own; published
// files set attention_bias to false.
#include "model/dense.hpp"

namespace r1 {

Result<DenseConfig> parse_qwen3_config(const Json& json, std::string_view source) {
  const JsonFields f = R1_TRY(JsonFields::of(json, std::string(source)));
  DenseConfig c = R1_TRY(parse_dense_config(f, "qwen3", {.context = 32768, .head = 128}));
  c.qk_norm = true;
  if (R1_TRY(f.boolean("attention_bias", false)))
    return refuse(f, "attention_bias", "true; Qwen3 with biases on q, k, v and o is not supported");
  R1_TRY(check_full_attention(f));
  // to_json leaves head_dim out where it is hidden_size / num_attention_heads, but transformers would then take 128.
  c.own_fields = Json::object({{"head_dim", c.head}, {"attention_bias", false}, {"use_sliding_window", false}});
  return c;
}

}  // namespace r1
