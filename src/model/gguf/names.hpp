// The one table of correspondence between published (Hugging Face) tensors and those of a GGUF, with how the rows of
// one are arranged in the other. Loading, HF → GGUF and GGUF → HF all go by it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"
#include "model/published.hpp"

namespace r1 {

// What the arrangement of a model's tensors depends on.
struct GgufDims {
  std::string architecture;  // "deepseek2", "qwen2", "llama"
  i64 layers = 0, mtp_layers = 0;
  i64 heads = 0, kv_heads = 0, head = 0;  // head: rows of q per head
  i64 nope = 0, v = 0, kv_rank = 0;       // of MLA
  i64 experts = 0;
  bool tied = false;  // there is no output.weight
};
// From a config.json in the published spelling that the architecture's own parser accepted.
Result<GgufDims> gguf_dims(const Json& config, std::string_view source);

// The GGUF's tensors as published ones. Names that no table row has stay as they are: nobody will ask for them.
// Err: a stack or a half whose shape contradicts the dims, a companion scale (NAME.scale), half a kv_b.
Result<Checkpoint> published_tensors(const Gguf& file, const GgufDims& dims);

// What a GGUF that we write calls a published tensor: of a stack for an expert's, of the first half for kv_b. Empty: no
// name.
std::string gguf_name(std::string_view published);

}  // namespace r1
