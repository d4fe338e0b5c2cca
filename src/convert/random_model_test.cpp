// Models of known shapes with random weights: their tensors have the types of the mix, and they compute.
#include "convert/random_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "kernels/cpu/kernels.hpp"

namespace r1 {
namespace {

Mix mix_of(std::string_view name) {
  auto mix = find_mix(name);
  EXPECT_TRUE(mix) << name;
  return mix.value_or(Mix{});
}

std::map<std::string, DType> types_of(const Model& model) {
  std::map<std::string, DType> types;
  for (const Weight& w : model.weights()) types[w.name()] = w.dtype();
  return types;
}

Tensor logits(const Model& model, Arena& arena, ThreadPool& pool) {
  Batch batch;
  batch.add_sequence(std::vector<i32>{1, 2, 3});
  batch.want = {2};
  Pass p{.batch = batch, .arena = arena, .pool = pool, .kernels = cpu::active()};
  return model.forward(p).logits;
}

TEST(RandomModel, EveryTypeMakesAModelWithFiniteLogits) {
  Arena arena;
  ThreadPool pool(1);
  for (int t = 0; t < kDTypes; ++t) {
    const auto type = static_cast<DType>(t);
    const auto model = random_model("nano", {}, {name_of(type), Mix::Rules::uniform, type});
    ASSERT_TRUE(model) << name_of(type);
    const Tensor z = logits(**model, arena, pool);
    ASSERT_EQ(z.size(), 512);
    for (i64 i = 0; i < z.size(); ++i) ASSERT_TRUE(std::isfinite(z.data()[i])) << name_of(type) << " logit " << i;
  }
}

TEST(RandomModel, AMixGivesTheTypesThatAFileWouldHave) {
  const auto model = random_model("deepseek-r1-distill-qwen-1.5b", {.layers = 1}, mix_of("q4_k_m"));
  ASSERT_TRUE(model) << model.error().what;
  const auto types = types_of(**model);
  EXPECT_EQ(types.at("model.embed_tokens.weight"), DType::q4_k);
  EXPECT_EQ(types.at("lm_head.weight"), DType::q6_k);
  EXPECT_EQ(types.at("model.layers.0.self_attn.q_proj.weight"), DType::q4_k);
  EXPECT_EQ(types.at("model.layers.0.mlp.down_proj.weight"), DType::q6_k);
  EXPECT_EQ(types.at("model.layers.0.self_attn.q_proj.bias"), DType::f32);
}

// hub/family.cpp names the size of this model's file. Its norms are f32; of its 36 layers 18 have v_proj and down_proj
// in q6_k, as has the head.
TEST(RandomModel, TheWeightsOfR1_0528Qwen3TakeFiveGigabytesInQ4KM) {
  i64 bytes = 0;
  const auto model = random_model("deepseek-r1-0528-qwen3-8b", {}, mix_of("q4_k_m"), [&](const Model& outline) {
    for (const Weight& w : outline.weights()) bytes += w.rows() * row_bytes(w.dtype(), w.cols());
    return fail(Errc::usage, "the outline is enough");
  });
  EXPECT_FALSE(model);
  EXPECT_EQ(bytes, 5'021'827'072);
}

TEST(RandomModel, LayersAreCutFromTheFrontAndDenseOnesComeFirst) {
  const auto model = random_model("nano", {.layers = 2, .dense_layers = 1}, mix_of("q8_0"));
  ASSERT_TRUE(model) << model.error().what;
  EXPECT_EQ((*model)->info().layers, 2);
  const auto types = types_of(**model);
  EXPECT_EQ(types.at("model.layers.0.mlp.down_proj.weight"), DType::q8_0);
  EXPECT_EQ(types.at("model.layers.1.mlp.experts.15.down_proj.weight"), DType::q8_0);
  EXPECT_EQ(types.at("model.layers.1.mlp.gate.weight"), DType::f32);
}

TEST(RandomModel, LayersThatAShapeDoesNotHaveAreRefusedWithTheNumbers) {
  const auto error = [](std::string_view shape, ShapeOptions options) {
    const auto model = random_model(shape, options, mix_of("q8_0"));
    return model ? std::string("no error") : model.error().what;
  };
  EXPECT_EQ(error("nano", {.layers = 9}), "--layers 9: nano has 1..5");
  EXPECT_EQ(error("nano", {.layers = 2, .dense_layers = 3}), "--dense-layers 3: the model has 2 layers");
  EXPECT_NE(error("gpt-5", {}).find("deepseek-r1-distill-llama-70b"), std::string::npos);
}

}  // namespace
}  // namespace r1
