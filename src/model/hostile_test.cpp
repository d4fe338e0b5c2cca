// Model folders whose config.json and weights disagree, by malice or because other programs write them so.
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/safetensors.hpp"
#include "model/model.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "r1-hostile-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
    const fs::path golden = fs::path(R1_SOURCE_DIR) / "tests/golden/v3";
    config = read_json(golden / "config.json").value();
    fs::copy_file(golden / "model.safetensors", folder / "model.safetensors");
  }
  void TearDown() override { fs::remove_all(folder); }
  Result<std::unique_ptr<Model>> open(const Json& with, Weights kind = Weights::frozen) const {
    EXPECT_TRUE(write_file(folder / "config.json", dump(with)));
    return open_model(folder, kind);
  }
  // The checkpoint without its MTP layer, as transformers saves it.
  void drop_mtp() const {
    std::vector<SafetensorsItem> items;
    const Safetensors file = Safetensors::open(folder).value();
    for (const auto& [name, e] : file.tensors())
      if (!name.starts_with("model.layers.3."))
        items.push_back({name, e.dtype, e.shape, [&e = e](float* dst) { to_f32(e, dst); }});
    EXPECT_TRUE(write_safetensors(folder / "other", items, {}));
    fs::rename(folder / "other", folder / "model.safetensors");
  }
  fs::path folder;
  Json config;
};

TEST_F(Folder, SizesThatNoModelHasAreRefusedByFieldAndNumber) {
  for (const char* key : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "q_lora_rank",
                          "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "intermediate_size",
                          "moe_intermediate_size", "n_routed_experts"}) {
    const auto r = open(Json(config).set(key, i64{2'000'000'000}));
    ASSERT_FALSE(r) << key;
    for (const std::string& part : {std::string("config.json"), std::string(key), std::string("2000000000")})
      EXPECT_NE(r.error().what.find(part), std::string::npos) << r.error().what;
  }
}

TEST_F(Folder, TheLargestAllowedSizesAllocateNothingIfTheCheckpointHasOthers) {
  for (const Weights kind : {Weights::frozen, Weights::trainable})
    for (const auto& [key, n] : std::vector<std::pair<const char*, i64>>{{"vocab_size", 1 << 24},
                                                                         {"hidden_size", 1 << 20},
                                                                         {"num_hidden_layers", 1024},
                                                                         {"num_attention_heads", 1 << 14},
                                                                         {"kv_lora_rank", 1 << 20},
                                                                         {"qk_nope_head_dim", 1 << 14},
                                                                         {"intermediate_size", 1 << 20},
                                                                         {"n_routed_experts", 1 << 15}}) {
      const auto r = open(Json(config).set(key, n), kind);
      ASSERT_FALSE(r) << key;
      EXPECT_NE(r.error().what.find(folder.string()), std::string::npos) << r.error().what;
    }
}

TEST_F(Folder, AnMtpKeyWithoutItsTensorsMeansNoMtp) {
  drop_mtp();
  const auto r = open(config);
  ASSERT_TRUE(r) << r.error().what;
  EXPECT_EQ((*r)->info().mtp_layers, 0);
}

TEST_F(Folder, MtpTensorsWithoutTheKeyAreIgnoredButNoOtherLayers) {
  const auto without = open(Json(config).set("num_nextn_predict_layers", 0));
  ASSERT_TRUE(without) << without.error().what;
  EXPECT_EQ((*without)->info().mtp_layers, 0);
  const auto shorter = open(Json(config).set("num_hidden_layers", 2).set("num_nextn_predict_layers", 0));
  ASSERT_FALSE(shorter);
  EXPECT_NE(shorter.error().what.find("has no place"), std::string::npos) << shorter.error().what;
}

TEST_F(Folder, ALayerWithoutAnMtpModuleIsNotIgnored) {
  drop_mtp();
  const auto shorter = open(Json(config).set("num_hidden_layers", 2).set("num_nextn_predict_layers", 0));
  ASSERT_FALSE(shorter);
  EXPECT_NE(shorter.error().what.find("has no place"), std::string::npos) << shorter.error().what;
}

TEST_F(Folder, AHeadThatEqualsTheEmbeddingHasAPlaceInATiedModel) {
  std::vector<SafetensorsItem> items;
  const Safetensors file = Safetensors::open(folder).value();
  for (const auto& [name, e] : file.tensors()) {
    const StoredTensor& from = file.tensors().at(name == "lm_head.weight" ? "model.embed_tokens.weight" : name);
    items.push_back({name, from.dtype, from.shape, [&from](float* dst) { to_f32(from, dst); }});
  }
  ASSERT_TRUE(write_safetensors(folder / "other", items, {}));
  fs::rename(folder / "other", folder / "model.safetensors");
  const auto tied = open(Json(config).set("tie_word_embeddings", true));
  ASSERT_TRUE(tied) << tied.error().what;
  for (const CheckpointTensor& t : (*tied)->checkpoint()) EXPECT_NE(t.name, "lm_head.weight");
}

TEST_F(Folder, WeightsThatCannotBeWrittenAreAnError) {
  const auto model = open(config);
  ASSERT_TRUE(model) << model.error().what;
  const fs::path target = folder / "saved";
  fs::create_directories(target / "model.safetensors");  // a file cannot replace a folder
  EXPECT_FALSE(save_model(**model, target, DType::f32));
}

TEST_F(Folder, UnsupportedRotationsAreRefused) {
  EXPECT_FALSE(open(Json(config).set("rope_interleave", false)));
  EXPECT_FALSE(open(Json(config).set("rope_theta", 1.0)));
  const Json scaling = Json(*config.find("rope_scaling")).set("partial_rotary_factor", 0.5);
  for (const Json& with : {Json(config).set("partial_rotary_factor", 0.5), Json(config).set("rope_scaling", scaling)}) {
    const auto r = open(with);
    ASSERT_FALSE(r);
    EXPECT_NE(r.error().what.find("partial_rotary_factor: 0.5"), std::string::npos) << r.error().what;
  }
}

TEST_F(Folder, ATokenNeedsAtLeastOneExpert) {
  const auto r = open(Json(config).set("num_experts_per_tok", 0));
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().what.find("num_experts_per_tok"), std::string::npos) << r.error().what;
}

TEST_F(Folder, TheEpsilonOfAConfigurationWithoutOneIsTransformers) {
  Json::Object members = *config.object();
  std::erase_if(members, [](const Json::Member& m) { return m.first == "rms_norm_eps"; });
  const auto with = open(Json(config).set("rms_norm_eps", 1e-6)), without = open(Json(members));
  ASSERT_TRUE(with && without);
  EXPECT_EQ((*with)->config_json(DType::f32), (*without)->config_json(DType::f32));
}

TEST_F(Folder, AnAdmitThatRefusesEndsTheOpening) {
  const std::string text = dump(config);
  EXPECT_TRUE(write_file(folder / "config.json", text));
  i64 parameters = 0;
  const Admit refuse = [&](const Model& outline) -> Status {
    parameters = outline.info().parameters;
    return fail(Errc::exhausted, "too large");
  };
  const i64 want = (*open(config))->info().parameters;
  for (const Weights kind : {Weights::frozen, Weights::trainable}) {
    parameters = 0;
    const auto opened = open_model(folder, kind, refuse);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().what, "too large");
    EXPECT_EQ(parameters, want);
    parameters = 0;
    const auto created = create_model(text, "config.json", 1, kind, refuse);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().what, "too large");
    EXPECT_EQ(parameters, want);
  }
}

}  // namespace
}  // namespace r1
