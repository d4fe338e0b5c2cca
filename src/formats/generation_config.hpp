// generation_config.json: the settings with which a model's authors want it to be sampled.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

struct GenerationConfig {
  bool do_sample = true;
  double temperature = 0.6;  // the defaults are R1's advice
  double top_p = 0.95;
  i64 top_k = 0;  // 0: no limit
  double min_p = 0;
  double repetition_penalty = 1;
  std::optional<i64> max_new_tokens;
  std::optional<i64> bos_token_id, pad_token_id;
  std::vector<i64> eos_token_ids;
};

// Errors: a value of another type or out of range. They name `source` and the key.
Result<GenerationConfig> parse_generation_config(const Json& json, const std::string& source);
// From a folder's generation_config.json or a GGUF file's general.sampling keys. What is not there keeps its default.
Result<GenerationConfig> read_generation_config(const std::filesystem::path& model);
Result<GenerationConfig> generation_config_of(const Gguf& file);
// Without do_sample the sampling settings are left out, because transformers refuses to save both.
Json to_json(const GenerationConfig& config);

}  // namespace r1
