// The tensors of a checkpoint under their published (Hugging Face) names and with their rows in the published order,
// whether the file is safetensors or a GGUF. A GGUF names, stacks, permutes and transposes tensors in its own way
// (gguf/names.hpp). Bytes stay in the mapped file until rows are read.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/safetensors.hpp"

namespace r1 {

// `stored` has the published name and shape. If its bytes are not the published rows, paired_head or heads is set.
struct PublishedTensor {
  StoredTensor stored;
  // GGUF's order of llama's q and k: within each head of so many rows, row 2i is published row i and row 2i+1 is
  // published row i + head/2. 0: the rows are in the published order.
  i64 paired_head = 0;
  // kv_b_proj in halves: `stored` holds the rows of v, [heads·v, kv_rank], and k_b those of k, transposed head by head,
  // [heads·kv_rank, nope]. stored.shape is that of kv_b_proj, [heads·(nope+v), kv_rank]. 0: the tensor is whole.
  i64 heads = 0;
  StoredTensor k_b{};

  bool in_place() const { return paired_head == 0 && heads == 0; }  // the bytes are the published rows
  // The tensor as a matrix: a vector is one row.
  i64 rows() const { return stored.shape.size() == 1 ? 1 : stored.shape.empty() ? 0 : stored.shape[0]; }
  i64 cols() const { return stored.shape.empty() ? 0 : stored.shape.back(); }
};

// Rows [first, first + count) as f32, exactly what they dequantise to: dst [count, cols].
void read_rows(const PublishedTensor& tensor, i64 first, i64 count, float* dst);
// The same for a tensor as it is stored; a row is the innermost axis.
void read_rows(const StoredTensor& tensor, i64 first, i64 count, float* dst);
// The bytes of all rows in the published order, in the stored type. The tensor must be a matrix that the file does not
// hold in halves (heads == 0).
void copy_rows(const PublishedTensor& tensor, std::byte* dst);

struct Checkpoint {
  std::string path;    // for errors
  std::string config;  // for errors, the source of the expected shapes: "config.json"
  std::map<std::string, PublishedTensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>>
      unsupported;                   // tensors of types that cannot be read, with those types
  std::shared_ptr<const void> keep;  // keeps every byte alive
};

Checkpoint published_tensors(const Safetensors& file, std::string path);

// Whether no model needs the tensor: published checkpoints repeat the embedding and the head in the MTP layer, and old
// ones carry the tables of rope.
bool redundant(std::string_view name);

}  // namespace r1
