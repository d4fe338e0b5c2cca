// config.json of DeepSeek models: what a missing key means, and which fields are refused by name.
#include <gtest/gtest.h>

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
}

}  // namespace
}  // namespace r1
