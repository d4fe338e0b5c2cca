// The fields that say how an answer is drawn. They have the same names in /v1/chat/completions and /v1/completions.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "serve/requests/fields.hpp"
#include "session/session.hpp"

namespace r1 {

struct GenerationFields {
  std::string model;  // empty: absent
  SamplingOverrides sampling;
  double presence_penalty = 0, frequency_penalty = 0;
  std::vector<std::pair<i32, float>> logit_bias;
  std::optional<i64> max_tokens;
  i64 samples = 1;
  std::vector<std::string> stop;
  bool ignore_eos = false;  // answers go on behind the model's end tokens: throughput is measured with equal lengths
  bool stream = false, include_usage = false, return_progress = false, resumable = false;
  bool logprobs = false;  // these two are read by each endpoint, because their types differ
  i64 top_logprobs = 0;
  std::string cache_salt;  // requests with different salts share no cached prefix
};

// For every field that read_generation_fields takes, and for those that it refuses. Tests go through this table.
std::span<const FieldRule> generation_rules();

inline constexpr i64 kMostSamples = 8, kMostStops = 16, kMostStopBytes = 256, kMostBiases = 1024, kMostTopLogprobs = 20;

// `object` is the body of a request. Errors: the first field that is wrong, by its name.
ApiResult<GenerationFields> read_generation_fields(const Json& object);

}  // namespace r1
