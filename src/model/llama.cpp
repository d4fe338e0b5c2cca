// config.json of Llama 2 and 3 and of R1's distills of them: arXiv:2407.21783.
#include "model/dense.hpp"

namespace r1 {

Result<DenseConfig> parse_llama_config(const Json& json, std::string_view source) {
  const JsonFields f = R1_TRY(JsonFields::of(json, std::string(source)));
  DenseConfig c = R1_TRY(parse_dense_config(f, "llama", {.context = 2048}));
  c.qkv_bias = c.o_bias = R1_TRY(f.boolean("attention_bias", false));
  if (R1_TRY(f.boolean("mlp_bias", false)))
    return refuse(f, "mlp_bias", "true; biases in the feed-forward layers are not supported");
  c.own_fields = Json::object({{"attention_bias", c.qkv_bias}, {"mlp_bias", false}});
  return c;
}

}  // namespace r1
