#include "quant/quantize_mix.hpp"

#include <gtest/gtest.h>

#include <map>

#include "quant/quantize.hpp"

namespace r1 {
namespace {

using Shape = std::vector<i64>;

Mix mix(std::string_view name) {
  const auto m = find_mix(name);
  EXPECT_TRUE(m) << name;
  return m ? *m : Mix{};
}

// How many tensors get each type in a model with these tensors in every layer.
std::map<DType, int> count(const Mix& m, const MixModel& model,
                           const std::vector<std::pair<std::string, Shape>>& every_layer,
                           const std::vector<std::pair<std::string, Shape>>& once) {
  std::map<DType, int> types;
  for (const auto& [name, shape] : once) ++types[mix_type(m, name, shape, model)];
  for (i64 l = 0; l < model.layers; ++l)
    for (const auto& [name, shape] : every_layer) ++types[mix_type(m, fmt::format("blk.{}.{}", l, name), shape, model)];
  return types;
}

// The counts of published files: 66 F32 (one of them rope_freqs), 193 Q4_K and 33 Q6_K in Llama-8B's Q4_K_M.
TEST(QuantizeMix, ALlama8bInQ4KMHasTheTypesOfPublishedFiles) {
  const Shape square{4096, 4096}, kv{1024, 4096}, wide{14336, 4096}, down{4096, 14336}, norm{4096};
  const auto types = count(mix("q4_k_m"), {.layers = 32, .heads = 32, .kv_heads = 8},
                           {{"attn_norm.weight", norm},
                            {"ffn_norm.weight", norm},
                            {"attn_q.weight", square},
                            {"attn_k.weight", kv},
                            {"attn_v.weight", kv},
                            {"attn_output.weight", square},
                            {"ffn_gate.weight", wide},
                            {"ffn_up.weight", wide},
                            {"ffn_down.weight", down}},
                           {{"token_embd.weight", {128256, 4096}},
                            {"output.weight", {128256, 4096}},
                            {"output_norm.weight", norm},
                            {"rope_freqs.weight", {64}}});
  EXPECT_EQ(types, (std::map<DType, int>{{DType::f32, 66}, {DType::q4_k, 193}, {DType::q6_k, 33}}));
}

// Qwen-7B: 141 F32, 169 Q4_K, 29 Q6_K.
TEST(QuantizeMix, AQwen7bInQ4KMHasTheTypesOfPublishedFiles) {
  const Shape square{3584, 3584}, kv{512, 3584}, wide{18944, 3584}, down{3584, 18944}, norm{3584}, bias{512};
  const auto types =
      count(mix("q4_k_m"), {.layers = 28, .heads = 28, .kv_heads = 4},
            {{"attn_norm.weight", norm},
             {"ffn_norm.weight", norm},
             {"attn_q.weight", square},
             {"attn_q.bias", norm},
             {"attn_k.weight", kv},
             {"attn_k.bias", bias},
             {"attn_v.weight", kv},
             {"attn_v.bias", bias},
             {"attn_output.weight", square},
             {"ffn_gate.weight", wide},
             {"ffn_up.weight", wide},
             {"ffn_down.weight", down}},
            {{"token_embd.weight", {152064, 3584}}, {"output.weight", {152064, 3584}}, {"output_norm.weight", norm}});
  EXPECT_EQ(types, (std::map<DType, int>{{DType::f32, 141}, {DType::q4_k, 169}, {DType::q6_k, 29}}));
}

// R1's file has 361 F32, 606 Q4_K, 58 Q6_K. It was made before attn_kv_b had a rule of its own. Of its 61 attn_kv_b, 30
// now get more bits.
TEST(QuantizeMix, R1InQ4KMKeepsItsRoutersAndGivesDownProjectionsMore) {
  const MixModel r1{.layers = 61, .heads = 128, .kv_heads = 128, .experts = 256};
  const Mix m = mix("Q4_K_M");
  std::map<DType, int> types;
  const auto add = [&](const std::string& name, const Shape& shape) { ++types[mix_type(m, name, shape, r1)]; };
  add("token_embd.weight", {129280, 7168}), add("output.weight", {129280, 7168}), add("output_norm.weight", {7168});
  for (int l = 0; l < 61; ++l) {
    const std::string blk = fmt::format("blk.{}.", l);
    for (const char* norm : {"attn_norm", "ffn_norm", "attn_q_a_norm", "attn_kv_a_norm"})
      add(blk + norm + ".weight", {512});
    add(blk + "attn_q_a.weight", {1536, 7168}), add(blk + "attn_q_b.weight", {24576, 1536});
    add(blk + "attn_kv_a_mqa.weight", {576, 7168}), add(blk + "attn_output.weight", {7168, 16384});
    if (l < 3) {
      for (const char* part : {"ffn_gate", "ffn_up"}) add(blk + part + ".weight", {18432, 7168});
      add(blk + "ffn_down.weight", {7168, 18432});
      continue;
    }
    add(blk + "ffn_gate_inp.weight", {256, 7168}), add(blk + "exp_probs_b.bias", {256});
    for (const char* part : {"ffn_gate_exps", "ffn_up_exps"}) add(blk + part + ".weight", {256, 2048, 7168});
    add(blk + "ffn_down_exps.weight", {256, 7168, 2048});
    for (const char* part : {"ffn_gate_shexp", "ffn_up_shexp"}) add(blk + part + ".weight", {2048, 7168});
    add(blk + "ffn_down_shexp.weight", {7168, 2048});
  }
  // Without the 61 kv_b.
  EXPECT_EQ(types, (std::map<DType, int>{{DType::f32, 361}, {DType::q4_k, 606 - 61}, {DType::q6_k, 58}}));
  int more = 0;
  for (int l = 0; l < 61; ++l)
    more += mix_type(m, fmt::format("blk.{}.attn_kv_b.weight", l), {32768, 512}, r1) == DType::q6_k;
  EXPECT_EQ(more, 30);
  EXPECT_EQ(mix_type(m, "blk.5.attn_k_b.weight", {128, 512, 128}, r1), DType::q5_0);  // rows of 128
}

TEST(QuantizeMix, Q2KLKeepsTheVocabularyInEightBits) {
  const Mix m = mix("q2_k_l");
  const MixModel shared{.layers = 32, .heads = 32, .kv_heads = 8}, own{.layers = 32, .heads = 32, .kv_heads = 32};
  const Shape s{4096, 4096};
  EXPECT_EQ(mix_type(m, "token_embd.weight", s, shared), DType::q8_0);
  EXPECT_EQ(mix_type(m, "output.weight", s, shared), DType::q8_0);
  EXPECT_EQ(mix_type(m, "blk.9.attn_v.weight", s, shared), DType::q4_k);
  EXPECT_EQ(mix_type(m, "blk.9.attn_v.weight", s, own), DType::q3_k);
  EXPECT_EQ(mix_type(m, "blk.9.ffn_down.weight", s, own), DType::q3_k);
  EXPECT_EQ(mix_type(m, "blk.9.attn_output.weight", s, own), DType::q3_k);
  EXPECT_EQ(mix_type(m, "blk.9.ffn_up.weight", s, own), DType::q2_k);
  EXPECT_EQ(m.file_type, 10);
}

TEST(QuantizeMix, ATiedEmbeddingCountsAsTheOutput) {
  const Shape s{512, 256};
  EXPECT_EQ(mix_type(mix("q4_k_m"), "token_embd.weight", s, {.layers = 8, .tied = true}), DType::q6_k);
  EXPECT_EQ(mix_type(mix("q4_k_m"), "token_embd.weight", s, {.layers = 8}), DType::q4_k);
}

TEST(QuantizeMix, SeventyBillionsShareTheirValuesAndEightExpertsTheirAttention) {
  const Shape s{1024, 8192};
  const MixModel big{.layers = 80, .heads = 64, .kv_heads = 8},
      mixtral{.layers = 32, .heads = 32, .kv_heads = 8, .experts = 8};
  EXPECT_EQ(mix_type(mix("q4_k_m"), "blk.10.attn_v.weight", s, big), DType::q5_k);
  EXPECT_EQ(mix_type(mix("q4_k_m"), "blk.0.attn_v.weight", s, big), DType::q6_k);
  EXPECT_EQ(mix_type(mix("q4_k_m"), "blk.10.attn_k.weight", s, mixtral), DType::q8_0);
  EXPECT_EQ(mix_type(mix("q4_k_m"), "blk.10.attn_output.weight", s, mixtral), DType::q5_k);
}

TEST(QuantizeMix, RowsThatBlocksDoNotFitTakeSmallerBlocks) {
  const auto type = [](std::string_view name, i64 row) {
    return mix_type(mix(name), "blk.0.attn_q.weight", {64, row}, {});
  };
  EXPECT_EQ(type("q4_k", 96), DType::q5_0);
  EXPECT_EQ(type("q5_k", 96), DType::q5_1);
  EXPECT_EQ(type("q6_k", 96), DType::q8_0);
  EXPECT_EQ(type("iq4_xs", 96), DType::iq4_nl);
  for (const char* name : {"q2_k", "q3_k", "tq1_0", "tq2_0"}) EXPECT_EQ(type(name, 96), DType::q4_0) << name;
  for (const char* name : {"q4_k", "q8_0", "q4_0", "mxfp4", "iq4_xs"}) EXPECT_EQ(type(name, 100), DType::f16) << name;
  EXPECT_EQ(type("bf16", 100), DType::bf16);
}

TEST(QuantizeMix, EveryNameIsFoundAndGivesWhatItCanWrite) {
  for (const std::string& name : mix_names()) {
    const Mix m = mix(name);
    for (const i64 row : {256, 32, 7})
      EXPECT_TRUE(can_quantize(mix_type(m, "blk.0.ffn_down.weight", {4, row}, {.layers = 1}))) << name;
    EXPECT_EQ(mix_type(m, "blk.0.attn_norm.weight", {256}, {}), DType::f32);
    EXPECT_EQ(mix_type(m, "blk.0.attn_q.bias", {256}, {}), DType::f32);
    EXPECT_EQ(mix_type(m, "blk.0.ffn_gate_inp.weight", {8, 256}, {}), DType::f32);
  }
  EXPECT_EQ(mix("Q8_0").file_type, 7);
  EXPECT_EQ(mix("q4_k_m").file_type, 15);
  for (const char* name : {"iq2_xs", "q8_k", "nvfp4", "f8_e4m3", "", "q4"}) {
    const auto m = find_mix(name);
    ASSERT_FALSE(m) << name;
    EXPECT_EQ(m.error().code, Errc::usage);
  }
}

// The rules of llama.cpp's src/llama-quant.cpp (llama_tensor_get_type_impl), tensor by tensor, for 32 layers.
TEST(QuantizeMix, TheSmallAndLargeMixesGiveEachTensorTheTypeOfLlamaCpp) {
  const MixModel model{.layers = 32, .heads = 32, .kv_heads = 8};
  const auto type = [&](const char* mix_name, const std::string& tensor, const MixModel& m) {
    return std::string(name_of(mix_type(mix(mix_name), tensor, {4096, 4096}, m)));
  };
  struct Row {
    const char *mix, *base, *value, *value_2, *value_9, *down, *down_3, *down_9, *attention_output;
  };
  for (const Row& r : {Row{"q3_k_s", "q3_k", "q3_k", "q3_k", "q3_k", "q3_k", "q3_k", "q3_k", "q3_k"},
                       Row{"q3_k_m", "q3_k", "q5_k", "q4_k", "q4_k", "q5_k", "q4_k", "q4_k", "q4_k"},
                       Row{"q3_k_l", "q3_k", "q5_k", "q5_k", "q5_k", "q5_k", "q5_k", "q5_k", "q5_k"},
                       Row{"q4_k_s", "q4_k", "q5_k", "q5_k", "q4_k", "q5_k", "q5_k", "q4_k", "q4_k"},
                       Row{"q5_k_s", "q5_k", "q5_k", "q5_k", "q5_k", "q5_k", "q5_k", "q5_k", "q5_k"},
                       Row{"q6_k", "q6_k", "q6_k", "q6_k", "q6_k", "q6_k", "q6_k", "q6_k", "q6_k"}}) {
    SCOPED_TRACE(r.mix);
    EXPECT_EQ(type(r.mix, "blk.0.attn_q.weight", model), r.base);
    EXPECT_EQ(type(r.mix, "blk.0.ffn_gate.weight", model), r.base);
    EXPECT_EQ(type(r.mix, "token_embd.weight", model), r.base);
    EXPECT_EQ(type(r.mix, "output.weight", model), "q6_k");
    EXPECT_EQ(type(r.mix, "blk.0.attn_v.weight", model), r.value);
    EXPECT_EQ(type(r.mix, "blk.2.attn_v.weight", model), r.value_2);
    EXPECT_EQ(type(r.mix, "blk.9.attn_v.weight", model), r.value_9);
    EXPECT_EQ(type(r.mix, "blk.0.ffn_down.weight", model), r.down);
    EXPECT_EQ(type(r.mix, "blk.3.ffn_down_exps.weight", model), r.down_3);
    EXPECT_EQ(type(r.mix, "blk.9.ffn_down.weight", model), r.down_9);
    EXPECT_EQ(type(r.mix, "blk.9.attn_output.weight", model), r.attention_output);
    EXPECT_EQ(type(r.mix, "blk.9.attn_norm.weight", model), "f32");
  }
  const MixModel llama_70b{.layers = 80, .heads = 64, .kv_heads = 8};
  for (const char* name : {"q3_k_s", "q3_k_m", "q4_k_s", "q4_k_m"})
    EXPECT_EQ(type(name, "blk.13.attn_v.weight", llama_70b), "q5_k") << name;
  const MixModel mixtral{.layers = 32, .heads = 32, .kv_heads = 8, .experts = 8};
  for (const char* name : {"q3_k_s", "q3_k_l", "q4_k_s", "q6_k"}) {
    EXPECT_EQ(type(name, "blk.9.attn_v.weight", mixtral), "q8_0") << name;
    EXPECT_EQ(type(name, "blk.9.attn_k.weight", mixtral), "q8_0") << name;
  }
  EXPECT_EQ(type("q4_k_s", "blk.9.attn_output.weight", mixtral), "q5_k");
  EXPECT_EQ(type("q3_k_l", "blk.9.attn_output.weight", mixtral), "q3_k");
  EXPECT_EQ(type("q6_k", "blk.9.attn_output.weight", mixtral), "q6_k");
}

TEST(QuantizeMix, TheFileTypesAreLlamaCpps) {
  for (const auto& [name, number] : {std::pair("q3_k_s", 11),
                                     {"q3_k_m", 12},
                                     {"q3_k_l", 13},
                                     {"q4_k_s", 14},
                                     {"q4_k_m", 15},
                                     {"q5_k_s", 16},
                                     {"q5_k_m", 17},
                                     {"q6_k", 18}})
    EXPECT_EQ(mix(name).file_type, number) << name;
}

}  // namespace
}  // namespace r1
