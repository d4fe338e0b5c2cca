// The sizes of a model on which the arrangement of its tensors in a GGUF depends.
#pragma once
#include <string>

#include "core/dtype.hpp"

namespace r1 {

// How a GGUF orders the rows of q and k within a head: as published, or with the two rows of each rotated pair side by
// side (llama).
enum class RotaryRows : u8 { in_order, paired };

struct GgufDims {
  std::string architecture;  // general.architecture: "deepseek2"
  i64 layers = 0, mtp_layers = 0;
  i64 heads = 0, kv_heads = 0;  // MLA: one key head, the latent
  i64 head = 0;                 // rows of q per head
  RotaryRows rotary = RotaryRows::in_order;
  i64 nope = 0, v = 0, kv_rank = 0;  // of MLA
  i64 experts = 0;
  bool tied = false;  // the head is the embedding: there is no output.weight
};

}  // namespace r1
