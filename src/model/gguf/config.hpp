// A GGUF's metadata as the config.json of the same model. The architecture's own parser then reads that config.json, so
// hyperparameters are checked in one place. Architectures: deepseek2 (V2, V2-Lite, V3, R1), qwen2, llama. Sources:
// llama.cpp's src/models/{deepseek2,qwen2,llama}.cpp and conversion/. The reverse is convert/gguf_metadata.hpp.
#pragma once
#include <string>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

// Published spelling. Err: an architecture or a setting that we do not know, named; a key missing or of the wrong type.
Result<Json> config_of_gguf(const Gguf& file);

// What is allowed but rare, one line each, for `r1 inspect`: "no expert_group_count: 8 groups of which 4 assumed".
std::vector<std::string> gguf_notes(const Gguf& file);

}  // namespace r1
