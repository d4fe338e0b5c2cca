// The sampler and the trainer compute the same log-probabilities, bit for bit: random models of every architecture, at
// every level, with products in f32 and bf16, and keys and values in both; groups that share a prompt, prompts that
// share a prefix, prompts cut into chunks, micro-batches of many lengths; before an update and after it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "core/philox.hpp"
#include "formats/json.hpp"
#include "infer/engine.hpp"
#include "kernels/cpu/kernels.hpp"
#include "rl/on_policy.hpp"
#include "rl/rollout.hpp"
#include "train/learner.hpp"

namespace r1 {
namespace {

Json common(Random& random) {
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

Json deepseek(Random& random, bool v2) {
  Json c = common(random);
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

Json dense(Random& random, const char* type, const char* architecture) {
  Json c = common(random);
  const i64 kv_heads = random.between(1, 3), heads = kv_heads * random.between(1, 3), head = 2 * random.between(3, 9);
  c.set("architectures", Json::array({architecture})).set("model_type", type);
  c.set("num_attention_heads", heads).set("num_key_value_heads", kv_heads);
  c.set("hidden_size", heads * head).set("head_dim", head);  // Qwen2 has no head_dim of its own
  return c;
}

Json random_config(u64 seed) {
  Random random(seed, Purpose::test, 1);
  switch (seed % 5) {
    case 0: return deepseek(random, false);
    case 1: return deepseek(random, true);
    case 2: return dense(random, "qwen2", "Qwen2ForCausalLM");
    case 3: return dense(random, "qwen3", "Qwen3ForCausalLM");
    default: return dense(random, "llama", "LlamaForCausalLM");
  }
}

// Groups of samples. Half of the prompts begin with the same 64 to 150 tokens, so that later ones find pages of it.
std::vector<GenerationRequest> random_requests(Random& random, i64 vocab, float temperature) {
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

std::vector<Document> draw(Engine& engine, const std::vector<GenerationRequest>& requests) {
  std::map<std::pair<RequestId, i32>, std::pair<std::vector<i32>, std::vector<float>>> drawn;
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
      drawn[{e.id, e.sample}].first.push_back(e.token);
      drawn[{e.id, e.sample}].second.push_back(e.logprob);
    }
  }
  std::vector<Document> documents;
  for (const auto& [key, sample] : drawn)
    documents.push_back(rollout_document(of.at(key.first)->prompt, sample.first, sample.second));
  return documents;
}

class OnPolicy : public testing::TestWithParam<std::tuple<const cpu::Kernels*, const char*, const char*, u64>> {};
INSTANTIATE_TEST_SUITE_P(Rl, OnPolicy,
                         testing::Combine(testing::ValuesIn(cpu::levels().begin(), cpu::levels().end()),
                                          testing::Values("f32", "bf16"), testing::Values("f32", "bf16"),
                                          testing::Range(u64{0}, u64{5})),
                         [](const auto& i) {
                           return fmt::format("{}_{}_kv_{}_{}", std::get<0>(i.param)->name, std::get<1>(i.param),
                                              std::get<2>(i.param), std::get<3>(i.param));
                         });

TEST_P(OnPolicy, TheTrainersLogProbabilityOfADrawnTokenHasTheBitsOfTheSamplers) {
  const auto& [kernels, matmul, kv, seed] = GetParam();
  Random random(seed, Purpose::test, 2);
  TrainConfig config;
  config.matmul = matmul, config.kv = kv, config.threads = seed == 0 ? 2 : 1, config.recompute = random.below(2) == 0;
  config.lr = 1e-2;
  Learner learner(config, *kernels);
  const std::string text = dump(random_config(seed));
  auto model = create_model(text, "random model", seed, Weights::trainable);
  ASSERT_TRUE(model) << model.error().what << "\n" << text;
  learner.set_model(std::move(*model));

  ThreadPool pool(seed == 1 ? 2 : 1);
  EngineOptions options;
  options.kernels = kernels, options.pool = &pool, options.numerics = learner.numerics();
  options.max_sequences = random.between(2, 8), options.max_batch_tokens = random.between(8, 120);
  Engine engine = std::move(*Engine::create(learner.model(), options));
  const float temperature = random.below(2) ? 1.0f : 0.7f;

  for (int update = 0; update < 2; ++update) {
    const auto requests = random_requests(random, learner.model().info().vocab, temperature);
    const auto documents = draw(engine, requests);
    engine.release_memory();
    StepBatch batch;
    batch.micro = pack(documents, random.between(100, 900));
    i64 rows = 0, equal = 0;
    OnPolicyCheck check;
    RowLoss loss;
    loss.temperature = temperature;
    loss.rows = [&](const MicroBatch& micro, const LossRows& r) {
      check.compare(micro, r.nll);
      double sum = 0;
      for (size_t t = 0; t < r.nll.size(); ++t) {
        r.gradient[t] = 1;
        sum += static_cast<double>(r.nll[t]);
        if (micro.targets[t] < 0) continue;
        const float logprob = -r.nll[t];
        ++rows;
        equal += std::memcmp(&logprob, &micro.old_logprobs[t], 4) == 0;
      }
      return sum;
    };
    for (const Document& d : documents) {
      ++batch.sequences;
      for (const i32 t : d.targets) batch.targets += t >= 0;
    }
    loss.denominator = static_cast<double>(batch.targets);
    StepMetrics m;
    m.step = 1, m.lr = config.lr;
    learner.compute_gradients(batch, loss, m);
    EXPECT_GT(rows, 100);
    EXPECT_EQ(check.tokens(), rows);
    EXPECT_EQ(check.differences(), 0);
    EXPECT_EQ(equal, rows) << (update ? "after" : "before") << " an update of " << text;
    ASSERT_TRUE(learner.check_finite(m));
    EXPECT_GT(m.grad_norm, 0);
    learner.update(m);
  }
}

// Three samples in two micro-batches. Of the third, whose prompt has two tokens, the last token was drawn at another
// log-probability than the trainer's.
TEST(OnPolicyCheck, NamesTheFirstTokenThatDiffers) {
  std::vector<Document> documents;
  for (const i64 n : {3, 4, 5}) {
    std::vector<i32> tokens;
    for (i64 i = 0; i < n; ++i) tokens.push_back(static_cast<i32>(10 * n + i));
    documents.push_back(make_document(tokens, 2));
    documents.back().old_logprobs.assign(tokens.size(), -0.5f);
  }
  documents[0].old_logprobs[1] = 0.0f;  // minus a nll of 0 is the other zero
  documents[2].old_logprobs[3] = -0.75f;
  documents[2].old_logprobs[4] = NAN;  // no target
  const auto micro = pack(documents, 7);
  ASSERT_EQ(micro.size(), 2u);
  OnPolicyCheck check;
  check.compare(micro[0], std::vector<float>{9, 0, 9, 9, 0.5f, 0.5f, 9});
  EXPECT_EQ(check.differences(), 0);
  EXPECT_FALSE(check.first());
  check.compare(micro[1], std::vector<float>{9, 0.5f, 0.5f, 0.5f, 9});
  EXPECT_EQ(check.tokens(), 1 + 2 + 3);
  EXPECT_EQ(check.differences(), 1);
  ASSERT_TRUE(check.first());
  const OnPolicyCheck::Difference d = *check.first();
  EXPECT_EQ(std::tuple(d.sequence, d.position, d.token, d.drawn, d.trained), std::tuple(2, 4, 54, -0.75f, -0.5f));
  documents[2].old_logprobs[1] = NAN;
  check.compare(pack(documents, 99)[0], std::vector<float>(12, 0.5f));
  EXPECT_EQ(check.differences(), 1 + 3);
}

}  // namespace
}  // namespace r1
