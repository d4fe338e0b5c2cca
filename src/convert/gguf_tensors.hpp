// The tensors of a GGUF to be written, made of a checkpoint's published tensors by the table of model/gguf/names.hpp.
#pragma once
#include <string>
#include <vector>

#include "model/gguf/names.hpp"
#include "model/published.hpp"

namespace r1 {

// A tensor of a GGUF to be written, and the published tensors that it is made of.
struct GgufTensor {
  enum class Rows : u8 { in_order, paired, stacked, k_half, v_half };  // paired: llama's q and k
  std::string name;
  std::vector<i64> shape;  // outermost first
  Rows rows = Rows::in_order;
  bool exact = false;                         // norms, biases and the router are f32 whatever the rest is
  std::vector<const PublishedTensor*> parts;  // one, or one per expert
  i64 heads = 0, head = 0, nope = 0;          // of paired and the halves

  i64 row_count() const;  // rows of the innermost axis
  i64 cols() const { return shape.back(); }
};
// All tensors of the file in its order. mtp: with the MTP module as nextn.*. The checkpoint must outlive them.
// Err: a published tensor that GGUF has no name for, experts missing or of different shapes.
enum class Mtp : u8 { leave_out, include };
Result<std::vector<GgufTensor>> gguf_tensors(const Checkpoint& checkpoint, const GgufDims& dims, Mtp mtp);
// Its rows first .. first + count as f32.
void read_rows(const GgufTensor& tensor, i64 first, i64 count, float* dst);

}  // namespace r1
