// The tensors of a GGUF to be written, made of a checkpoint's published tensors by the table of model/gguf/table.hpp.
#pragma once
#include <string>
#include <vector>

#include "model/gguf/names.hpp"
#include "model/published.hpp"

namespace r1 {

// A tensor of a GGUF to be written, and the published tensors that it is made of.
struct GgufTensor {
  // paired: llama's q and k. stacked: one matrix after another, of all experts. k_half, v_half: of kv_b_proj.
  enum class Rows : u8 { in_order, paired, stacked, k_half, v_half };
  std::string name;
  std::vector<i64> shape;  // outermost first
  Rows rows = Rows::in_order;
  bool exact = false;                         // f32 whatever type the matrices get: norms, biases and the router
  std::vector<const PublishedTensor*> parts;  // one, or one per expert
  i64 heads = 0, head = 0, nope = 0;          // for paired rows and halves

  i64 row_count() const;  // a row is the innermost axis
  i64 cols() const { return shape.back(); }
};

enum class Mtp : u8 { leave_out, include };  // the MTP module, as nextn.*

// All tensors of the file, in the file's order. The checkpoint must outlive them.
// Errors: a published tensor that GGUF has no name for, experts that are missing or of different shapes.
Result<std::vector<GgufTensor>> gguf_tensors(const Checkpoint& checkpoint, const GgufDims& dims, Mtp mtp);
// Rows [first, first + count) of the tensor as f32.
void read_rows(const GgufTensor& tensor, i64 first, i64 count, float* dst);

}  // namespace r1
