// Decides which type each tensor of a model gets. A mix has a default type and rules for tensors that get more bits.
// The rules are those of llama.cpp's src/llama-quant.cpp, so files of the same name are alike. docs/quantisation.md has
// the table.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

struct Mix {
  // uniform: every matrix gets the default type. The others are llama.cpp's mixes of these names.
  enum class Rules : u8 { uniform, q2_k_l, q3_k_s, q3_k_m, q3_k_l, q4_k_s, q4_k_m, q5_k_s, q5_k_m, q6_k };
  std::string name;
  Rules rules = Rules::uniform;
  DType type = DType::f32;  // the default
  i64 file_type = 0;        // general.file_type, the label that other programs show
};

// A mix ("q4_k_m", "Q3_K_L"), or any type that can be written ("q8_0", "bf16"), which then every matrix gets.
// Errors: another name, with a list of those that are known.
Result<Mix> find_mix(std::string_view name);
std::vector<std::string> mix_names();

// The properties of the model that the rules use.
struct MixModel {
  i64 layers = 0, heads = 0, kv_heads = 0, experts = 0;
  bool tied = false;  // there is no output.weight; token_embd.weight serves as the output too
};

// The type of a tensor, by its GGUF name and its shape, outermost first. Vectors, norms and routers are f32. If a row
// is no multiple of the type's block, a type of smaller blocks takes its place: q4_k → q5_0, q5_k → q5_1, q6_k → q8_0,
// iq4_xs → iq4_nl, other types of 256 → q4_0. If 32 does not divide the row either, the tensor is f16.
// `wanted`, if given, receives the type that the rules name before a type of smaller blocks takes its place.
DType mix_type(const Mix& mix, std::string_view tensor, const std::vector<i64>& shape, const MixModel& model,
               DType* wanted = nullptr);

}  // namespace r1
