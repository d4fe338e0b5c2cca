// The models of the R1 family by short names: where their GGUFs are and how large they are.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

struct FamilyModel {
  std::string_view name;   // "deepseek-r1:1.5b"
  std::string_view repo;   // "unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF"
  std::string_view quant;  // the file of the repository that the short name means: "Q4_K_M"
  i64 bytes;               // of that file or its shards, to 10 MB; 671b to 1 GB
  std::string_view what;   // one line for people

  std::string pull_name() const { return std::string(repo) + ":" + std::string(quant); }
};

std::span<const FamilyModel> r1_family();  // the smallest first

// The model that a short name means. "deepseek-r1" alone is the smallest; letter case does not matter.
const FamilyModel* find_in_family(std::string_view name);

}  // namespace r1
