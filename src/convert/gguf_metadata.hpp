// A config.json as the metadata of a GGUF of the same model. model/gguf/config.hpp is the reverse.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

// The keys ARCHITECTURE.* for a config.json that the architecture's parser has accepted, in the types that llama.cpp's
// loader demands. mtp_layers: those that the file will have, which count as blocks too.
// Errors: what GGUF cannot express.
Result<GgufMetadata> gguf_metadata(const Json& config, std::string_view source, i64 mtp_layers);

// The elements of rope_freqs.weight, which holds Llama 3's rope scaling: one divisor per pair of features. Empty for
// other models. Errors: parameters that cannot be recovered from the divisors.
Result<std::vector<float>> rope_divisors(const Json& config, std::string_view source);

}  // namespace r1
