// The table behind gguf_names.hpp: which tensors correspond, and how the one holds the other.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1::gguf_table {

// How a GGUF tensor holds a published one.
enum class How : u8 {
  whole,   // it is the tensor
  rotary,  // it is, with llama's rows paired
  q_rows,
  k_rows,
  v_rows,  // attn_qkv: q's rows, then k's, then v's
  expert,  // {} of the published name is the index into the stack
  gate_of_expert,
  up_of_expert,  // ffn_gate_up_exps: the first or second half of each expert's rows
  k_half,
  v_half  // kv_b_proj in two
};

struct Pair {
  std::string_view published, gguf;  // {} stands for the expert; both behind the layer's prefix
  How how = How::whole;
  bool written = true;  // else only read: another form of the same
};

// "PREFIX7.mlp.experts.3.up_proj.weight" → layer 7, "mlp.experts.{}.up_proj.weight", expert 3. Numbers as programs
// write them: no sign, no leading zero.
struct Parsed {
  i64 layer = -1, expert = -1;
  std::string pattern;
};

Parsed parse_name(std::string_view name, std::string_view prefix);

std::span<const Pair> table(i64 layer);  // -1: outside of layers
std::string published_name(const Pair& pair, i64 layer, i64 expert);
std::string gguf_name(const Pair& pair, i64 layer);

std::string text(const std::vector<i64>& shape);  // "[2,3]"

}  // namespace r1::gguf_table
