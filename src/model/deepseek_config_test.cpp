// config.json of DeepSeek models: what a missing key means, and which fields are refused by name.
#include <gtest/gtest.h>

#include <cmath>

#include "model/deepseek_v3.hpp"

namespace r1 {
namespace {

// The fields that have no default.
Json least(const char* model_type) {
  return Json::object({{"model_type", model_type},
                       {"vocab_size", 96},
                       {"hidden_size", 64},
                       {"num_hidden_layers", 4},
                       {"num_attention_heads", 4},
                       {"kv_lora_rank", 16},
                       {"qk_nope_head_dim", 8},
                       {"qk_rope_head_dim", 8},
                       {"v_head_dim", 8},
                       {"intermediate_size", 32},
                       {"n_routed_experts", 16},
                       {"num_experts_per_tok", 2},
                       {"moe_intermediate_size", 16}});
}
Json yarn(const char* model_type, Json scaling) {
  return least(model_type).set("rope_scaling", scaling.set("type", "yarn").set("factor", 4.0));
}
Result<DeepseekConfig> parse(const Json& json) { return parse_deepseek_config(json, "config.json"); }

// The values are those of DeepseekV2Config and DeepseekV3Config in transformers 5.23.
TEST(DeepseekConfig, AMissingKeyMeansWhatItMeansInTransformers) {
  const DeepseekConfig v3 = parse(least("deepseek_v3")).value(), v2 = parse(least("deepseek_v2")).value();
  const auto counts = [](const DeepseekConfig& c) {
    return std::vector<i64>{c.context,        c.q_rank,      c.routing.groups, c.routing.top_groups,
                            c.shared_experts, c.dense_layers};
  };
  EXPECT_EQ(counts(v3), (std::vector<i64>{4096, 1536, 8, 4, 1, 3}));
  EXPECT_EQ(counts(v2), (std::vector<i64>{2048, 1536, 1, 1, 2, 0}));
  EXPECT_EQ(v3.routing.scaling, 2.5f);
  EXPECT_EQ(v2.routing.scaling, 1);
  EXPECT_TRUE(v3.routing.normalize && !v2.routing.normalize);
  EXPECT_FALSE(v3.tied || v2.tied);
  EXPECT_EQ(v3.routing.scoring, Scoring::sigmoid);
  EXPECT_EQ(v2.routing.scoring, Scoring::softmax);
  EXPECT_EQ(v3.routing.method, TopK::noaux_tc);
  EXPECT_EQ(v2.routing.method, TopK::greedy);
  EXPECT_TRUE(v3.routing.scale_normalized && !v2.routing.scale_normalized);
  EXPECT_EQ(v3.initializer_range, 0.02);
  EXPECT_EQ(v3.eps, 1e-6f);
  EXPECT_EQ((std::vector<double>{v3.yarn.theta, v3.yarn.factor}), (std::vector<double>{10000, 1}));
  EXPECT_EQ(v3.mtp_layers, 0);
  EXPECT_EQ(v3.ids.bos, -1);
  EXPECT_TRUE(v3.ids.eos.empty());
}

TEST(DeepseekConfig, SizesAreAcceptedAtTheirLimitsAndRefusedBeyondThem) {
  const struct {
    const char* key;
    i64 low, high;
  } limits[] = {{"vocab_size", 1, 1 << 24},
                {"hidden_size", 1, 1 << 20},
                {"num_hidden_layers", 1, 1024},
                {"max_position_embeddings", 1, 2147483647},
                {"num_attention_heads", 1, 1 << 14},
                {"num_key_value_heads", 1, 1 << 14},
                {"q_lora_rank", 1, 1 << 20},
                {"kv_lora_rank", 1, 1 << 20},
                {"qk_nope_head_dim", 1, 1 << 14},
                {"qk_rope_head_dim", 2, 1 << 14},
                {"v_head_dim", 1, 1 << 14},
                {"intermediate_size", 1, 1 << 20},
                {"num_nextn_predict_layers", 0, 1},
                {"num_experts_per_tok", 1, 8},
                {"moe_intermediate_size", 1, 1 << 20},
                {"n_shared_experts", 0, 1024},
                {"first_k_dense_replace", 0, 4},
                {"n_routed_experts", 16, 1 << 15},
                {"topk_group", 1, 8},
                {"moe_layer_freq", 1, 1}};
  for (const auto& [key, low, high] : limits) {
    for (const i64 n : {low, high}) {
      const auto c = parse(least("deepseek_v3").set(key, n));
      EXPECT_TRUE(c) << key << " " << n << ": " << c.error().what;
    }
    for (const i64 n : {low - 1, high + 1}) {
      const auto c = parse(least("deepseek_v3").set(key, n));
      ASSERT_FALSE(c) << key << " " << n;
      EXPECT_NE(c.error().what.find("config.json"), std::string::npos) << c.error().what;
    }
  }
  EXPECT_EQ(parse(least("deepseek_v3").set("num_hidden_layers", 2))->dense_layers, 2) << "of three, two are there";
}

// Groups must divide the experts. The chosen ones must hold as many experts as a token uses, except where groups do not
// matter, and noaux_tc needs two experts in each of several groups.
TEST(DeepseekConfig, GroupsMustBeAbleToGiveEveryTokenItsExperts) {
  const auto groups = [](i64 n, i64 top, i64 experts_per_token, const char* method, i64 experts = 16) {
    const auto c = parse(least("deepseek_v3")
                             .set("n_routed_experts", experts)
                             .set("n_group", n)
                             .set("topk_group", top)
                             .set("num_experts_per_tok", experts_per_token)
                             .set("topk_method", method));
    return c ? std::string() : c.error().what;
  };
  EXPECT_EQ(groups(8, 4, 8, "noaux_tc"), "");
  EXPECT_EQ(groups(4, 4, 16, "noaux_tc"), "");
  EXPECT_EQ(groups(1, 1, 1, "noaux_tc", 1), "");
  EXPECT_EQ(groups(16, 2, 2, "group_limited_greedy"), "");
  EXPECT_EQ(groups(8, 1, 16, "greedy"), "");
  EXPECT_NE(groups(8, 4, 9, "noaux_tc").find("topk_group: 4 groups of 2 experts cannot give num_experts_per_tok 9"),
            std::string::npos);
  EXPECT_NE(groups(8, 1, 3, "group_limited_greedy").find("1 groups of 2 experts cannot give"), std::string::npos);
  EXPECT_NE(groups(16, 8, 2, "noaux_tc").find("n_group: groups of 1 expert"), std::string::npos);
  EXPECT_NE(groups(3, 1, 1, "greedy").find("n_group: 3 groups do not divide n_routed_experts 16"), std::string::npos);
  EXPECT_NE(groups(8, 4, 8, "best").find("topk_method: \"best\", known: greedy, group_limited_greedy, noaux_tc"),
            std::string::npos);
}

// Published checkpoints in FP8 have blocks of 128 x 128, and so has the code that reads them.
TEST(DeepseekConfig, OnlyFp8InBlocksOf128By128IsRead) {
  const auto quantized = [](Json q) {
    const auto c = parse(least("deepseek_v3").set("quantization_config", std::move(q)));
    return c ? std::string() : c.error().what;
  };
  const Json fp8 = Json::object({{"quant_method", "fp8"}});
  EXPECT_EQ(quantized(fp8), "");
  EXPECT_EQ(quantized(Json(fp8).set("weight_block_size", Json::array({128, 128}))), "");
  for (const auto& [rows, cols] : {std::pair(127, 128), {129, 128}, {128, 127}, {128, 129}, {64, 64}})
    EXPECT_NE(quantized(Json(fp8).set("weight_block_size", Json::array({rows, cols})))
                  .find(fmt::format("weight_block_size: [{},{}], known: [128,128]", rows, cols)),
              std::string::npos);
  EXPECT_NE(quantized(Json::object({{"quant_method", "awq"}})).find("quant_method: \"awq\", known: fp8"),
            std::string::npos);
  EXPECT_NE(quantized(Json::object({})).find("quant_method"), std::string::npos);
}

TEST(DeepseekConfig, TheTwoMscalesAreThoseOfTheFileOrNone) {
  const auto scales = [](const Json& scaling) {
    const auto c = parse(yarn("deepseek_v3", scaling));
    return c ? std::vector<double>{c->yarn.mscale, c->yarn.mscale_all_dim} : std::vector<double>{};
  };
  EXPECT_EQ(scales(Json::object({})), (std::vector<double>{1, 0}));
  EXPECT_EQ(scales(Json::object({{"mscale", 1.0}})), (std::vector<double>{1, 0}));
  EXPECT_EQ(scales(Json::object({{"mscale", 1.0}, {"mscale_all_dim", 0.0}})), (std::vector<double>{1, 0}));
  EXPECT_EQ(scales(Json::object({{"mscale", 0.5}, {"mscale_all_dim", 0.25}})), (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ(scales(Json::object({{"mscale", 0.5}, {"mscale_all_dim", 0.0}})), std::vector<double>{});
  EXPECT_EQ(scales(Json::object({{"mscale", 0.5}, {"mscale_all_dim", -1.0}})), std::vector<double>{});
  const RopeConfig usual = parse(yarn("deepseek_v3", Json::object({})))->yarn;
  EXPECT_EQ((std::vector<double>{usual.beta_fast, usual.beta_slow, usual.factor}), (std::vector<double>{32, 1, 4}));
  EXPECT_EQ(usual.attention_factor, 0);
}

// The softmax's scale is 1/√(nope + rope), times the square of 0.1 · mscale_all_dim · ln factor + 1.
TEST(DeepseekConfig, MscaleAllDimScalesTheSoftmax) {
  const auto scale = [](const Json& json) { return static_cast<double>(parse(json)->mla().scale); };
  const double m = 0.1 * 0.5 * std::log(4.0) + 1;
  EXPECT_FLOAT_EQ(static_cast<float>(scale(least("deepseek_v3"))), 0.25f);
  EXPECT_FLOAT_EQ(
      static_cast<float>(scale(yarn("deepseek_v3", Json::object({{"mscale", 1.0}, {"mscale_all_dim", 0.5}})))),
      static_cast<float>(0.25 * m * m));
}

TEST(DeepseekConfig, ATokenIdLiesInTheVocabulary) {
  const auto ids = [](const char* key, Json value) {
    const auto c = parse(least("deepseek_v3").set(key, std::move(value)));
    return c ? fmt::format("{} {}", c->ids.bos, fmt::join(c->ids.eos, ",")) : c.error().what;
  };
  EXPECT_EQ(ids("bos_token_id", 0), "0 ");
  EXPECT_EQ(ids("bos_token_id", 95), "95 ");
  EXPECT_EQ(ids("bos_token_id", -1), "-1 ") << "llama.cpp's way to say that there is none";
  EXPECT_EQ(ids("bos_token_id", Json::array({})), "-1 ");
  EXPECT_EQ(ids("eos_token_id", 95), "-1 95");
  EXPECT_EQ(ids("eos_token_id", Json::array({0, 95})), "-1 0,95");
  for (const char* key : {"bos_token_id", "eos_token_id"})
    for (const int id : {-2, 96})
      EXPECT_EQ(ids(key, id), fmt::format("config.json: {}: {} is outside the vocabulary of 96", key, id));
}

TEST(DeepseekConfig, SharedExpertsMayBeZero) {
  const auto c = parse(least("deepseek_v3").set("n_shared_experts", 0));
  ASSERT_TRUE(c) << c.error().what;
  EXPECT_EQ(c->shared_experts, 0);
}

// Nothing here reads these fields. Other programs that train or run the written model do.
TEST(DeepseekConfig, AWrittenConfigurationHasNoDropoutAndUsesACache) {
  const Json written = parse_json(to_json(parse(least("deepseek_v3")).value(), DType::f32), "written").value();
  EXPECT_EQ(*written.find("attention_dropout")->number(), 0);
  EXPECT_TRUE(*written.find("use_cache")->boolean());
}

TEST(DeepseekConfig, TheArchitectureOfItsGgufIsDeepseek2) {
  for (const char* type : {"deepseek_v2", "deepseek_v3"})
    EXPECT_EQ(gguf_dims(parse(least(type)).value()).architecture, "deepseek2") << type;
}

TEST(DeepseekConfig, NullMeansNone) {
  Json json = least("deepseek_v3");
  for (const char* key : {"q_lora_rank", "n_group", "topk_group", "n_shared_experts"}) json.set(key, Json());
  const DeepseekConfig c = parse(json).value();
  EXPECT_EQ((std::vector<i64>{c.q_rank, c.routing.groups, c.routing.top_groups, c.shared_experts}),
            (std::vector<i64>{0, 1, 1, 0}));
}

TEST(DeepseekConfig, AttentionFactorScalesCosAndSinAndNotTheSoftmax) {
  const Json both = Json::object({{"mscale", 1.0}, {"mscale_all_dim", 1.0}});
  const DeepseekConfig plain = parse(yarn("deepseek_v3", both)).value();
  const DeepseekConfig c = parse(yarn("deepseek_v3", Json(both).set("attention_factor", 0.7))).value();
  EXPECT_EQ(c.yarn.attention_factor, 0.7);
  EXPECT_EQ(c.mla().scale, plain.mla().scale);
  const std::string written = to_json(c, DType::f32);
  EXPECT_EQ(to_json(parse(parse_json(written, "written").value()).value(), DType::f32), written);
  EXPECT_NE(written.find("\"attention_factor\": 0.7"), std::string::npos) << written;
  EXPECT_NE(written.find("\"type\": \"yarn\""), std::string::npos) << "as DeepSeek's own code reads it: " << written;
}

TEST(DeepseekConfig, TheOriginalContextDefaultsToTheContext) {
  EXPECT_EQ(parse(yarn("deepseek_v3", Json::object({})).set("max_position_embeddings", 512))->yarn.original_context,
            512);
}

TEST(DeepseekConfig, UnsupportedAndImpossibleFieldsAreRefusedByNameAndValue) {
  const auto with = [](const char* key, Json value) { return least("deepseek_v3").set(key, std::move(value)); };
  const auto scaled = [](const char* key, Json value) {
    return yarn("deepseek_v3", Json::object({{key, std::move(value)}}));
  };
  const struct {
    Json config;
    std::vector<std::string> says;
  } cases[] = {
      {scaled("truncate", false), {"rope_scaling.truncate", "false"}},
      {scaled("attention_factor", 0.0), {"rope_scaling.attention_factor", "0"}},
      {scaled("mscale", 0.5), {"rope_scaling.mscale", "0.5"}},
      {scaled("mscale_all_dim", 0.5), {"rope_scaling.mscale", "mscale_all_dim 0.5"}},
      {with("rope_scaling", Json::object({{"type", "linear"}, {"factor", 4.0}})),
       {"rope_scaling.type", "linear", "known: default, yarn"}},
      {with("n_group", 2), {"topk_group", "4 of 2"}},
      {with("routed_scaling_factor", 0.0), {"routed_scaling_factor", "0"}},
      {with("routed_scaling_factor", -2.5), {"routed_scaling_factor", "-2.5"}},
      {with("routed_scaling_factor", 1e39), {"routed_scaling_factor", "1e+39"}},
      {with("rms_norm_eps", 0.0), {"rms_norm_eps", "0"}},
      {with("rms_norm_eps", 2.0), {"rms_norm_eps", "2"}},
      {with("rope_theta", 1e300), {"rope_theta", "1e+300"}},
      {with("num_key_value_heads", "4"), {"num_key_value_heads", "\"4\""}},
      {with("num_key_value_heads", Json::array({})), {"num_key_value_heads"}},
  };
  for (const auto& [config, says] : cases) {
    const auto r = parse(config);
    ASSERT_FALSE(r) << says[0];
    for (const std::string& part : says)
      EXPECT_NE(r.error().what.find(part), std::string::npos) << r.error().what << " / " << part;
  }
}

// Of tests/golden/v3: two layers of 8 experts, of which a token uses 3, with three matrices of 12 x 44, and a row of an
// embedding of 131 x 44.
TEST(DeepseekInfo, ActiveParametersAreAllButTheEmbeddingAndTheExpertsThatATokenLeavesOut) {
  const auto model = open_model(std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/v3");
  ASSERT_TRUE(model) << model.error().what;
  const ModelInfo& info = (*model)->info();
  EXPECT_EQ(info.parameters - info.active_parameters, 2 * (8 - 3) * 3 * 12 * 44 + 131 * 44);
  i64 parameters = 0;
  for (const CheckpointTensor& t : (*model)->checkpoint())
    if (!t.name.starts_with("model.layers.3.")) parameters += element_count(t.shape);
  EXPECT_EQ(info.parameters, parameters) << "all but the MTP module's";
}

TEST(DeepseekInfo, TheRouterBiasesAreThoseOfTheLayersWithExpertsAndThatOfTheMtpModuleComesLast) {
  const auto model = open_model(std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/v3");
  ASSERT_TRUE(model) << model.error().what;
  std::vector<std::string> names;
  for (const Weight& bias : (*model)->router_biases()) names.push_back(bias ? bias.name() : "");
  EXPECT_EQ(names, (std::vector<std::string>{"", "model.layers.1.mlp.gate.e_score_correction_bias",
                                             "model.layers.2.mlp.gate.e_score_correction_bias",
                                             "model.layers.3.mlp.gate.e_score_correction_bias"}));
}

TEST(DeepseekConfig, EveryFieldIsWrittenInThePublishedSpelling) {
  const Json none;
  Json json = least("deepseek_v3")
                  .set("num_nextn_predict_layers", 1)
                  .set("bos_token_id", 0)
                  .set("eos_token_id", Json::array({1, 2}))
                  .set("n_shared_experts", 0)
                  .set("rms_norm_eps", 1e-5)
                  .set("initializer_range", 0.25);
  const std::string text = to_json(parse(json).value(), DType::bf16);
  EXPECT_TRUE(text.starts_with("{\n  \"architectures\"")) << text;
  EXPECT_TRUE(text.ends_with("}\n")) << text;
  const Json v3 = Json::object({{"architectures", Json::array({"DeepseekV3ForCausalLM"})},
                                {"model_type", "deepseek_v3"},
                                {"vocab_size", 96},
                                {"hidden_size", 64},
                                {"num_hidden_layers", 4},
                                {"max_position_embeddings", 4096},
                                {"num_attention_heads", 4},
                                {"num_key_value_heads", 4},
                                {"q_lora_rank", 1536},
                                {"kv_lora_rank", 16},
                                {"qk_nope_head_dim", 8},
                                {"qk_rope_head_dim", 8},
                                {"v_head_dim", 8},
                                {"intermediate_size", 32},
                                {"hidden_act", "silu"},
                                {"rms_norm_eps", 1e-5},
                                {"rope_theta", 10000.0},
                                {"rope_scaling", none},
                                {"attention_bias", false},
                                {"attention_dropout", 0.0},
                                {"tie_word_embeddings", false},
                                {"initializer_range", 0.25},
                                {"num_nextn_predict_layers", 1},
                                {"first_k_dense_replace", 3},
                                {"bos_token_id", 0},
                                {"eos_token_id", Json::array({1, 2})},
                                {"torch_dtype", "bfloat16"},
                                {"use_cache", true},
                                {"moe_layer_freq", 1},
                                {"n_routed_experts", 16},
                                {"n_shared_experts", none},
                                {"num_experts_per_tok", 2},
                                {"moe_intermediate_size", 16},
                                {"n_group", 8},
                                {"topk_group", 4},
                                {"scoring_func", "sigmoid"},
                                {"topk_method", "noaux_tc"},
                                {"norm_topk_prob", true},
                                {"routed_scaling_factor", 2.5}});
  EXPECT_EQ(dump(parse_json(text, "written").value()), dump(v3));
  json = least("deepseek_v2").set("q_lora_rank", none).set("tie_word_embeddings", true).set("eos_token_id", 7);
  const Json v2 = parse_json(to_json(parse(json).value(), DType::f32), "written").value();
  const auto field = [&](const char* key) { return v2.find(key) ? dump(*v2.find(key)) : "missing"; };
  EXPECT_EQ(field("q_lora_rank"), "null");
  EXPECT_EQ(field("tie_word_embeddings"), "true");
  EXPECT_EQ(field("bos_token_id"), "null");
  EXPECT_EQ(field("eos_token_id"), "7");
  EXPECT_EQ(field("scoring_func"), "\"softmax\"");
  EXPECT_EQ(field("topk_method"), "\"greedy\"");
  EXPECT_EQ(field("n_shared_experts"), "2");
  EXPECT_EQ(field("torch_dtype"), "\"float32\"");
  const DeepseekConfig dense = parse(least("deepseek_v3").set("n_routed_experts", none)).value();
  EXPECT_EQ(dense.dense_layers, 4) << "without experts every layer is dense";
  EXPECT_EQ(parse_json(to_json(dense, DType::f32), "written").value().find("n_group"), nullptr);
}

TEST(DeepseekConfig, WhatTheModelDoesNotComputeIsRefusedByNameAndValue) {
  const auto refusal = [](const char* key, Json value) {
    const auto c = parse(least("deepseek_v3").set(key, std::move(value)));
    return c ? "accepted" : c.error().what;
  };
  EXPECT_EQ(refusal("attention_bias", true),
            "config.json: attention_bias: true; DeepSeek models have no biases in their attention");
  EXPECT_EQ(refusal("attention_bias", false), "accepted");
  EXPECT_EQ(refusal("hidden_act", "gelu"), "config.json: hidden_act: \"gelu\", known: silu");
  EXPECT_EQ(refusal("hidden_act", "silu"), "accepted");
  EXPECT_EQ(refusal("rope_interleave", false),
            "config.json: rope_interleave: false; only interleaved pairs are supported");
  EXPECT_EQ(refusal("rope_interleave", true), "accepted");
  EXPECT_EQ(refusal("scoring_func", "tanh"), "config.json: scoring_func: \"tanh\", known: sigmoid, softmax");
  EXPECT_EQ(refusal("scoring_func", "softmax"), "accepted");
  EXPECT_EQ(refusal("qk_rope_head_dim", 7), "config.json: qk_rope_head_dim: 7 is odd");
  EXPECT_EQ(refusal("moe_layer_freq", 2), "config.json: moe_layer_freq: only 1 is supported");
  EXPECT_EQ(refusal("partial_rotary_factor", 1.0), "accepted");
  EXPECT_NE(refusal("partial_rotary_factor", 0.5).find("partial_rotary_factor: 0.5; only heads"), std::string::npos);
}

}  // namespace
}  // namespace r1
