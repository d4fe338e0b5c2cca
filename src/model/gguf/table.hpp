// The table of published (Hugging Face) and GGUF tensors: which ones correspond, and how the rows of one are arranged
// in the other. Loading a GGUF, writing one and converting one to a folder all go by it.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace r1::gguf_table {

// How a GGUF tensor holds a published one:
//   whole                         unchanged
//   rotary                        unchanged, except that llama's GGUFs put the two rows of a rotated pair side by side
//   q_rows, k_rows, v_rows        a part of attn_qkv, which holds the rows of q, then those of k, then those of v
//   expert                        one matrix of a stack; the number in place of {} in the published name is its index
//   gate_of_expert, up_of_expert  the first or the second half of each expert's rows in ffn_gate_up_exps
//   k_half, v_half                one of the two parts of kv_b_proj
enum class Arrangement : u8 {
  whole,
  rotary,
  q_rows,
  k_rows,
  v_rows,
  expert,
  gate_of_expert,
  up_of_expert,
  k_half,
  v_half
};

// read_only: the row is used for reading files only. Files that we write hold the tensor in the form of another row.
enum class Direction : u8 { both, read_only };

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
