// Models larger than memory: what of them is resident.
#pragma once
#include "model/model.hpp"

namespace r1 {

// From now on at most `bytes` of the model's routed experts are resident, besides all that every token needs; the rest
// is read from the model's file when the router asks for it. What is computed stays the same, bit for bit. Err: a model
// without routed experts or not from a file, too few bytes for two of them.
Status limit_experts(Model& model, i64 bytes);

struct ExpertUse {
  i64 resident = 0, peak = 0;  // bytes
  i64 hits = 0, misses = 0;    // experts asked for
};
ExpertUse expert_use(const Model& model);  // all zero without a limit

// "8g", "512m", "100k", "1000000": bytes, powers of 1024. Err: anything else, or nothing.
Result<i64> parse_bytes(std::string_view text);

}  // namespace r1
