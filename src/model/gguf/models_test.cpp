// Models from GGUF files of every form that programs write: they have the configuration and the tensors of the
// published model that the file was made of, and files that contradict themselves are refused.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/file.hpp"
#include "core/test_folder.hpp"
#include "model/gguf/config.hpp"
#include "model/gguf/test_golden_gguf.hpp"
#include "model/model.hpp"
#include "model/test_logits.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

class GgufModels : public testing::Test {
 protected:
  // Opens the published folder of a golden model into `published`, and makes the GGUF of it.
  GoldenGguf make(const std::string& name) {
    const fs::path golden = fs::path(R1_SOURCE_DIR) / "tests/golden" / name;
    fs::remove_all(folder.path() / "published");
    fs::create_directory(folder.path() / "published");
    fs::copy_file(golden / "model.safetensors", folder.path() / "published/model.safetensors");
    Json config = read_json(golden / "config.json").value();
    // A GGUF has one number for mscale and mscale_all_dim.
    if (const Json* scaling = config.find("rope_scaling"); scaling && scaling->find("mscale"))
      config.set("rope_scaling", Json(*scaling).set("mscale", *scaling->find("mscale_all_dim")));
    EXPECT_TRUE(write_file(folder.path() / "published/config.json", dump(config)));
    published = open(folder.path() / "published");
    return GoldenGguf(config, golden);
  }
  Result<std::unique_ptr<Model>> open_gguf(const GoldenGguf& g) const {
    EXPECT_TRUE(write_file(folder.path() / "m.gguf", g.bytes()));
    return open_model(folder.path() / "m.gguf");
  }
  static std::unique_ptr<Model> open(const fs::path& path) {
    auto m = open_model(path);
    EXPECT_TRUE(m) << (m ? "" : m.error().what);
    return m ? std::move(*m) : nullptr;
  }
  // Expects the configuration, the tensors and the logits of the published model.
  void expect_published(const GoldenGguf& g) {
    const auto m = open_gguf(g);
    ASSERT_TRUE(m) << m.error().what;
    EXPECT_EQ((*m)->config_json(DType::f32), published->config_json(DType::f32));
    ASSERT_EQ((*m)->checkpoint().size(), published->checkpoint().size());
    for (size_t i = 0; i < published->checkpoint().size(); ++i) {
      const CheckpointTensor &a = published->checkpoint()[i], &b = (*m)->checkpoint()[i];
      ASSERT_EQ(a.name, b.name);
      ASSERT_EQ(a.shape, b.shape) << a.name;
      i64 n = 1;
      for (const i64 side : a.shape) n *= side;
      std::vector<float> x(n), y(n);
      a.read(x.data()), b.read(y.data());
      ASSERT_EQ(x, y) << a.name;
    }
    EXPECT_EQ(logits_of(**m), logits_of(*published));
  }
  std::string refusal(const GoldenGguf& g) const {
    const auto m = open_gguf(g);
    return m ? "" : m.error().what;
  }
  TestFolder folder;
  std::unique_ptr<Model> published;
};

class EveryGguf : public GgufModels, public testing::WithParamInterface<const char*> {};

TEST_P(EveryGguf, IsThePublishedModel) { expect_published(make(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Golden, EveryGguf,
                         testing::Values("v3", "v2", "v2_lite", "qwen2", "qwen2_tied", "qwen3", "qwen3_yarn",
                                         "qwen3_tied", "llama", "llama_bias"),
                         [](const auto& of) { return std::string(of.param); });

// The form from before April 2025: attn_kv_b in place of its halves, one key and one value per head.
TEST_F(GgufModels, EveryFormOfMlaIsThePublishedModel) {
  GoldenGguf g = make("v3");
  const Safetensors file = Safetensors::open(folder.path() / "published").value();
  for (int l = 0; l < 4; ++l) {
    const StoredTensor& kv_b = file.tensors().at(fmt::format("model.layers.{}.self_attn.kv_b_proj.weight", l));
    auto& whole = g.tensors[fmt::format("blk.{}.attn_kv_b.weight", l)];
    whole = {kv_b.shape, std::vector<float>(kv_b.elements())};
    to_f32(kv_b, whole.values.data());
    g.tensors.at(fmt::format("blk.{}.attn_k_b.weight", l)).shape = {4 * 20, 10};  // ik_llama.cpp's two axes
    g.tensors.at(fmt::format("blk.{}.attn_v_b.weight", l)).shape = {4 * 14, 20};
  }
  const GoldenGguf both = g;
  for (const char* half : {"k_b", "v_b"})
    for (int l = 0; l < 4; ++l) g.take(fmt::format("blk.{}.attn_{}.weight", l, half));
  GoldenGguf halves = make("v3");
  for (int l = 0; l < 4; ++l) {
    halves.tensors.at(fmt::format("blk.{}.attn_k_b.weight", l)).shape = {4 * 20, 10};
    halves.tensors.at(fmt::format("blk.{}.attn_v_b.weight", l)).shape = {4 * 14, 20};
  }
  expect_published(both);
  expect_published(halves);
  g.set("attention.head_count_kv", 4);
  g.set("attention.key_length", 22);
  g.set("attention.value_length", 14);
  g.set("attention.key_length_mla", TestGguf());
  g.set("attention.value_length_mla", TestGguf());
  expect_published(g);
}

TEST_F(GgufModels, FusedAndPerExpertFilesAreThePublishedModel) {
  const GoldenGguf g = make("v3");
  GoldenGguf fused = g, single = g;
  for (int l = 1; l < 4; ++l) {
    const std::string blk = fmt::format("blk.{}.ffn_", l);
    const auto gate = fused.take(blk + "gate_exps.weight"), up = fused.take(blk + "up_exps.weight");
    auto& both = fused.tensors[blk + "gate_up_exps.weight"];
    both.shape = {8, 24, 44};
    for (i64 e = 0; e < 8; ++e)
      for (const auto* half : {&gate, &up})
        both.values.insert(both.values.end(), half->values.begin() + e * 12 * 44,
                           half->values.begin() + (e + 1) * 12 * 44);
    for (const char* which : {"gate", "up", "down"}) {
      const auto stack = single.take(fmt::format("{}{}_exps.weight", blk, which));
      const i64 n = stack.shape[1] * stack.shape[2];
      for (i64 e = 0; e < 8; ++e)
        single.tensors[fmt::format("{}{}.{}.weight", blk, which, e)] = {
            {stack.shape[1], stack.shape[2]}, {stack.values.begin() + e * n, stack.values.begin() + (e + 1) * n}};
    }
  }
  expect_published(fused);
  expect_published(single);
  auto& odd = fused.tensors.at("blk.1.ffn_gate_up_exps.weight");
  odd = {{8, 23, 44}, std::vector<float>(8 * 23 * 44)};
  EXPECT_NE(refusal(fused).find("blk.1.ffn_gate_up_exps.weight: shape [8,23,44]"), std::string::npos) << refusal(fused);
}

TEST_F(GgufModels, AFusedQkvIsThePublishedModel) {
  for (const char* name : {"llama", "llama_bias", "qwen2"}) {
    GoldenGguf g = make(name);
    const bool bias = g.tensors.contains("blk.0.attn_q.bias");
    EXPECT_EQ(bias, name != std::string("llama"));
    for (int l = 0; g.tensors.contains(fmt::format("blk.{}.attn_q.weight", l)); ++l)
      for (const char* part : {"weight", "bias"}) {
        if (part == std::string("bias") && !bias) continue;
        const std::string attn = fmt::format("blk.{}.attn_", l);
        auto fused = g.take(attn + "q." + part);
        for (const char* other : {"k.", "v."}) {
          const auto t = g.take(attn + other + part);
          fused.shape[0] += t.shape[0];
          fused.values.insert(fused.values.end(), t.values.begin(), t.values.end());
        }
        g.tensors[attn + "qkv." + part] = fused;
      }
    expect_published(g);
    auto& short_by_one = g.tensors.at("blk.0.attn_qkv.weight");
    --short_by_one.shape[0];
    short_by_one.values.resize(short_by_one.shape[0] * short_by_one.shape[1]);
    EXPECT_NE(refusal(g).find("blk.0.attn_qkv.weight: shape"), std::string::npos) << refusal(g);
  }
}

// llama.cpp takes the model's last norm if the MTP module has none of its own.
TEST_F(GgufModels, AnMtpModuleWithoutANormSharesTheModels) {
  GoldenGguf g = make("v3");
  g.take("blk.3.nextn.shared_head_norm.weight");
  const auto m = open_gguf(g);
  ASSERT_TRUE(m) << m.error().what;
  EXPECT_EQ((*m)->info().mtp_layers, 1);
  const auto element = [&](const char* name) {
    for (const CheckpointTensor& t : (*m)->checkpoint())
      if (t.name == name) {
        std::vector<float> v(44);
        t.read(v.data());
        return v;
      }
    return std::vector<float>();
  };
  EXPECT_EQ(element("model.layers.3.shared_head.norm.weight"), element("model.norm.weight"));
  EXPECT_EQ(element("model.norm.weight").size(), 44u);
}

TEST_F(GgufModels, MissingKeysHaveLlamaCppsDefaults) {
  GoldenGguf g = make("v2_lite");  // one group, softmax, no normalisation, scale 1
  for (const char* name : {"expert_group_count", "expert_group_used_count", "expert_gating_func", "expert_weights_norm",
                           "expert_weights_scale", "rope.freq_base", "rope.scaling.yarn_beta_slow"})
    g.set(name, TestGguf());
  g.set("rope.scaling.yarn_beta_fast", TestGguf());
  expect_published(g);
  for (const char* name :
       {"rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_ext_factor"}) {
    GoldenGguf usual = g, other = g;
    usual.set_real(name, 1);
    expect_published(usual);
    other.set_real(name, 1.5f);
    EXPECT_NE(refusal(other).find(fmt::format("{}: 1.5, known: 1", g.key(name))), std::string::npos) << refusal(other);
  }
  GoldenGguf zero = g;
  zero.set_real("expert_weights_scale", 0);
  expect_published(zero);
}

// As in llama.cpp, attn_factor multiplies the factor that YaRN gives cos and sin, and yarn_attn_factor does nothing.
TEST_F(GgufModels, AnAttnFactorOfADenseModelIsPartOfItsAttentionFactor) {
  const GoldenGguf good = make("qwen3_yarn");
  GoldenGguf unused = good, halved = good;
  unused.set_real("rope.scaling.yarn_attn_factor", 0.875f);
  expect_published(unused);
  const auto notes = gguf_notes(Gguf::open(folder.path() / "m.gguf").value());
  EXPECT_EQ(
      std::count(notes.begin(), notes.end(), "qwen3.rope.scaling.yarn_attn_factor 0.875 is not used, as in llama.cpp"),
      1);
  halved.set_real("rope.scaling.attn_factor", 0.5f);
  const auto m = open_gguf(halved);
  ASSERT_TRUE(m) << m.error().what;
  const Json config = parse_json((*m)->config_json(DType::f32), "config").value();
  // YaRN's own factor for a context four times as long is 1 + 0.1 ln 4. A GGUF's numbers are f32.
  EXPECT_FLOAT_EQ(static_cast<float>(*config.find("rope_scaling")->find("attention_factor")->number()),
                  static_cast<float>(0.5 * (1 + 0.1 * std::log(4))));
  GoldenGguf extended = good;
  extended.set_real("rope.scaling.yarn_ext_factor", 0.5f);
  EXPECT_NE(refusal(extended).find("qwen3.rope.scaling.yarn_ext_factor: 0.5, known: 1"), std::string::npos)
      << refusal(extended);
}

TEST_F(GgufModels, AFileWithoutACountHasNoExperts) {
  GoldenGguf g = make("v3");
  g.set("expert_count", TestGguf());
  EXPECT_NE(refusal(g).find("ffn_down_exps.weight: shape [8,44,12], the metadata asks for 0 matrices"),
            std::string::npos)
      << refusal(g);
}

TEST_F(GgufModels, NonsenseInAnyKeyIsRefusedByName) {
  const GoldenGguf good = make("v3");
  for (const char* name : {"attention.head_count_kv", "attention.key_length", "attention.value_length",
                           "expert_weights_scale", "attention.layer_norm_rms_epsilon", "rope.freq_base"}) {
    const std::string key = good.key(name);
    for (const TestGguf& value :
         {TestGguf().text(key, "1"), TestGguf().array(key, kU32, 0, ""), TestGguf().real(key, -1)}) {
      GoldenGguf g = good;
      g.set(name, value);
      EXPECT_NE(refusal(g).find(key), std::string::npos) << key << ": " << refusal(g);
    }
  }
}

TEST_F(GgufModels, TheEmbeddingIsTheHeadOfAFileWithoutOne) {
  GoldenGguf g = make("qwen2");
  g.take("output.weight");
  const auto m = open_gguf(g);
  ASSERT_TRUE(m) << m.error().what;
  EXPECT_EQ((*m)->head().name(), "model.embed_tokens.weight");
}

TEST_F(GgufModels, RopeFrequenciesOfAnotherShapeOrBesideAScalingAreRefused) {
  GoldenGguf g = make("llama");
  g.tensors.at("rope_freqs.weight").shape = {1, 7};
  EXPECT_NE(refusal(g).find("rope_freqs.weight: shape [1,7], the metadata asks for [7]"), std::string::npos)
      << refusal(g);
  GoldenGguf twice = make("llama");
  twice.metadata.text("llama.rope.scaling.type", "linear").real("llama.rope.scaling.factor", 2);
  EXPECT_NE(refusal(twice).find("llama.rope.scaling.type: given beside rope_freqs.weight"), std::string::npos)
      << refusal(twice);
}

// ---- files that contradict themselves

TEST_F(GgufModels, ErrorsNameTheTensorAndBothShapes) {
  const GoldenGguf good = make("v3");
  const struct {
    const char* what;
    std::function<void(GoldenGguf&)> spoil;
    std::vector<const char*> says;
  } cases[] = {
      {"a stack of seven",
       [](GoldenGguf& g) {
         auto& t = g.tensors.at("blk.1.ffn_up_exps.weight");
         t.shape[0] = 7, t.values.resize(7 * 12 * 44);
       },
       {"blk.1.ffn_up_exps.weight", "[7,12,44]", "8 matrices"}},
      {"a stack of two axes",
       [](GoldenGguf& g) {
         g.tensors.at("blk.1.ffn_up_exps.weight").shape = {8 * 12, 44};
       },
       {"blk.1.ffn_up_exps.weight", "[96,44]", "8 matrices"}},
      {"a stack that is missing",
       [](GoldenGguf& g) { g.take("blk.1.ffn_down_exps.weight"); },
       {"model.layers.1.mlp.experts.0.down_proj", "missing"}},
      {"halves of other heads",
       [](GoldenGguf& g) {
         g.tensors.at("blk.0.attn_k_b.weight").shape = {2, 20, 20};
       },
       {"attn_k_b", "[2,20,20]", "[4,20,10]"}},
      {"values of other heads",
       [](GoldenGguf& g) {
         g.tensors.at("blk.0.attn_v_b.weight").shape = {2, 28, 20};
       },
       {"attn_v_b", "[2,28,20]", "[4,14,20]"}},
      {"only keys", [](GoldenGguf& g) { g.take("blk.0.attn_v_b.weight"); }, {"attn_k_b", "other half", "attn_v_b"}},
      {"only values", [](GoldenGguf& g) { g.take("blk.0.attn_k_b.weight"); }, {"attn_v_b", "other half", "attn_k_b"}},
      {"a scale",
       [](GoldenGguf& g) { g.tensors["blk.0.attn_q_a.scale"] = g.tensors.at("output_norm.weight"); },
       {"blk.0.attn_q_a.scale", "scales another"}},
      {"a scale of inputs",
       [](GoldenGguf& g) { g.tensors["blk.0.attn_q_a.input_scale"] = g.tensors.at("output_norm.weight"); },
       {"blk.0.attn_q_a.input_scale", "scales another"}},
      {"a tensor that nobody knows",
       [](GoldenGguf& g) { g.tensors["blk.0.attn_sinks.weight"] = g.tensors.at("output_norm.weight"); },
       {"blk.0.attn_sinks.weight", "no place"}},
      {"an embedding of one axis",
       [](GoldenGguf& g) { g.tensors.at("token_embd.weight").shape = {131 * 44}; },
       {"token_embd.weight: shape [5764], expected a matrix"}},
      {"more MTP layers than layers", [](GoldenGguf& g) { g.set("nextn_predict_layers", 4); }, {"4 blocks of which 4"}},
      {"an unknown gating", [](GoldenGguf& g) { g.set("expert_gating_func", 3); }, {"expert_gating_func: 3"}},
      {"too many experts", [](GoldenGguf& g) { g.set("expert_count", 1025); }, {"1025 experts in 4 blocks"}},
      {"a negative scale", [](GoldenGguf& g) { g.set_real("expert_weights_scale", -1); }, {"-1, must be above 0"}},
      {"groups without a bias",
       [](GoldenGguf& g) {
         for (int l = 1; l < 4; ++l) g.take(fmt::format("blk.{}.exp_probs_b.bias", l));
       },
       {"4 groups with sigmoid scores and no exp_probs_b"}},
      {"scaled by temperature",
       [](GoldenGguf& g) { g.set_real("attention.temperature_scale", 0.1f); },
       {"attention.temperature_scale", "not supported"}},
      {"keys no longer than rope",
       [](GoldenGguf& g) { g.set("attention.key_length_mla", 12); },
       {"key_length_mla is 12", "dimension_count is 12"}},
      {"linear scaling, which latent attention has not",
       [](GoldenGguf& g) { g.set("rope.scaling.type", TestGguf().text("deepseek2.rope.scaling.type", "linear")); },
       {"rope.scaling.type", "\"linear\" is not supported"}},
      {"a theta of 1", [](GoldenGguf& g) { g.set_real("rope.freq_base", 1); }, {"rope.freq_base: 1, must be above 1"}},
  };
  for (const auto& c : cases) {
    GoldenGguf g = good;
    c.spoil(g);
    const std::string error = refusal(g);
    EXPECT_NE(error, "") << c.what << " was accepted";
    for (const char* part : c.says) EXPECT_NE(error.find(part), std::string::npos) << c.what << ": " << error;
    EXPECT_NE(error.find("m.gguf"), std::string::npos) << c.what << ": " << error;
  }
}

// A tensor of integers has as many bytes as one of floats, so only its type can be the reason of the refusal.
TEST_F(GgufModels, EveryTensorOfAnUnsupportedTypeIsRefusedWithItsType) {
  constexpr u32 kGgmlI32 = 26;
  for (const char* name : {"v3", "qwen2_tied", "llama_bias"}) {
    const GoldenGguf good = make(name);
    for (const auto& [tensor, values] : good.tensors) {
      if (tensor == "rope_freqs.weight") continue;  // a table of the format, whose type is checked elsewhere
      GoldenGguf g = good;
      g.types[tensor] = kGgmlI32;
      EXPECT_NE(refusal(g).find("I32"), std::string::npos) << name << ", " << tensor << ": " << refusal(g);
    }
  }
  // The program cannot know whether such a head is equal to the embedding, so it does not share the embedding.
  GoldenGguf g = make("qwen2_tied");
  g.tensors["output.weight"] = g.tensors.at("token_embd.weight");
  g.types["output.weight"] = kGgmlI32;
  EXPECT_NE(refusal(g).find("I32"), std::string::npos) << refusal(g);
}

// A tensor may have its published name. If its type is unsupported, the message is not that it is missing.
TEST_F(GgufModels, ATensorOfAnUnsupportedTypeUnderItsPublishedNameIsRefusedWithItsType) {
  GoldenGguf g = make("qwen2");
  g.tensors["model.norm.weight"] = g.tensors.at("output_norm.weight");
  g.tensors.erase("output_norm.weight");
  expect_published(g);
  g.types["model.norm.weight"] = 26;  // I32
  EXPECT_NE(refusal(g).find("I32"), std::string::npos) << refusal(g);
}

TEST_F(GgufModels, ATensorThatNobodyKnowsIsIgnoredOnlyIfItsTypeCannotBeRead) {
  GoldenGguf g = make("v3");
  g.tensors["blk.0.attn_sinks.weight"] = g.tensors.at("output_norm.weight");
  EXPECT_NE(refusal(g).find("blk.0.attn_sinks.weight"), std::string::npos) << refusal(g);
  g.types["blk.0.attn_sinks.weight"] = 26;
  expect_published(g);
}

TEST_F(GgufModels, ARotatedMatrixHasWholeHeadsAndAtMostTwoAxes) {
  const GoldenGguf good = make("llama");
  for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight"}) {
    GoldenGguf deep = good, odd = good;
    auto& t = deep.tensors.at(name);
    const i64 rows = t.shape[0], cols = t.shape[1];
    t.shape = {rows, 2, cols / 2};
    EXPECT_NE(refusal(deep).find(fmt::format("{}: shape [{},2,{}]", name, rows, cols / 2)), std::string::npos)
        << refusal(deep);
    odd.tensors.at(name) = {{rows - 1, cols}, std::vector<float>((rows - 1) * cols)};
    EXPECT_NE(refusal(odd).find(fmt::format("{}: shape [{},{}]", name, rows - 1, cols)), std::string::npos)
        << refusal(odd);
  }
}

TEST_F(GgufModels, AKeyPerBlockMustBeTheSameInEveryBlock) {
  GoldenGguf g = make("v3");
  g.set("attention.head_count", TestGguf().numbers("deepseek2.attention.head_count", {4, 4, 4, 4}));
  expect_published(g);
  g.set("attention.head_count", TestGguf().numbers("deepseek2.attention.head_count", {4, 4, 4, 3}));
  EXPECT_NE(refusal(g).find("head_count: 4 in one block and 3 in another"), std::string::npos) << refusal(g);
}

}  // namespace
}  // namespace r1
