// The tensors of a GGUF under their published names, and the reverse. Both go by the table of gguf/table.hpp.
#pragma once
#include <string>
#include <string_view>

#include "formats/gguf.hpp"
#include "model/gguf/dims.hpp"
#include "model/published.hpp"

namespace r1 {

// The tensors of a GGUF under their published names. A tensor whose name is not in the table keeps its name; no
// architecture asks for it, so WeightSource::finish() reports it as left over.
// Errors: a tensor whose shape contradicts `dims`, one half of a kv_b_proj without the other, and a tensor that scales
// another one (NAME.scale), which is not supported.
Result<Checkpoint> published_tensors(const Gguf& file, const GgufDims& dims);

// The name that a published tensor has in the GGUF files that we write. For a tensor of an expert it is the name of the
// stack; for kv_b_proj it is the name of its first half. It is empty if the tensor has no name in GGUF.
std::string gguf_name(std::string_view published);

}  // namespace r1
