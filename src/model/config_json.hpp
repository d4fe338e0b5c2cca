// What the architectures share in reading and writing config.json: the published spelling (rope_theta, rope_scaling,
// torch_dtype) and that of transformers 5 (rope_parameters, dtype).
#pragma once
#include <string_view>
#include <vector>

#include "formats/json.hpp"
#include "ops/ops.hpp"

namespace r1 {

// Far beyond any model that exists, and small enough that no product of two of them overflows.
inline constexpr i64 kMostWidth = 1 << 20, kMostHeads = 1 << 14, kMostExperts = 1 << 16, kMostTokens = 1 << 24;

// "source: key: why".
tl::unexpected<Error> refuse(const JsonFields& f, std::string_view key, std::string_view why);

// bos_token_id (-1: none) and eos_token_id (one, several or none), inside the vocabulary.
struct TokenIds {
  i32 bos = -1;
  std::vector<i32> eos;
};
Result<TokenIds> parse_token_ids(const JsonFields& f, i64 vocab);
Json bos_json(const TokenIds& ids);
Json eos_json(const TokenIds& ids);

Result<float> parse_eps(const JsonFields& f);    // rms_norm_eps
Status check_quantization(const JsonFields& f);  // quantization_config: FP8 in the published blocks, or none

// rope_theta and rope_scaling, or rope_parameters, for `dim` rotated features; a type that is not known is refused by
// name: yarn is of every model, linear and llama3 of the dense ones. `context` is what the original context defaults
// to.
enum class RopeFor : u8 { dense, deepseek };
Result<RopeConfig> parse_rope(const JsonFields& f, i64 dim, i64 context, RopeFor model = RopeFor::dense);
// null: none. `type_key`: DeepSeek's own code wants "type".
Json rope_scaling_json(const RopeConfig& c, const char* type_key = "rope_type");

// A float as the shortest decimal that reads back as it.
double shortest(float x);
const char* torch_dtype(DType dtype);

}  // namespace r1
