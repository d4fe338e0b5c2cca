// generation_config.json: how a model asks to be sampled.
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
  double temperature = 0.6;  // R1's advice where the file is silent
  double top_p = 0.95;
  i64 top_k = 0;  // 0: all
  double min_p = 0;
  double repetition_penalty = 1;
  std::optional<i64> max_new_tokens;
  std::optional<i64> bos_token_id, pad_token_id;
  std::vector<i64> eos_token_ids;
};

Result<GenerationConfig> parse_generation_config(const Json& json, const std::string& source);
// A folder's generation_config.json, or a GGUF file's general.sampling keys; the defaults where it has none.
Result<GenerationConfig> read_generation_config(const std::filesystem::path& model);
Result<GenerationConfig> generation_config_of(const Gguf& file);
// Without do_sample the settings of sampling are left out: transformers refuses to save them beside each other.
Json to_json(const GenerationConfig& config);

}  // namespace r1
