// The table of published (Hugging Face) and GGUF tensors: which ones correspond, and how the rows of one are arranged
// in the other. Loading a GGUF, writing one and converting one to a folder all go by it.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace r1::gguf_table {

// How a GGUF tensor holds a published one.
enum class Arrangement : u8 {
  whole,   // as it is
  rotary,  // as it is, but with the rows of llama's rotated pairs side by side
  q_rows,
  k_rows,
  v_rows,  // the rows of q, then of k, then of v, in attn_qkv
  expert,  // one matrix of a stack; {} of the published name is its index
  gate_of_expert,
  up_of_expert,  // the first or the second half of each expert's rows in ffn_gate_up_exps
  k_half,
  v_half  // the two parts of kv_b_proj
};

enum class Direction : u8 {
  both,
  read_only
};  // read_only: this row is only read; we write the same tensor in another form, by another row

struct TensorRow {
  std::string_view published, gguf;  // without the layer's prefix; {} stands for the index of an expert
  Arrangement arrangement = Arrangement::whole;
  Direction direction = Direction::both;
};

std::span<const TensorRow> table(i64 layer);  // -1: the tensors outside of layers
std::string published_name(const TensorRow& row, i64 layer, i64 expert);
std::string gguf_name(const TensorRow& row, i64 layer);

// A tensor's name taken apart: "PREFIX7.mlp.experts.3.up_proj.weight" is layer 7, expert 3 and the pattern
// "mlp.experts.{}.up_proj.weight". Only numbers as programs write them count, without a sign or a leading zero.
struct TensorName {
  i64 layer = -1, expert = -1;  // -1: none
  std::string pattern;
};
TensorName parse_name(std::string_view name, std::string_view prefix);

}  // namespace r1::gguf_table
