// The parts of config.json that all architectures share. Two spellings are read: the published one (rope_theta,
// rope_scaling, torch_dtype) and that of transformers 5 (rope_parameters, dtype). The published one is written.
#pragma once
#include <string_view>
#include <vector>

#include "formats/json.hpp"
#include "ops/ops.hpp"

namespace r1 {

// Limits far above the sizes of existing models. They are small enough that no product of two of them overflows, and
// that the index of an expert fits into the 16 bits of RecordedRoutes beside kNone.
inline constexpr i64 kMostWidth = 1 << 20, kMostHeads = 1 << 14, kMostExperts = 1 << 15, kMostTokens = 1 << 24;

// The Error "source: key: why".
tl::unexpected<Error> refuse(const JsonFields& f, std::string_view key, std::string_view why);

// bos_token_id (-1: none) and eos_token_id (one, several or none).
struct TokenIds {
  i32 bos = -1;
  std::vector<i32> eos;
};
// Errors: an id outside of the vocabulary, more than one bos_token_id.
Result<TokenIds> parse_token_ids(const JsonFields& f, i64 vocab);
Json bos_json(const TokenIds& ids);
Json eos_json(const TokenIds& ids);

// rms_norm_eps. Errors: a number that is not between 0 and 1.
Result<float> parse_eps(const JsonFields& f);
// Errors: a quantization_config of another method than FP8, or of other blocks than 128×128.
Status check_quantization(const JsonFields& f);

// rope_theta and rope_scaling, or rope_parameters, for `dim` rotated features. `context` is used where no field names
// the original context. Every model may use the scaling yarn, only dense models linear and llama3.
// Errors: another type of scaling, parameters that are missing, impossible or not supported.
enum class RopeFor : u8 { dense, deepseek };
Result<RopeConfig> parse_rope(const JsonFields& f, i64 dim, i64 context, RopeFor model = RopeFor::dense);
// The value of rope_scaling for `c`; null if nothing is scaled. type_key is the name of the field that holds the type:
// DeepSeek's own code reads "type".
Json rope_scaling_json(const RopeConfig& c, const char* type_key = "rope_type");

// The double nearest to the shortest decimal that reads back as x: 1e-6, not 9.99999997e-07.
double shortest(float x);
const char* torch_dtype(DType dtype);

}  // namespace r1
