// Small random models for tests, 131 tokens: a DeepSeek-V3 (latent attention, dense and sparse layers, YaRN, 3 layers)
// and a Qwen2 (grouped queries, biases, 2 layers).
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/philox.hpp"
#include "model/model.hpp"

namespace r1 {

inline constexpr i64 kTestVocab = 131, kTestContext = 512;

// initializer_range is large so that the distributions are far from uniform and differ from position to position.
inline constexpr const char* kTestDeepseek =
    R"({"architectures":["DeepseekV3ForCausalLM"],"model_type":"deepseek_v3","attention_bias":false,
    "bos_token_id":0,"eos_token_id":1,"hidden_act":"silu","hidden_size":40,"initializer_range":0.3,
    "intermediate_size":52,"kv_lora_rank":20,"max_position_embeddings":512,"moe_intermediate_size":12,
    "moe_layer_freq":1,"n_routed_experts":8,"num_attention_heads":3,"num_hidden_layers":3,"num_key_value_heads":3,
    "qk_nope_head_dim":10,"qk_rope_head_dim":12,"rms_norm_eps":1e-06,"tie_word_embeddings":false,"v_head_dim":14,
    "vocab_size":131,"first_k_dense_replace":1,"n_group":4,"n_shared_experts":1,"norm_topk_prob":true,
    "num_experts_per_tok":3,"q_lora_rank":28,"rope_theta":10000,"routed_scaling_factor":2.5,"scoring_func":"sigmoid",
    "topk_group":2,"topk_method":"noaux_tc","rope_scaling":{"type":"yarn","factor":4,"beta_fast":8,"beta_slow":1,
    "mscale":1.0,"mscale_all_dim":1.0,"original_max_position_embeddings":128}})";
// kTestDeepseek with a module for multi-token prediction.
inline std::string test_deepseek_mtp() {
  std::string config = kTestDeepseek;
  return config.insert(1, R"("num_nextn_predict_layers":1,)");
}
inline constexpr const char* kTestQwen2 =
    R"({"architectures":["Qwen2ForCausalLM"],"model_type":"qwen2","bos_token_id":0,
    "eos_token_id":1,"hidden_act":"silu","hidden_size":36,"initializer_range":0.3,"intermediate_size":52,
    "max_position_embeddings":512,"num_attention_heads":6,"num_hidden_layers":2,"num_key_value_heads":2,
    "rms_norm_eps":1e-06,"rope_theta":10000,"tie_word_embeddings":false,"vocab_size":131})";

inline std::unique_ptr<Model> test_model(u64 seed = 1, const char* config = kTestDeepseek) {
  auto model = create_model(config, "test model", seed, Weights::trainable);
  EXPECT_TRUE(model) << (model ? "" : model.error().what);
  return model ? std::move(*model) : nullptr;
}

inline std::vector<i32> test_prompt(i64 length, u64 stream) {
  Random random(3, Purpose::test, stream);
  std::vector<i32> ids;
  for (i64 i = 0; i < length; ++i) ids.push_back(static_cast<i32>(random.below(static_cast<u32>(kTestVocab))));
  return ids;
}

}  // namespace r1
