// A GGUF's metadata as config.json.
#include "model/gguf/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "formats/json.hpp"
#include "formats/test_gguf.hpp"
#include "model/gguf/keys.hpp"
#include "model/gguf/llama3_rope.hpp"

namespace r1 {
namespace {

std::string error_of(const Result<Json>& r) { return r ? "" : r.error().what; }

class GgufConfig : public testing::Test {
 protected:
  // The metadata of a DeepSeek-R1 file of 2025. The tensors are small: of them, reading the configuration needs only
  // the names and the rows of the embedding.
  TestGguf r1(u32 blocks = 61, u32 gating = 2) {
    TestGguf g;
    g.text("general.architecture", "deepseek2");
    for (const auto& [key, value] :
         std::initializer_list<std::pair<const char*, u32>>{{"block_count", blocks},
                                                            {"context_length", 163840},
                                                            {"embedding_length", 7168},
                                                            {"feed_forward_length", 18432},
                                                            {"attention.head_count", 128},
                                                            {"attention.head_count_kv", 128},
                                                            {"attention.q_lora_rank", 1536},
                                                            {"attention.kv_lora_rank", 512},
                                                            {"attention.key_length", 192},
                                                            {"attention.value_length", 128},
                                                            {"rope.dimension_count", 64},
                                                            {"leading_dense_block_count", 3},
                                                            {"expert_count", 256},
                                                            {"expert_used_count", 8},
                                                            {"expert_shared_count", 1},
                                                            {"expert_feed_forward_length", 2048},
                                                            {"expert_gating_func", gating},
                                                            {"rope.scaling.original_context_length", 4096}})
      g.number(fmt::format("deepseek2.{}", key), value);
    for (const auto& [key, value] :
         std::initializer_list<std::pair<const char*, float>>{{"attention.layer_norm_rms_epsilon", 1e-6f},
                                                              {"rope.freq_base", 10000},
                                                              {"expert_weights_scale", 2.5f},
                                                              {"rope.scaling.factor", 40},
                                                              {"rope.scaling.yarn_log_multiplier", 0.1f}})
      g.real(fmt::format("deepseek2.{}", key), value);
    g.flag("deepseek2.expert_weights_norm", true).text("deepseek2.rope.scaling.type", "yarn");
    g.number("tokenizer.ggml.bos_token_id", 0).number("tokenizer.ggml.eos_token_id", 1);
    return g;
  }
  Result<Json> config(TestGguf& g, bool bias = true, bool compressed_q = true) {
    g.tensor("token_embd.weight", {4, 32}, kGgmlF32, 4 * 32 * 4).tensor("output.weight", {4, 32}, kGgmlF32, 4 * 32 * 4);
    if (bias) g.tensor("blk.3.exp_probs_b.bias", {8}, kGgmlF32, 8 * 4);
    if (!compressed_q) g.tensor("blk.0.attn_q.weight", {4, 32}, kGgmlF32, 4 * 32 * 4);
    EXPECT_TRUE(write_file(folder.path() / "m.gguf", g.bytes()));
    return config_of_gguf(R1_TRY(Gguf::open(folder.path() / "m.gguf")));
  }
  TestFolder folder;
};

TEST_F(GgufConfig, TheConfigurationOfAnR1FileIsThePublishedOne) {
  TestGguf g = r1();
  const auto c = config(g);
  ASSERT_TRUE(c) << error_of(c);
  const Json want = Json::object({{"model_type", "deepseek_v3"},
                                  {"hidden_size", 7168},
                                  {"num_hidden_layers", 61},
                                  {"intermediate_size", 18432},
                                  {"moe_intermediate_size", 2048},
                                  {"n_routed_experts", 256},
                                  {"n_shared_experts", 1},
                                  {"num_experts_per_tok", 8},
                                  {"n_group", 8},
                                  {"topk_group", 4},  // not in the file, which is from before autumn 2025
                                  {"scoring_func", "sigmoid"},
                                  {"topk_method", "noaux_tc"},
                                  {"norm_topk_prob", true},
                                  {"routed_scaling_factor", 2.5},
                                  {"first_k_dense_replace", 3},
                                  {"q_lora_rank", 1536},
                                  {"kv_lora_rank", 512},
                                  {"qk_nope_head_dim", 128},
                                  {"qk_rope_head_dim", 64},
                                  {"v_head_dim", 128},
                                  {"rms_norm_eps", 1e-6},
                                  {"rope_theta", 10000.0},
                                  {"max_position_embeddings", 163840},
                                  {"tie_word_embeddings", false},
                                  {"bos_token_id", 0},
                                  {"eos_token_id", 1},
                                  {"rope_scaling", Json::object({{"type", "yarn"},
                                                                 {"factor", 40.0},
                                                                 {"original_max_position_embeddings", 4096},
                                                                 {"beta_fast", 32.0},
                                                                 {"beta_slow", 1.0},
                                                                 {"mscale", 1.0},
                                                                 {"mscale_all_dim", 1.0}})}});
  for (const auto& [key, value] : *want.object()) {
    const Json* found = c->find(key);
    ASSERT_TRUE(found) << key;
    EXPECT_EQ(dump(*found), dump(value)) << key;
  }
}

TEST_F(GgufConfig, TheMlaKeysWinOverThoseOfTheLatent) {
  TestGguf g = r1();
  g.number("deepseek2.attention.key_length_mla", 192).number("deepseek2.attention.value_length_mla", 128);
  const auto c = config(g);
  ASSERT_TRUE(c) << error_of(c);
  EXPECT_EQ(*c->find("qk_nope_head_dim")->integer(), 128);
  EXPECT_EQ(*c->find("v_head_dim")->integer(), 128);
}

TEST_F(GgufConfig, TheTensorsDecideWhetherQueriesAreCompressed) {
  TestGguf g = r1();
  const auto c = config(g, true, false);
  ASSERT_TRUE(c) << error_of(c);
  EXPECT_TRUE(c->find("q_lora_rank")->is_null());
}

TEST_F(GgufConfig, AFileWithoutGatingIsV2) {
  TestGguf g;
  g.text("general.architecture", "deepseek2");
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, u32>>{{"block_count", 27},
                                                          {"context_length", 163840},
                                                          {"embedding_length", 2048},
                                                          {"feed_forward_length", 10944},
                                                          {"attention.head_count", 16},
                                                          {"attention.kv_lora_rank", 512},
                                                          {"attention.key_length", 192},
                                                          {"attention.value_length", 128},
                                                          {"rope.dimension_count", 64},
                                                          {"leading_dense_block_count", 1},
                                                          {"expert_count", 64},
                                                          {"expert_used_count", 6},
                                                          {"expert_shared_count", 2},
                                                          {"expert_feed_forward_length", 1408},
                                                          {"rope.scaling.original_context_length", 4096},
                                                          {"tokenizer.ggml.eos_token_id", 11}})
    g.number(key[0] == 't' ? key : fmt::format("deepseek2.{}", key), value);
  g.real("deepseek2.attention.layer_norm_rms_epsilon", 1e-6f).real("deepseek2.expert_weights_scale", 1);
  g.text("deepseek2.rope.scaling.type", "yarn").real("deepseek2.rope.scaling.factor", 40);
  g.real("deepseek2.rope.scaling.yarn_log_multiplier", 0.0707f);
  const auto c = config(g, false, false);
  ASSERT_TRUE(c) << error_of(c);
  EXPECT_EQ(*c->find("model_type")->string(), "deepseek_v2");
  EXPECT_EQ(*c->find("scoring_func")->string(), "softmax");
  EXPECT_EQ(*c->find("topk_method")->string(), "greedy");
  EXPECT_EQ(*c->find("norm_topk_prob")->boolean(), false);
  EXPECT_EQ(*c->find("rope_scaling")->find("mscale_all_dim")->number(), 0.707);
  EXPECT_TRUE(c->find("eos_token_id")->is_null());  // 11 is outside the vocabulary of 4: GPT-2's, not this model's
}

// llama.cpp's rule for GLM-4.7-Flash, whose files have no expert_gating_func.
TEST_F(GgufConfig, GlmFlashScoresExpertsBySigmoidWithoutAKeyForIt) {
  const auto scoring = [&](u32 blocks, i64 vocab) {
    TestGguf g = r1(blocks, 0);  // 0 reads as missing
    g.tensor("token_embd.weight", {vocab, 1}, kGgmlF32, vocab * 4).tensor("blk.3.exp_probs_b.bias", {8}, kGgmlF32, 32);
    EXPECT_TRUE(write_file(folder.path() / "m.gguf", g.bytes()));
    const auto c = config_of_gguf(Gguf::open(folder.path() / "m.gguf").value());
    return c ? *c->find("scoring_func")->string() : error_of(c);
  };
  EXPECT_EQ(scoring(47, 154880), "sigmoid");
  EXPECT_EQ(scoring(48, 154880), "sigmoid");
  EXPECT_EQ(scoring(46, 154880), "softmax");
  EXPECT_EQ(scoring(47, 154881), "softmax");
}

TEST_F(GgufConfig, Llama3ScalingIsRecoveredFromItsDivisors) {
  TestGguf g;
  g.text("general.architecture", "llama");
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, u32>>{{"block_count", 2},
                                                                                     {"context_length", 131072},
                                                                                     {"embedding_length", 512},
                                                                                     {"feed_forward_length", 512},
                                                                                     {"attention.head_count", 4},
                                                                                     {"attention.head_count_kv", 2},
                                                                                     {"rope.dimension_count", 128}})
    g.number(fmt::format("llama.{}", key), value);
  g.real("llama.attention.layer_norm_rms_epsilon", 1e-5f).real("llama.rope.freq_base", 500000);
  const Json scaling = Json::object({{"rope_type", "llama3"},
                                     {"factor", 8.0},
                                     {"original_max_position_embeddings", 8192},
                                     {"low_freq_factor", 1.0},
                                     {"high_freq_factor", 4.0}});
  const std::vector<float> divisors = llama3_divisors({.dim = 128,
                                                       .theta = 500000,
                                                       .factor = 8,
                                                       .original_context = 8192,
                                                       .scaling = RopeScaling::llama3,
                                                       .low_turns = 1,
                                                       .high_turns = 4});
  ASSERT_EQ(divisors.size(), 64u);
  EXPECT_EQ(divisors.front(), 1);
  EXPECT_EQ(divisors.back(), 8);
  // Pair 32 of 64 turns 8192 / (2π·500000^(32/64)) = 1.84 times: s = 0.281, divisor 1 / ((1 − s)/8 + s) = 2.70.
  EXPECT_NEAR(divisors[32], 2.70, 0.02);
  std::string bytes;
  for (const float d : divisors) bytes += le(d);
  g.tensor_with("rope_freqs.weight", {64}, kGgmlF32, bytes);
  const auto c = config(g);
  ASSERT_TRUE(c) << error_of(c);
  EXPECT_EQ(dump(*c->find("rope_scaling")), dump(scaling));
}

// 0.1 times mscale_all_dim. Without it, or with 0, DeepSeek's models scale neither cos and sin nor the softmax.
TEST_F(GgufConfig, WithoutALogMultiplierMscaleIsOneAndMscaleAllDimNought) {
  const char* key = "deepseek2.rope.scaling.yarn_log_multiplier";
  for (const TestGguf& by : {TestGguf(), TestGguf().real(key, 0)}) {
    TestGguf g = with_pair(r1(), key, by);
    const auto c = config(g);
    ASSERT_TRUE(c) << error_of(c);
    EXPECT_EQ(*c->find("rope_scaling")->find("mscale")->number(), 1);
    EXPECT_EQ(*c->find("rope_scaling")->find("mscale_all_dim")->number(), 0);
  }
}

TEST_F(GgufConfig, NumbersAreAcceptedAtTheirLimitsAndRefusedBeyondThem) {
  const auto error = [&](const char* name, u32 n) {
    const std::string key = fmt::format("deepseek2.{}", name);
    TestGguf g = with_pair(r1(), key, TestGguf());
    g.number(key, n);
    const auto c = config(g);
    return c ? std::string() : c.error().what;
  };
  const struct {
    const char* name;
    std::vector<u32> accepted, refused;
  } limits[] = {
      {"block_count", {1, 256}, {0, 513}},    {"expert_count", {0, 1, 1024}, {1025}},
      {"context_length", {1}, {0}},           {"embedding_length", {1}, {0}},
      {"feed_forward_length", {1}, {0}},      {"attention.head_count", {1}, {0}},
      {"attention.kv_lora_rank", {1}, {0}},   {"attention.key_length", {65}, {0, 64, 63}},  // of which rope has 64
      {"attention.value_length", {1}, {0}},   {"rope.dimension_count", {1, 191}, {0, 192}},
      {"expert_used_count", {1}, {0}},        {"expert_feed_forward_length", {1}, {0}},
      {"expert_gating_func", {0, 1, 2}, {3}}, {"vocab_size", {1, 4}, {0, 5}}};
  for (const auto& [name, accepted, refused] : limits) {
    for (const u32 n : accepted) EXPECT_EQ(error(name, n), "") << name << " " << n;
    for (const u32 n : refused) EXPECT_NE(error(name, n).find(name), std::string::npos) << n << ": " << error(name, n);
  }
  EXPECT_NE(error("block_count", 257).find("256 experts in 257 blocks, expected at most 1024 and 65536 in all"),
            std::string::npos);
  TestGguf most_blocks = with_pair(r1(512), "deepseek2.expert_count", TestGguf());
  EXPECT_TRUE(config(most_blocks.number("deepseek2.expert_count", 128)));
  EXPECT_EQ(error("nextn_predict_layers", 60), "");
  EXPECT_NE(error("nextn_predict_layers", 61).find("61 blocks of which 61 predict"), std::string::npos);
}

TEST_F(GgufConfig, AnOldFileHasR1sGroupsOnlyIfItHas256ExpertsScoredBySigmoid) {
  const auto groups = [&](TestGguf g) {
    const auto c = config(g);
    return c ? fmt::format("{} of {}", *c->find("topk_group")->integer(), *c->find("n_group")->integer())
             : c.error().what;
  };
  const char* experts = "deepseek2.expert_count";
  EXPECT_EQ(groups(r1()), "4 of 8");
  EXPECT_EQ(groups(r1(61, 1)), "1 of 1");
  EXPECT_EQ(groups(with_pair(r1(), experts, TestGguf().number(experts, 255))), "1 of 1");
  EXPECT_EQ(groups(r1().number("deepseek2.expert_group_count", 4).number("deepseek2.expert_group_used_count", 2)),
            "2 of 4");
  EXPECT_EQ(groups(r1().number("deepseek2.expert_group_count", 0).number("deepseek2.expert_group_used_count", 3)),
            "1 of 1");
  const auto noted = [&](u32 gating) {
    TestGguf g = r1(61, gating);
    EXPECT_TRUE(config(g));
    const auto notes = gguf_notes(Gguf::open(folder.path() / "m.gguf").value());
    return std::ranges::any_of(notes,
                               [](const std::string& n) { return n.find("R1's 8 groups of which 4") != n.npos; });
  };
  EXPECT_TRUE(noted(2));
  EXPECT_FALSE(noted(1));
}

// GPT-2's 11 stands in files of models that have no such token.
TEST_F(GgufConfig, AnIdOutsideOfTheVocabularyMeansNoneAndEndsAreListedOnce) {
  const auto ids = [&](i32 bos, i32 eos, i32 eot, i32 eom) {
    TestGguf g = with_pair(with_pair(r1(), "tokenizer.ggml.bos_token_id", {}), "tokenizer.ggml.eos_token_id", {});
    for (const auto& [name, id] : {std::pair("bos", bos), {"eos", eos}, {"eot", eot}, {"eom", eom}})
      g.pair(fmt::format("tokenizer.ggml.{}_token_id", name), kI32, le(id));
    const auto c = config(g);
    return c ? dump(*c->find("bos_token_id")) + " " + dump(*c->find("eos_token_id")) : c.error().what;
  };
  EXPECT_EQ(ids(0, 3, 3, 3), "0 3");
  EXPECT_EQ(ids(3, 0, 1, 2), "3 [0, 1, 2]");
  EXPECT_EQ(ids(4, 4, 4, 1), "null 1");
  EXPECT_EQ(ids(-1, -1, 2, 2), "null 2");
  EXPECT_EQ(ids(-1, -1, 4, -1), "null null");
}

TEST_F(GgufConfig, TheNotesSayWhatAFileLacks) {
  const auto notes = [&](TestGguf g, bool head) {
    g.tensor("token_embd.weight", {4, 32}, kGgmlF32, 4 * 32 * 4).tensor("ids", {4}, 26, 16);
    if (head) g.tensor("output.weight", {4, 32}, kGgmlF32, 4 * 32 * 4);
    EXPECT_TRUE(write_file(folder.path() / "m.gguf", g.bytes()));
    return gguf_notes(Gguf::open(folder.path() / "m.gguf").value());
  };
  const auto has = [](const std::vector<std::string>& all, std::string_view note) {
    return std::count(all.begin(), all.end(), note) == 1;
  };
  const char *tied = "the head is the embedding (no output.weight)",
             *unread = "tensor ids has type I32, which is not supported";
  const auto bare = notes(r1(), false);
  EXPECT_TRUE(has(bare, tied) && has(bare, "no tokenizer") && has(bare, "no chat template") && has(bare, unread));
  EXPECT_FALSE(has(bare, "GGUF version 2") || has(bare, "holds the MTP module (nextn)"));
  TestGguf full = r1();
  full.version = 2;
  full.texts("tokenizer.ggml.tokens", {"a"}).text("tokenizer.chat_template", "x");
  full.number("deepseek2.nextn_predict_layers", 1).tensor("blk.0.attn_kv_b.weight", {4, 32}, kGgmlF32, 512);
  const auto all = notes(full, true);
  EXPECT_FALSE(has(all, tied) || has(all, "no tokenizer") || has(all, "no chat template"));
  EXPECT_TRUE(has(all, "GGUF version 2") && has(all, "holds the MTP module (nextn)"));
  EXPECT_TRUE(has(all, "attention in the form from before April 2025: attn_kv_b"));
  const auto halves = notes(full.tensor("blk.0.attn_k_b.weight", {4, 32}, kGgmlF32, 512), true);
  EXPECT_TRUE(has(halves, "attention in ik_llama.cpp's form: attn_kv_b and its halves"));
}

TEST_F(GgufConfig, ASizeIsAtMostTwoToThe31MinusOne) {
  TestGguf g;
  g.number("t.block_count", 1).number("t.most", 2147483647).number("t.more", 2147483648);
  ASSERT_TRUE(write_file(folder.path() / "m.gguf", g.bytes()));
  const Gguf file = Gguf::open(folder.path() / "m.gguf").value();
  const GgufKeys keys(file, "t");
  EXPECT_EQ(keys.positive("most").value_or(0), 2147483647);
  EXPECT_FALSE(keys.positive("more"));
}

TEST_F(GgufConfig, TheNotesSayOverHowManyFilesAModelIsSplit) {
  for (const u16 k : {0, 1}) {
    TestGguf g;
    if (k == 0) g.text("general.architecture", "deepseek2").pair("split.tensors.count", kI32, le(i32{2}));
    g.pair("split.no", kU16, le(k)).pair("split.count", kU16, le(u16{2}));
    g.tensor(fmt::format("w{}", k), {2}, kGgmlF32, 8);
    ASSERT_TRUE(write_file(folder.path() / fmt::format("m-{:05}-of-00002.gguf", k + 1), g.bytes()));
  }
  const auto notes = gguf_notes(Gguf::open(folder.path() / "m-00001-of-00002.gguf").value());
  EXPECT_EQ(std::count(notes.begin(), notes.end(), "split over 2 files"), 1);
}

}  // namespace
}  // namespace r1
