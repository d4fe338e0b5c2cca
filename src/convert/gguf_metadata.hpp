// A config.json as the metadata of a GGUF of the same model. The reverse is model/gguf/config.hpp.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

// ARCH.* keys for a config that the architecture's parser accepted, in the types that llama.cpp demands; context and
// vocabulary sizes included, general.* and tokenizer.* not. layers counts MTP's when it is written.
// Err: what GGUF cannot say.
Result<GgufMetadata> gguf_metadata(const Json& config, std::string_view source, i64 mtp_layers);

// Llama 3's rope scaling as rope_freqs.weight holds it: one divisor per pair of features; empty for other configs.
Result<std::vector<float>> rope_divisors(const Json& config, std::string_view source);

}  // namespace r1
