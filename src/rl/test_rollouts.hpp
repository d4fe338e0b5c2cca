// Random models of every architecture, random requests, and what an engine draws for them, as documents. For tests.
#pragma once
#include <gtest/gtest.h>

#include <map>

#include "core/philox.hpp"
#include "formats/json.hpp"
#include "infer/engine.hpp"
#include "rl/rollout.hpp"

namespace r1 {

inline Json common_config(Random& random) {
  return Json::object({{"vocab_size", random.between(70, 400)},
                       {"hidden_size", random.between(8, 40) * 2},
                       {"num_hidden_layers", random.between(1, 3)},
                       {"intermediate_size", random.between(8, 90)},
                       {"max_position_embeddings", 512},
                       {"rms_norm_eps", 1e-6},
                       {"rope_theta", 10000.0},
                       {"hidden_act", "silu"},
                       {"initializer_range", 0.25},
                       {"bos_token_id", 0},
                       {"eos_token_id", 1},
                       {"tie_word_embeddings", random.below(2) == 0}});
}

inline Json deepseek_config(Random& random, bool v2) {
  Json c = common_config(random);
  const i64 heads = random.between(1, 4), groups = random.below(2) ? 4 : 1;
  c.set("architectures", Json::array({v2 ? "DeepseekV2ForCausalLM" : "DeepseekV3ForCausalLM"}));
  c.set("model_type", v2 ? "deepseek_v2" : "deepseek_v3");
  c.set("num_attention_heads", heads).set("num_key_value_heads", heads);
  c.set("q_lora_rank", random.below(3) == 0 ? Json(nullptr) : Json(random.between(5, 30)));
  c.set("kv_lora_rank", random.between(5, 40));
  c.set("qk_nope_head_dim", random.between(3, 20)).set("qk_rope_head_dim", 2 * random.between(2, 8));
  c.set("v_head_dim", random.between(3, 20));
  c.set("moe_intermediate_size", random.between(5, 30)).set("n_routed_experts", 8);
  c.set("num_experts_per_tok", random.between(1, 4)).set("n_shared_experts", random.between(1, 2));
  c.set("moe_layer_freq", 1).set("first_k_dense_replace", random.between(0, 1));
  c.set("n_group", groups).set("topk_group", groups == 1 ? 1 : 2);
  c.set("scoring_func", v2 ? "softmax" : "sigmoid");
  c.set("topk_method", !v2 ? "noaux_tc" : groups == 1 ? "greedy" : "group_limited_greedy");
  c.set("norm_topk_prob", !v2).set("routed_scaling_factor", v2 ? 1.0 : 2.5);
  c.set("num_nextn_predict_layers", v2 ? 0 : random.between(0, 1));
  return c;
}

inline Json dense_config(Random& random, const char* type, const char* architecture) {
  Json c = common_config(random);
  const i64 kv_heads = random.between(1, 3), heads = kv_heads * random.between(1, 3), head = 2 * random.between(3, 9);
  c.set("architectures", Json::array({architecture})).set("model_type", type);
  c.set("num_attention_heads", heads).set("num_key_value_heads", kv_heads);
  c.set("hidden_size", heads * head).set("head_dim", head);  // Qwen2 has no head_dim of its own
  return c;
}

inline Json random_config(u64 seed) {
  Random random(seed, Purpose::test, 1);
  switch (seed % 5) {
    case 0: return deepseek_config(random, false);
    case 1: return deepseek_config(random, true);
    case 2: return dense_config(random, "qwen2", "Qwen2ForCausalLM");
    case 3: return dense_config(random, "qwen3", "Qwen3ForCausalLM");
    default: return dense_config(random, "llama", "LlamaForCausalLM");
  }
}

// Groups of samples. Half of the prompts begin with the same 64 to 150 tokens, so that later ones find pages of it.
inline std::vector<GenerationRequest> random_requests(Random& random, i64 vocab, float temperature) {
  const auto ids = [&](i64 n) {
    std::vector<i32> out;
    while (n-- > 0) out.push_back(static_cast<i32>(random.below(static_cast<u32>(vocab))));
    return out;
  };
  const std::vector<i32> prefix = ids(random.between(64, 150));
  std::vector<GenerationRequest> requests;
  for (u64 i = 0; i < 6; ++i) {
    GenerationRequest r;
    if (random.below(2)) r.prompt = prefix;
    const auto own = ids(random.between(1, 90));
    r.prompt.insert(r.prompt.end(), own.begin(), own.end());
    r.sampling = {.temperature = temperature, .top_p = 1, .top_k = 0, .min_p = 0, .repetition_penalty = 1, .seed = i};
    r.max_tokens = random.between(1, 80);
    r.stop_ids = {1};
    r.samples = static_cast<i32>(random.between(1, 4));
    r.stream = i;
    requests.push_back(std::move(r));
  }
  return requests;
}

inline std::vector<Document> draw_documents(Engine& engine, const std::vector<GenerationRequest>& requests) {
  struct Drawn {
    std::vector<i32> tokens;
    std::vector<float> logprobs;
    std::vector<u16> routes;
  };
  std::map<std::pair<RequestId, i32>, Drawn> drawn;
  std::map<RequestId, const GenerationRequest*> of;
  for (const GenerationRequest& r : requests) {
    const auto id = engine.submit(r);
    EXPECT_TRUE(id) << (id ? "" : id.error().what);
    if (id) of[*id] = &r;
  }
  while (engine.busy()) {
    const auto events = engine.step();
    EXPECT_TRUE(events) << (events ? "" : events.error().what);
    if (!events) break;
    for (const TokenEvent& e : *events) {
      EXPECT_NE(e.finish, Finish::failed) << e.failure;
      Drawn& sample = drawn[{e.id, e.sample}];
      sample.tokens.push_back(e.token);
      sample.logprobs.push_back(e.logprob);
      sample.routes.insert(sample.routes.end(), e.routes.begin(), e.routes.end());
    }
  }
  const ModelInfo& info = engine.model().info();
  std::vector<Document> documents;
  for (const auto& [key, sample] : drawn)
    documents.push_back(rollout_document(of.at(key.first)->prompt, sample.tokens, sample.logprobs,
                                         {info.layers, info.experts_per_token, sample.routes}));
  return documents;
}

}  // namespace r1
