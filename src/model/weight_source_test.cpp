// The tensors of a published checkpoint and the weights that are made of them, in both directions.
#include <gtest/gtest.h>

#include <cmath>

#include "core/file.hpp"
#include "core/hash.hpp"
#include "core/test_folder.hpp"
#include "formats/json.hpp"
#include "formats/safetensors.hpp"
#include "model/model.hpp"
#include "model/random_weights.hpp"
#include "model/shapes.hpp"
#include "model/test_logits.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

fs::path golden() { return fs::path(R1_SOURCE_DIR) / "tests/golden/v3"; }

i64 elements(const CheckpointTensor& t) {
  i64 n = 1;
  for (const i64 side : t.shape) n *= side;
  return n;
}

std::vector<float> values(const CheckpointTensor& t) {
  std::vector<float> v(elements(t));
  t.read(v.data());
  return v;
}

class WeightSources : public testing::TestWithParam<DType> {
 protected:
  // A folder with the golden model in f32 or bf16.
  void SetUp() override {
    const auto model = open_model(golden());
    ASSERT_TRUE(model) << model.error().what;
    ASSERT_TRUE(save_model(**model, folder.path(), GetParam()));
  }
  std::unique_ptr<Model> open(Weights kind) const {
    auto m = open_model(folder.path(), kind);
    EXPECT_TRUE(m) << (m ? "" : m.error().what);
    return std::move(*m);
  }
  TestFolder folder;
};

TEST_P(WeightSources, ACheckpointTensorReadsAsItsFileSays) {
  const Safetensors file = Safetensors::open(folder.path()).value();
  for (const Weights kind : {Weights::frozen, Weights::trainable}) {
    const auto model = open(kind);
    EXPECT_EQ(model->checkpoint().size(), file.tensors().size());
    for (const CheckpointTensor& t : model->checkpoint()) {
      const StoredTensor& stored = file.tensors().at(t.name);
      ASSERT_EQ(t.shape, stored.shape) << t.name;
      std::vector<float> want(stored.elements());
      to_f32(stored, want.data());
      ASSERT_EQ(values(t), want) << t.name;
    }
  }
}

TEST_P(WeightSources, FrozenAndTrainableWeightsOfAFileGiveTheSameLogits) {
  EXPECT_EQ(logits_of(*open(Weights::frozen)), logits_of(*open(Weights::trainable)));
}

// The elements are written into a model with other weights, which must then be the same model.
TEST_P(WeightSources, WhatIsWrittenIsRead) {
  const auto from = open(Weights::trainable);
  const auto to = create_model(from->config_json(DType::f32), "config.json", 7, Weights::trainable);
  ASSERT_TRUE(to) << to.error().what;
  const std::vector<float> want = logits_of(*from);
  EXPECT_NE(logits_of(**to), want);
  ASSERT_EQ((*to)->checkpoint().size(), from->checkpoint().size());
  for (size_t i = 0; i < from->checkpoint().size(); ++i) {
    const CheckpointTensor &a = from->checkpoint()[i], &b = (*to)->checkpoint()[i];
    ASSERT_EQ(a.name, b.name);
    const std::vector<float> v = values(a);
    b.write(v.data());
    ASSERT_EQ(values(b), v) << a.name;
  }
  EXPECT_EQ(logits_of(**to), want);
}

TEST_P(WeightSources, RandomWeightsHaveTheRangeOfTheConfiguration) {
  const auto of = open(Weights::frozen);
  const auto a = create_model(of->config_json(DType::f32), "config.json", 7, Weights::frozen).value();
  const auto b = create_model(of->config_json(DType::f32), "config.json", 7, Weights::frozen).value();
  const auto c = create_model(of->config_json(DType::f32), "config.json", 8, Weights::frozen).value();
  for (size_t i = 0; i < a->checkpoint().size(); ++i) {
    const CheckpointTensor& t = a->checkpoint()[i];
    const std::vector<float> v = values(t);
    ASSERT_EQ(v, values(b->checkpoint()[i])) << t.name;
    if (t.shape.size() == 1) {
      const float start = t.name.ends_with("norm.weight") ? 1.0f : 0.0f;
      ASSERT_EQ(v, std::vector<float>(v.size(), start)) << t.name;
      continue;
    }
    ASSERT_NE(v, values(c->checkpoint()[i])) << t.name;
    double squares = 0;
    for (const float x : v) squares += x * x;
    // initializer_range is 0.02. The deviation of n numbers is within 6 / √(2n) of it, except once in 5e8.
    const double n = static_cast<double>(v.size());
    EXPECT_NEAR(std::sqrt(squares / n), 0.02, 0.02 * 6 / std::sqrt(2 * n)) << t.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, WeightSources, testing::Values(DType::f32, DType::bf16),
                         [](const auto& of) { return std::string(name_of(of.param)); });

// ---- models of published shapes with random weights

DType f32_for_all(std::string_view, const std::vector<i64>&, const GgufDims&) { return DType::f32; }

TEST(Shapes, AShorterModelKeepsItsDenseLayers) {
  const auto model = random_model("nano", {.layers = 2}, f32_for_all);
  ASSERT_TRUE(model) << model.error().what;
  const Json config = parse_json((*model)->config_json(DType::f32), "config").value();
  EXPECT_EQ(*config.find("num_hidden_layers")->integer(), 2);
  EXPECT_EQ(*config.find("first_k_dense_replace")->integer(), 1);
}

TEST(Shapes, AnUnknownNameIsRefusedAndTheKnownOnesAreListed) {
  const auto model = random_model("giant", {}, f32_for_all);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Errc::usage);
  for (const std::string& part : shape_names())
    EXPECT_NE(model.error().what.find(part), std::string::npos) << model.error().what;
}

TEST(Shapes, RandomWeightsSpreadAsPublishedModelsAreInitialized) {
  const auto model = random_model("nano", {.layers = 1}, f32_for_all);
  ASSERT_TRUE(model) << model.error().what;
  const CheckpointTensor& embedding = (*model)->checkpoint().front();
  ASSERT_EQ(embedding.shape, (std::vector<i64>{512, 128})) << embedding.name;
  std::vector<float> values(512 * 128);
  embedding.read(values.data());
  double squares = 0;
  for (const float x : values) squares += x * x;
  // The values are uniform, of deviation 3.46/sqrt(12) * 0.02 = 0.99882 * 0.02. The fourth moment of a uniform number
  // is 1.8 times its squared variance, so the measured deviation of n numbers has a relative error of sqrt(0.8 / n) /
  // 2, which is 0.0018 here. Six of these and the 0.0012 of the constant are 0.012.
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(values.size())), 0.02, 0.02 * 0.012);
}

// ---- layers of a shape

// The configuration of a shape that is refused before memory is allocated, or the error before that.
std::string config_of(std::string_view shape, const ShapeOptions& options) {
  std::string config;
  const auto model = random_model(shape, options, f32_for_all, [&](const Model& outline) -> Status {
    const Json json = parse_json(outline.config_json(DType::f32), "config").value();
    const Json* const dense = json.find("first_k_dense_replace");
    config =
        fmt::format("{} layers, {} dense", *json.find("num_hidden_layers")->integer(), dense ? *dense->integer() : -1);
    return fail(Errc::exhausted, "too large");
  });
  EXPECT_FALSE(model) << "the model is refused";
  return model.error().what == "too large" ? config : model.error().what;
}

TEST(Shapes, LayersAreTakenFromTheFirstOnAndRefusedBeyondThoseOfTheShape) {
  EXPECT_EQ(config_of("deepseek-r1", {}), "61 layers, 3 dense");
  EXPECT_EQ(config_of("deepseek-r1", {.layers = 61}), "61 layers, 3 dense");
  EXPECT_EQ(config_of("deepseek-r1", {.layers = 2}), "2 layers, 2 dense");
  EXPECT_EQ(config_of("deepseek-r1", {.layers = 1}), "1 layers, 1 dense");
  EXPECT_EQ(config_of("deepseek-r1", {.layers = 62}), "--layers 62: deepseek-r1 has 1..61");
  EXPECT_EQ(config_of("deepseek-r1", {.layers = -1}), "--layers -1: deepseek-r1 has 1..61");
}

TEST(Shapes, DenseLayersMayBeAllOrNoneOfTheLayersOfAModelWithExperts) {
  EXPECT_EQ(config_of("nano", {.layers = 4, .dense_layers = 4}), "4 layers, 4 dense");
  EXPECT_EQ(config_of("nano", {.layers = 4, .dense_layers = 0}), "4 layers, 0 dense");
  EXPECT_EQ(config_of("nano", {.dense_layers = 5}), "5 layers, 5 dense");
  EXPECT_EQ(config_of("nano", {.layers = 4, .dense_layers = 5}), "--dense-layers 5: the model has 4 layers");
  const char* const qwen = "deepseek-r1-distill-qwen-7b";
  EXPECT_EQ(config_of(qwen, {.layers = 3}), "3 layers, -1 dense");
  EXPECT_EQ(config_of(qwen, {.dense_layers = 0}), "--dense-layers: deepseek-r1-distill-qwen-7b has no experts");
}

// ---- random weights of stored types

// Measurements on two machines are of the same model only if its bits are the same. A change here changes them.
TEST(Shapes, RandomWeightsOfAStoredTypeAreTheSameOnEveryMachine) {
  const auto bits = [](DType type) {
    const auto source = random_weights([=](auto, const auto&, const auto&) { return type; }, {});
    const Weight w = source->matrix("model.layers.0.mlp.gate_proj.weight", 130, 256);
    EXPECT_EQ(w.dtype(), type);
    u64 hash = fnv1a(std::span(w.bytes(), static_cast<size_t>(130 * row_bytes(type, 256))), kFnv1aStart);
    if (type == DType::f8_e4m3) hash = fnv1a(std::span(w.scales(), 2 * 2 * 4), hash);
    EXPECT_TRUE(source->finish());
    return hash;
  };
  EXPECT_EQ(bits(DType::bf16), 17191644434704710521u);
  EXPECT_EQ(bits(DType::q8_0), 12889363076927380539u);
  EXPECT_EQ(bits(DType::f8_e4m3), 5176410447219747707u);
}

TEST(Shapes, RandomWeightsRepeatAfterFourMebiElements) {
  const auto type_of = [](auto, const std::vector<i64>&, const auto&) { return DType::bf16; };
  for (const bool f32 : {false, true}) {
    const auto source = f32 ? random_weights(f32_for_all, {}) : random_weights(type_of, {});
    const Weight w = source->matrix("m", 4097, 1024);
    const i64 bytes = row_bytes(w.dtype(), 1024);
    EXPECT_EQ(w.dtype(), f32 ? DType::f32 : DType::bf16);
    EXPECT_EQ(0, std::memcmp(w.row(4096), w.row(0), bytes));
    for (const i64 row : {1, 1024, 2048, 4095}) EXPECT_NE(0, std::memcmp(w.row(row), w.row(0), bytes)) << row;
  }
}

TEST(Shapes, VectorsAndTheMatrixThatMlaAbsorbsAreF32AndAnOutlineHasNoBytes) {
  const auto q8_0 = [](auto, const auto&, const auto&) { return DType::q8_0; };
  const auto source = random_weights(q8_0, {}), outline = random_weights_outline(q8_0, {});
  for (WeightSource* s : {source.get(), outline.get()}) {
    const bool bytes = s == source.get();
    const Weight norm = s->norm("a.norm", 32), offset = s->offset("a.bias", 32), matrix = s->matrix("a", 32, 64);
    const auto [k, v] = s->by_head("model.layers.0.self_attn.kv_b_proj.weight", 2, 16, 16, 32);
    EXPECT_EQ(norm.dtype(), DType::f32);
    EXPECT_EQ(matrix.dtype(), DType::q8_0);
    EXPECT_EQ(k.dtype(), DType::f32);
    EXPECT_EQ(v.dtype(), DType::f32);
    for (const Weight& w : {norm, offset, matrix, k, v}) EXPECT_EQ(w.bytes() != nullptr, bytes) << w.name();
    EXPECT_EQ(matrix.shape(), "[32,64]");
    EXPECT_EQ(k.shape(), "[32,32]");
    EXPECT_TRUE(s->finish());
    if (!bytes) continue;
    EXPECT_EQ(std::vector<float>(norm.f32(), norm.f32() + 32), std::vector<float>(32, 1));
    EXPECT_EQ(std::vector<float>(offset.f32(), offset.f32() + 32), std::vector<float>(32));
  }
}

TEST(WeightSource, OnlyTheBiasOfARouterHasNoGradientAndStaysF32WhateverIsSaved) {
  const auto source = random_source(3, 0.02, Weights::trainable);
  EXPECT_TRUE(source->norm("norm", 4).trainable());
  EXPECT_TRUE(source->offset("offset", 4).trainable());
  EXPECT_TRUE(source->matrix("matrix", 4, 4).trainable());
  EXPECT_FALSE(source->bias("bias", 4).trainable());
  std::vector<bool> exact;
  for (const CheckpointTensor& t : source->checkpoint) exact.push_back(t.exact);
  EXPECT_EQ(exact, (std::vector<bool>{false, false, false, true}));
  const auto frozen = random_source(3, 0.02, Weights::frozen);
  EXPECT_FALSE(frozen->norm("norm", 4).trainable());
  EXPECT_FALSE(frozen->matrix("matrix", 4, 4).trainable());
}

}  // namespace
}  // namespace r1
