// The tensors of a checkpoint under their published (Hugging Face) names and in their published order of rows, wherever
// they lie: in safetensors, or in a GGUF, which names, stacks, permutes and transposes them in its own way
// (gguf_names.hpp). Nothing is read before it is asked for.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/safetensors.hpp"

namespace r1 {

// `stored` has the published name and shape. Where its bytes are not the published rows, one of these is set:
struct PublishedTensor {
  StoredTensor stored;
  // GGUF's order of llama's q and k: within each head of so many rows, row 2i is published row i and row 2i+1 is
  // published row i + head/2. 0: rows are in order.
  i64 paired_head = 0;
  // kv_b_proj in halves: `stored` holds the rows of v, [heads·v, kv_rank], `k_b` those of k transposed per head,
  // [heads·kv_rank, nope]. stored.shape is kv_b_proj's, [heads·(nope+v), kv_rank].
  StoredTensor k_b{};
  i64 heads = 0;

  bool in_place() const { return paired_head == 0 && heads == 0; }  // the bytes are the tensor
  // As a matrix: a vector is one row.
  i64 rows() const { return stored.shape.size() == 1 ? 1 : stored.shape.empty() ? 0 : stored.shape[0]; }
  i64 cols() const { return stored.shape.empty() ? 0 : stored.shape.back(); }
};

// Rows first .. first + count as f32, exactly what they dequantise to. 1-D tensors have one row.
void read_rows(const PublishedTensor& tensor, i64 first, i64 count, float* dst);
// The same of a stored tensor, whose rows are what its innermost axis holds.
void read_rows(const StoredTensor& tensor, i64 first, i64 count, float* dst);
// Bytes of all rows in published order, any type; the tensor must not be in halves.
void copy_rows(const PublishedTensor& tensor, std::byte* dst);

struct Checkpoint {
  std::string path;    // for errors
  std::string config;  // what its shapes are held against, for errors: "config.json"
  std::map<std::string, PublishedTensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> unsupported;  // tensors of types that we do not read, and their types
  std::shared_ptr<const void> keep;                             // keeps every byte alive
};

Checkpoint published_tensors(const Safetensors& file, std::string path);

}  // namespace r1
