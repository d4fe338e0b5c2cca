// config.json of Qwen2, Qwen2.5 and R1's distills of them: arXiv:2407.10671. Every Qwen2 has biases on q, k and v, and
// no field says so. Published files name a sliding window for attention and switch it off.
#include "model/dense.hpp"

namespace r1 {

Result<DenseConfig> parse_qwen2_config(const Json& json, std::string_view source) {
  const JsonFields f = R1_TRY(JsonFields::of(json, std::string(source)));
  DenseConfig c = R1_TRY(parse_dense_config(f, "qwen2", {.context = 32768}));
  c.qkv_bias = true;
  R1_TRY(check_full_attention(f));
  c.own_fields = Json::object({{"use_sliding_window", false}});
  return c;
}

}  // namespace r1
