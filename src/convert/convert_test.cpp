// Folder → GGUF → folder gives the same tensors and the same model for every architecture. What the other format cannot
// express is refused.
#include "convert/convert.hpp"

#include <cmath>
#include <cstring>

#include "convert/test_files.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

struct Case {
  const char* golden;
  DType type;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.golden << ' ' << name_of(c.type); }

class RoundTrip : public FilesTest, public testing::WithParamInterface<Case> {
 protected:
  // The golden model in the case's type. v2's rope, which no published model has, is changed to one that GGUF can
  // express.
  fs::path source() {
    const fs::path plain = dir / "plain", from = golden(GetParam().golden);
    fs::create_directory(plain);
    fs::copy_file(from / "model.safetensors", plain / "model.safetensors");
    Json config = read_json(from / "config.json").value();
    if (const Json* r = config.find("rope_scaling"); r && r->find("mscale_all_dim")) {
      Json same = *r;
      config.set("rope_scaling", same.set("mscale", *r->find("mscale_all_dim")));
    }
    EXPECT_TRUE(write_file(plain / "config.json", dump(config)));
    ConvertOptions options;
    options.type = GetParam().type;
    EXPECT_EQ(error_of(convert_to_folder(plain, dir / "source", options)), "");
    return dir / "source";
  }
  fs::path to_gguf(const fs::path& from) {
    ConvertOptions options;
    options.mtp = Mtp::include;
    EXPECT_EQ(error_of(convert_to_gguf(from, dir / "model.gguf", options)), "");
    return dir / "model.gguf";
  }
};

TEST_P(RoundTrip, GivesEqualTensors) {
  const fs::path folder = source(), gguf = to_gguf(folder);
  ConvertOptions options;
  options.shard_bytes = 20'000;  // so that there are several
  ASSERT_EQ(error_of(convert_to_folder(gguf, dir / "back", options)), "");
  EXPECT_TRUE(fs::exists(dir / "back/model.safetensors.index.json"));
  const auto before = Safetensors::open(folder), after = Safetensors::open(dir / "back");
  ASSERT_TRUE(before && after) << error_of(after);
  ASSERT_GT(before->tensors().size(), 10u);
  EXPECT_EQ(before->tensors().size(), after->tensors().size());
  for (const auto& [name, t] : before->tensors()) {
    const auto found = after->tensors().find(name);
    ASSERT_NE(found, after->tensors().end()) << name;
    EXPECT_EQ(found->second.shape, t.shape) << name;
    EXPECT_EQ(found->second.dtype, t.dtype) << name;
    ASSERT_EQ(found->second.bytes.size(), t.bytes.size()) << name;
    EXPECT_EQ(std::memcmp(found->second.bytes.data(), t.bytes.data(), t.bytes.size()), 0) << name;
  }
}

TEST_P(RoundTrip, TheGgufIsTheSameModelBitForBit) {
  const fs::path folder = source(), gguf = to_gguf(folder);
  EXPECT_EQ(logits_of(gguf), logits_of(folder));
  EXPECT_EQ(logits_of(gguf, {DType::f32, DType::bf16, MlaForm::mixed}),
            logits_of(folder, {DType::f32, DType::bf16, MlaForm::mixed}));
  const auto a = open_model(folder), b = open_model(gguf);
  ASSERT_TRUE(a && b);
  EXPECT_EQ((*a)->config_json(GetParam().type), (*b)->config_json(GetParam().type));
  EXPECT_EQ((*a)->info().parameters, (*b)->info().parameters);
}

INSTANTIATE_TEST_SUITE_P(Golden, RoundTrip,
                         testing::Values(Case{"v3", DType::f32}, Case{"v3", DType::bf16}, Case{"v2_lite", DType::f32},
                                         Case{"v2_lite", DType::bf16}, Case{"v2", DType::f32}, Case{"v2", DType::bf16},
                                         Case{"qwen2", DType::f32}, Case{"qwen2", DType::bf16},
                                         Case{"qwen2_tied", DType::f32}, Case{"qwen3", DType::f32},
                                         Case{"qwen3", DType::bf16}, Case{"qwen3_yarn", DType::f32},
                                         Case{"qwen3_tied", DType::f32}, Case{"llama", DType::f32},
                                         Case{"llama", DType::bf16}, Case{"llama_bias", DType::f32}));

class Convert : public FilesTest {};

TEST_F(Convert, MtpStaysOutOfAGgufUnlessAskedFor) {
  ASSERT_EQ(error_of(convert_to_gguf(golden("v3"), dir / "m.gguf", {})), "");
  const auto file = Gguf::open(dir / "m.gguf");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->integer("deepseek2.block_count").value(), 3);
  EXPECT_FALSE(file->holds("deepseek2.nextn_predict_layers"));
  EXPECT_EQ(open_model(dir / "m.gguf").value()->info().mtp_layers, 0);
}

TEST_F(Convert, WritesTheKeysThatTheLoaderOfLlamaCppDemands) {
  ASSERT_EQ(error_of(convert_to_gguf(golden("v3"), dir / "m.gguf", {})), "");
  const auto file = Gguf::open(dir / "m.gguf");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->keys().front(), "general.architecture");
  for (const char* key : {"block_count",
                          "context_length",
                          "embedding_length",
                          "feed_forward_length",
                          "attention.head_count",
                          "attention.head_count_kv",
                          "attention.q_lora_rank",
                          "attention.kv_lora_rank",
                          "attention.key_length",
                          "attention.value_length",
                          "attention.key_length_mla",
                          "attention.value_length_mla",
                          "rope.dimension_count",
                          "leading_dense_block_count",
                          "expert_count",
                          "expert_used_count",
                          "expert_shared_count",
                          "expert_feed_forward_length",
                          "expert_gating_func",
                          "vocab_size"})
    EXPECT_EQ(file->type(fmt::format("deepseek2.{}", key)), GgufType::uint32) << key;
  for (const char* key : {"attention.layer_norm_rms_epsilon", "rope.freq_base", "expert_weights_scale"})
    EXPECT_EQ(file->type(fmt::format("deepseek2.{}", key)), GgufType::f32) << key;
  EXPECT_EQ(file->integer("deepseek2.attention.head_count_kv").value(), 1);  // MLA form: heads 4, nope 10, kv_rank 20
  EXPECT_EQ(file->tensors().at("blk.0.attn_k_b.weight").shape, (std::vector<i64>{4, 20, 10}));
  EXPECT_EQ(file->tensors().at("blk.0.attn_v_b.weight").shape, (std::vector<i64>{4, 14, 20}));
  EXPECT_EQ(file->tensors().at("blk.1.ffn_down_exps.weight").shape, (std::vector<i64>{8, 44, 12}));
}

TEST_F(Convert, ANormAndTheRouterStayF32InAnF16File) {
  ConvertOptions options;
  options.type = DType::f16;
  ASSERT_EQ(error_of(convert_to_gguf(golden("v3"), dir / "m.gguf", options)), "");
  const auto file = Gguf::open(dir / "m.gguf");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->tensors().at("blk.1.ffn_gate_inp.weight").dtype, DType::f32);
  EXPECT_EQ(file->tensors().at("blk.1.exp_probs_b.bias").dtype, DType::f32);
  EXPECT_EQ(file->tensors().at("output_norm.weight").dtype, DType::f32);
  EXPECT_EQ(file->tensors().at("blk.1.ffn_up_exps.weight").dtype, DType::f16);
}

TEST_F(Convert, AnInterruptLeavesNothingNewAndTheOldFileStays) {
  ConvertOptions options;
  options.progress = [](i64 done, i64 total) -> Status {
    return 2 * done < total ? Status() : fail(Errc::interrupted, "interrupted");
  };
  ASSERT_TRUE(write_file(dir / "old.gguf", "old"));
  EXPECT_EQ(error_of(convert_to_gguf(golden("v3"), dir / "old.gguf", options)), "interrupted");
  EXPECT_EQ(read_file(dir / "old.gguf").value(), "old");
  EXPECT_EQ(error_of(convert_to_gguf(golden("v3"), dir / "new.gguf", options)), "interrupted");
  EXPECT_EQ(error_of(convert_to_folder(golden("v3"), dir / "folder", options)), "interrupted");
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(dir)) left.push_back(entry.path().filename().string());
  EXPECT_EQ(left, std::vector<std::string>{"old.gguf"});
}

TEST_F(Convert, ARopeThatGgufCannotExpressIsRefusedWithBothNumbers) {
  const Status done = convert_to_gguf(golden("v2"), dir / "m.gguf", {});  // mscale 1 against 0.8
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().what.find("mscale: 1 against mscale_all_dim 0.8"), std::string::npos) << done.error().what;
}

TEST_F(Convert, AMixtureWithoutLayersOfExpertsConvertsWithItsMtpAndWithout) {
  const Json config = read_json(golden("v3") / "config.json").value();
  const std::string text = dump(Json(config).set("first_k_dense_replace", 3));
  fs::create_directory(dir / "dense");
  ASSERT_TRUE(save_model(*create_model(text, "config", 7, Weights::frozen).value(), dir / "dense", DType::f32));
  const std::vector<float> want = logits_of(dir / "dense");
  for (const Mtp mtp : {Mtp::leave_out, Mtp::include}) {
    ConvertOptions options;
    options.mtp = mtp;
    ASSERT_EQ(error_of(convert_to_gguf(dir / "dense", dir / "m.gguf", options)), "");
    EXPECT_EQ(logits_of(dir / "m.gguf"), want);
    EXPECT_EQ(open_model(dir / "m.gguf").value()->info().mtp_layers, mtp == Mtp::include);
  }
}

TEST_F(Convert, AHeadInTheFileIsUsedEvenIfTheConfigSaysTied) {
  fs::create_directory(dir / "own");
  fs::copy_file(golden("qwen2") / "model.safetensors", dir / "own/model.safetensors");
  const Json config = read_json(golden("qwen2") / "config.json").value();
  ASSERT_TRUE(write_file(dir / "own/config.json", dump(Json(config).set("tie_word_embeddings", true))));
  const std::vector<float> want = logits_of(golden("qwen2"));
  ASSERT_EQ(error_of(convert_to_gguf(dir / "own", dir / "m.gguf", {})), "");
  ASSERT_EQ(error_of(convert_to_folder(dir / "own", dir / "back", {})), "");
  for (const char* name : {"own", "m.gguf", "back"}) {
    EXPECT_EQ(logits_of(dir / name), want) << name;
    EXPECT_EQ(open_model(dir / name).value()->info().active_parameters,
              open_model(golden("qwen2")).value()->info().active_parameters);
  }
  EXPECT_EQ(*read_json(dir / "back/config.json").value().find("tie_word_embeddings")->boolean(), false);
}

TEST_F(Convert, AHeadThatRepeatsTheEmbeddingStaysTied) {
  fs::create_directory(dir / "twice");
  fs::copy_file(golden("qwen2_tied") / "config.json", dir / "twice/config.json");
  const Safetensors file = Safetensors::open(golden("qwen2_tied")).value();
  std::vector<SafetensorsItem> items;
  for (const auto& [name, t] : file.tensors()) {
    items.push_back({name, t.dtype, t.shape, [&t = t](float* dst) { to_f32(t, dst); }});
    if (name == "model.embed_tokens.weight") items.push_back({"lm_head.weight", t.dtype, t.shape, items.back().read});
  }
  ASSERT_TRUE(write_safetensors(dir / "twice/model.safetensors", items, {}));
  ASSERT_EQ(error_of(convert_to_gguf(dir / "twice", dir / "m.gguf", {})), "");
  EXPECT_FALSE(Gguf::open(dir / "m.gguf").value().tensors().contains("output.weight"));
  EXPECT_EQ(logits_of(dir / "m.gguf"), logits_of(golden("qwen2_tied")));
}

// The GGUF's factor multiplies YaRN's own, 1 + 0.1 ln 4; config.json's factor replaces it.
TEST_F(Convert, AnAttentionFactorOfADenseModelBecomesAnAttnFactor) {
  fs::create_directory(dir / "af");
  fs::copy_file(golden("qwen3_yarn") / "model.safetensors", dir / "af/model.safetensors");
  const Json config = read_json(golden("qwen3_yarn") / "config.json").value();
  const Json scaling = Json::object(
      {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 64}, {"attention_factor", 0.75}});
  ASSERT_TRUE(write_file(dir / "af/config.json", dump(Json(config).set("rope_scaling", scaling))));
  ASSERT_EQ(error_of(convert_to_gguf(dir / "af", dir / "m.gguf", {})), "");
  const auto file = Gguf::open(dir / "m.gguf");
  ASSERT_TRUE(file);
  EXPECT_FLOAT_EQ(static_cast<float>(file->number("qwen3.rope.scaling.attn_factor").value()),
                  static_cast<float>(0.75 / (1 + 0.1 * std::log(4))));
  const std::vector<float> plain = logits_of(golden("qwen3_yarn")), want = logits_of(dir / "af");
  const std::vector<float> got = logits_of(dir / "m.gguf");
  double worst = 0, changed = 0, largest = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    worst = std::max<double>(worst, std::abs(got[i] - want[i]));
    changed = std::max<double>(changed, std::abs(plain[i] - want[i]));
    largest = std::max<double>(largest, std::abs(want[i]));
  }
  EXPECT_LE(worst, 1e-5 * largest);  // the factor may differ in its last bit, 6e-8, as after any rounding to f32
  EXPECT_GE(changed, 1e-2 * largest);
}

TEST_F(Convert, AnAttentionFactorIsRefusedByName) {
  fs::create_directory(dir / "af");
  fs::copy_file(golden("v3") / "model.safetensors", dir / "af/model.safetensors");
  const Json config = read_json(golden("v3") / "config.json").value();
  const Json scaling = Json::object({{"type", "yarn"}, {"factor", 4.0}, {"attention_factor", 0.7}});
  ASSERT_TRUE(write_file(dir / "af/config.json", dump(Json(config).set("rope_scaling", scaling))));
  const std::string error = error_of(convert_to_gguf(dir / "af", dir / "m.gguf", {}));
  EXPECT_NE(error.find("rope_scaling.attention_factor: a GGUF"), std::string::npos) << error;
}

// The checkpoint is like published FP8 ones: the layers' matrices are e4m3 with a scale per 128×128, the rest is f32.
TEST_F(Convert, AnFp8FolderIsTheModelOfItsDequantisedValues) {
  fs::create_directory(dir / "fp8");
  fs::copy_file(golden("v3") / "config.json", dir / "fp8/config.json");
  const Safetensors plain = Safetensors::open(golden("v3")).value();
  std::vector<TensorItem> items;
  std::map<std::string, std::vector<std::byte>> held;
  const auto hold = [&](const std::string& name, DType dtype, std::vector<i64> shape, std::vector<std::byte> bytes) {
    held[name] = std::move(bytes);
    items.push_back({name, dtype, std::move(shape), [&held, name](const ByteSink& sink) { return sink(held[name]); }});
  };
  u32 state = 1;
  for (const auto& [name, t] : plain.tensors()) {
    if (t.shape.size() < 2 || !name.starts_with("model.layers.") || name.ends_with("mlp.gate.weight")) {
      hold(name, t.dtype, t.shape, {t.bytes.begin(), t.bytes.end()});
      continue;
    }
    std::vector<std::byte> codes(t.elements());
    for (std::byte& c : codes) {
      state = state * 1664525 + 1013904223;
      const u32 code = state >> 24;
      c = static_cast<std::byte>((code & 0x7f) == 0x7f ? 0 : code);  // 0x7f and 0xff are NaN
    }
    const float scale = 3e-4f + 1e-6f * static_cast<float>(name.size());
    std::vector<std::byte> scales(4);
    std::memcpy(scales.data(), &scale, 4);
    hold(name, DType::f8_e4m3, t.shape, std::move(codes));
    hold(name + kScaleSuffix, DType::f32, {1, 1}, std::move(scales));  // no matrix here is larger than one block
  }
  ASSERT_EQ(error_of(write_safetensors(dir / "fp8/model.safetensors", std::span<const TensorItem>(items), {})), "");
  ConvertOptions options;
  options.type = DType::f32;
  ASSERT_EQ(error_of(convert_to_folder(dir / "fp8", dir / "f32", options)), "");
  ASSERT_EQ(error_of(convert_to_gguf(dir / "fp8", dir / "f32.gguf", options)), "");
  const std::vector<float> want = logits_of(dir / "f32");
  EXPECT_EQ(logits_of(dir / "fp8"), want);
  EXPECT_EQ(logits_of(dir / "f32.gguf"), want);
  const auto model = open_model(dir / "fp8").value();
  EXPECT_EQ(std::count_if(model->weights().begin(), model->weights().end(),
                          [](const Weight& w) { return w.dtype() == DType::f8_e4m3; }) > 20,
            true);
}

TEST_F(Convert, AGgufCanBeTrainedInF32) {
  ASSERT_EQ(error_of(convert_to_gguf(golden("llama"), dir / "m.gguf", {})), "");
  const auto model = open_model(dir / "m.gguf", Weights::trainable);
  ASSERT_TRUE(model) << error_of(model);
  EXPECT_TRUE((*model)->head().trainable());
  EXPECT_EQ(logits_of(**model), logits_of(golden("llama")));
}

TEST_F(Convert, AValueBeyondF16IsRefusedByName) {
  fs::copy(golden("llama"), dir / "big");
  std::vector<SafetensorsItem> items;
  const Safetensors file = Safetensors::open(golden("llama")).value();
  for (const auto& [name, t] : file.tensors())
    items.push_back({name, t.dtype, t.shape, [&t = t, big = name == "lm_head.weight"](float* dst) {
                       to_f32(t, dst);
                       if (big) dst[5] = 70000;
                     }});
  ASSERT_TRUE(write_safetensors(dir / "big/model.safetensors", items, {}));
  ConvertOptions options;
  options.type = DType::f16;
  const std::string error = error_of(convert_to_gguf(dir / "big", dir / "m.gguf", options));
  EXPECT_NE(error.find("output.weight: 70000 is beyond f16's 65504"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(dir / "m.gguf"));
}

}  // namespace
}  // namespace r1
