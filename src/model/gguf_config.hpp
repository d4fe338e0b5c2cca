// A GGUF's metadata as the config.json of the same model, and back. The architecture's own parser then reads that, so
// hyperparameters are checked in one place; here only what GGUF says differently. deepseek2 (V2, V2-Lite, V3, R1),
// qwen2, llama. Sources: llama.cpp's src/models/{deepseek2,qwen2,llama}.cpp and conversion/.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

// Published spelling. Err: an architecture or a setting that we do not know, named; a key missing or of the wrong type.
Result<Json> config_of_gguf(const Gguf& file);

// ARCH.* keys for a config that the architecture's parser accepted, in the types that llama.cpp demands; context and
// vocabulary sizes included, general.* and tokenizer.* not. layers counts MTP's when it is written.
// Err: what GGUF cannot say.
Result<GgufMetadata> gguf_metadata(const Json& config, std::string_view source, i64 mtp_layers);

// Llama 3's rope scaling as rope_freqs.weight holds it: one divisor per pair of features; empty for other configs.
Result<std::vector<float>> rope_divisors(const Json& config, std::string_view source);

// What is allowed but rare, one line each, for `r1 inspect`: "no expert_group_count: 8 groups of which 4 assumed".
std::vector<std::string> gguf_notes(const Gguf& file);

}  // namespace r1
