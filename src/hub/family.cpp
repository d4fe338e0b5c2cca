#include "hub/family.hpp"

#include "hub/select.hpp"

namespace r1 {

std::span<const FamilyModel> r1_family() {
  // The size of 7b is that of the published file (tests/real_models_test.cpp). The same mix with the shapes of 1.5b,
  // 8b, 14b, 32b and 70b gives 1.111, 4.913, 8.982, 19.845 and 42.513 GB of weights; the metadata is 6 to 8 MB.
  static constexpr FamilyModel kFamily[] = {
      {"deepseek-r1:1.5b", "unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF", "Q4_K_M", 1'120'000'000,
       "Qwen2.5-Math-1.5B, trained on R1's answers"},
      {"deepseek-r1:7b", "unsloth/DeepSeek-R1-Distill-Qwen-7B-GGUF", "Q4_K_M", 4'680'000'000,
       "Qwen2.5-Math-7B, trained on R1's answers"},
      {"deepseek-r1:8b", "unsloth/DeepSeek-R1-Distill-Llama-8B-GGUF", "Q4_K_M", 4'920'000'000,
       "Llama-3.1-8B, trained on R1's answers"},
      // The size is computed: the weights of the shape deepseek-r1-0528-qwen3-8b take 5,021,827,072 bytes in the mix
      // q4_k_m (convert/random_model_test.cpp), and a vocabulary of 151,936 tokens in the metadata about 6 MB.
      {"deepseek-r1:8b-0528", "unsloth/DeepSeek-R1-0528-Qwen3-8B-GGUF", "Q4_K_M", 5'030'000'000,
       "Qwen3-8B, trained on R1-0528's answers"},
      {"deepseek-r1:14b", "unsloth/DeepSeek-R1-Distill-Qwen-14B-GGUF", "Q4_K_M", 8'990'000'000,
       "Qwen2.5-14B, trained on R1's answers"},
      {"deepseek-r1:32b", "unsloth/DeepSeek-R1-Distill-Qwen-32B-GGUF", "Q4_K_M", 19'850'000'000,
       "Qwen2.5-32B, trained on R1's answers"},
      {"deepseek-r1:70b", "unsloth/DeepSeek-R1-Distill-Llama-70B-GGUF", "Q4_K_M", 42'520'000'000,
       "Llama-3.3-70B-Instruct, trained on R1's answers"},
      {"deepseek-r1:671b", "unsloth/DeepSeek-R1-GGUF", "Q4_K_M", 404'000'000'000, "R1 itself, a mixture of experts"},
  };
  return kFamily;
}

const FamilyModel* find_in_family(std::string_view name) {
  if (equal_ignoring_case(name, "deepseek-r1")) return &r1_family().front();
  for (const FamilyModel& m : r1_family())
    if (equal_ignoring_case(name, m.name)) return &m;
  return nullptr;
}

}  // namespace r1
