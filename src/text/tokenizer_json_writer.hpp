// Parts of a tokenizer.json that a tokenizer and a newly trained vocabulary write alike.
#pragma once
#include "formats/json.hpp"

namespace r1 {

// The value of "model": BPE with these tokens and merges, without any of the reading library's other options.
Json bpe_model_json(Json vocab, Json merges, bool ignore_merges);

}  // namespace r1
