// A GGUF's metadata as the config.json of the same model. The architecture's own parser then reads that config.json, so
// hyperparameters are checked in one place. convert/gguf_metadata.hpp is the reverse.
#pragma once
#include <string>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

// config.json in the published spelling. Errors: an architecture or a setting that is not supported, a key that is
// missing or of the wrong type; they name the file and the key.
Result<Json> config_of_gguf(const Gguf& file);

// What is allowed but rare in such a file, one line each, for `r1 inspect`: "no chat template".
std::vector<std::string> gguf_notes(const Gguf& file);

}  // namespace r1
