// Models from GGUF files of every form. The same weights give the same bits however they are named, stacked, permuted
// or split, and every block type gives the bits of its dequantised values.
#include <cmath>
#include <cstring>

#include "convert/test_files.hpp"
#include "formats/json.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

// Configurations whose rows are whole blocks of every type.
constexpr const char* kDeepseek =
    R"({"model_type": "deepseek_v3", "vocab_size": 96, "hidden_size": 256, "num_hidden_layers": 2,
  "max_position_embeddings": 128, "num_attention_heads": 2, "q_lora_rank": 256, "kv_lora_rank": 256,
  "qk_nope_head_dim": 32,
  "qk_rope_head_dim": 16, "v_head_dim": 128, "intermediate_size": 256, "first_k_dense_replace": 1,
  "n_routed_experts": 4,
  "n_shared_experts": 1, "num_experts_per_tok": 2, "moe_intermediate_size": 256, "n_group": 1, "topk_group": 1,
  "routed_scaling_factor": 2.5, "norm_topk_prob": true, "bos_token_id": 0, "eos_token_id": 1})";
constexpr const char* kLlama = R"({"model_type": "llama", "vocab_size": 96, "hidden_size": 256, "num_hidden_layers": 2,
  "max_position_embeddings": 128, "num_attention_heads": 8, "num_key_value_heads": 2, "intermediate_size": 512,
  "rope_theta": 500000.0, "rms_norm_eps": 1e-05, "bos_token_id": 0, "eos_token_id": [1, 2],
  "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
  "original_max_position_embeddings": 8192}})";
constexpr const char* kQwen2 = R"({"model_type": "qwen2", "vocab_size": 96, "hidden_size": 256, "num_hidden_layers": 2,
  "max_position_embeddings": 128, "num_attention_heads": 8, "num_key_value_heads": 2, "intermediate_size": 512,
  "rms_norm_eps": 1e-06, "bos_token_id": 0, "eos_token_id": 1})";

class GgufModel : public FilesTest {
 protected:
  // dir/folder and dir/m.gguf hold the same f32 model.
  void make(const char* config) {
    const auto model = create_model(config, "config", 7, Weights::frozen);
    ASSERT_TRUE(model) << error_of(model);
    fs::create_directory(dir / "folder");
    ASSERT_EQ(error_of(save_model(**model, dir / "folder", DType::f32)), "");
    ASSERT_EQ(error_of(convert_to_gguf(dir / "folder", dir / "m.gguf", {})), "");
    content = GgufContent::read(dir / "m.gguf");
  }
  fs::path write(const char* name = "changed.gguf") {
    content.write(dir / name);
    return dir / name;
  }
  std::string refusal() { return error_of(open_model(write())); }
  GgufContent::Tensor& at(const std::string& name) {
    EXPECT_TRUE(content.tensors.contains(name)) << name;
    return content.tensors[name];
  }
  // Several tensors fused into one, which replaces them: each[i] bytes of tensor i in turn, `groups` times.
  GgufContent::Tensor interleaved(const std::vector<std::string>& names, const std::vector<size_t>& each,
                                  size_t groups) {
    GgufContent::Tensor out{DType::f32, at(names[0]).shape, {}};
    for (size_t g = 0; g < groups; ++g)
      for (size_t i = 0; i < names.size(); ++i) {
        const auto& bytes = at(names[i]).bytes;
        out.bytes.insert(out.bytes.end(), bytes.begin() + static_cast<i64>(g * each[i]),
                         bytes.begin() + static_cast<i64>((g + 1) * each[i]));
      }
    for (const std::string& name : names) content.tensors.erase(name);
    return out;
  }
  // Gives the content the form from before April 2025: attn_kv_b instead of its halves, one key and value per head.
  void make_legacy(bool keep_halves) {
    const Safetensors folder = Safetensors::open(dir / "folder").value();
    for (int l = 0; l < 2; ++l) {
      const StoredTensor& kv_b = folder.tensors().at(fmt::format("model.layers.{}.self_attn.kv_b_proj.weight", l));
      const std::string blk = fmt::format("blk.{}.", l);
      content.tensors[blk + "attn_kv_b.weight"] = {DType::f32, kv_b.shape, {kv_b.bytes.begin(), kv_b.bytes.end()}};
      at(blk + "attn_k_b.weight").shape = {2 * 256, 32};  // ik_llama.cpp's two axes
      at(blk + "attn_v_b.weight").shape = {2 * 128, 256};
      if (keep_halves) continue;
      content.tensors.erase(blk + "attn_k_b.weight");
      content.tensors.erase(blk + "attn_v_b.weight");
    }
    content.set("deepseek2.attention.head_count_kv", GgufValue::of_u32(2));
    content.set("deepseek2.attention.key_length", GgufValue::of_u32(48));
    content.set("deepseek2.attention.value_length", GgufValue::of_u32(128));
    content.erase("deepseek2.attention.key_length_mla");
    content.erase("deepseek2.attention.value_length_mla");
  }
  GgufContent content;
};

TEST_F(GgufModel, EveryFormOfMlaGivesTheSameBits) {
  make(kDeepseek);
  const std::vector<float> want = logits_of(dir / "m.gguf");
  EXPECT_EQ(want, logits_of(dir / "folder"));
  make_legacy(true);
  EXPECT_EQ(logits_of(write("ik.gguf")), want);
  make_legacy(false);
  EXPECT_EQ(logits_of(write("legacy.gguf")), want);
}

TEST_F(GgufModel, NonsenseInAnyKeyOfDeepseekIsRefusedByName) {
  make(kDeepseek);
  const GgufContent good = content;
  GgufValue empty;
  empty.type = GgufType::array, empty.array.type = GgufType::uint32;
  for (const char* name : {"attention.head_count_kv", "attention.key_length", "attention.value_length",
                           "expert_weights_scale", "attention.layer_norm_rms_epsilon", "rope.freq_base"})
    for (const GgufValue& value : {GgufValue::of_text("1"), empty, GgufValue::of_f32(-1)}) {
      const std::string key = fmt::format("deepseek2.{}", name);
      content = good;
      content.set(key, value);
      const std::string error = refusal();
      EXPECT_NE(error.find(key), std::string::npos) << key << ": " << error;
    }
}

TEST_F(GgufModel, HalvesOfTwoAxesGiveTheSameBits) {
  make(kDeepseek);
  const std::vector<float> want = logits_of(dir / "m.gguf");
  for (int l = 0; l < 2; ++l) {
    at(fmt::format("blk.{}.attn_k_b.weight", l)).shape = {2 * 256, 32};
    at(fmt::format("blk.{}.attn_v_b.weight", l)).shape = {2 * 128, 256};
  }
  EXPECT_EQ(logits_of(write()), want);
}

TEST_F(GgufModel, FusedAndPerExpertFilesGiveTheSameBits) {
  make(kDeepseek);
  const std::vector<float> want = logits_of(dir / "m.gguf");
  const GgufContent stacked = content;
  auto fused =
      interleaved({"blk.1.ffn_gate_exps.weight", "blk.1.ffn_up_exps.weight"}, {256 * 256 * 4, 256 * 256 * 4}, 4);
  fused.shape = {4, 512, 256};
  content.tensors["blk.1.ffn_gate_up_exps.weight"] = fused;
  EXPECT_EQ(logits_of(write("fused.gguf")), want);
  content = stacked;
  for (const char* which : {"gate", "up", "down"}) {
    const std::string name = fmt::format("blk.1.ffn_{}_exps.weight", which);
    const auto stack = at(name);
    for (i64 e = 0; e < 4; ++e)
      content.tensors[fmt::format("blk.1.ffn_{}.{}.weight", which, e)] = {
          DType::f32,
          {256, 256},
          {stack.bytes.begin() + e * 256 * 256 * 4, stack.bytes.begin() + (e + 1) * 256 * 256 * 4}};
    content.tensors.erase(name);
  }
  EXPECT_EQ(logits_of(write("old.gguf")), want);
}

TEST_F(GgufModel, AFusedQkvGivesTheSameBits) {
  for (const char* config : {kLlama, kQwen2}) {
    fs::remove_all(dir / "folder");
    fs::remove(dir / "m.gguf");
    make(config);
    const std::vector<float> want = logits_of(dir / "folder");
    EXPECT_EQ(logits_of(dir / "m.gguf"), want);
    const bool bias = content.tensors.contains("blk.0.attn_q.bias");
    EXPECT_EQ(bias, config == kQwen2);
    for (int l = 0; l < 2; ++l)
      for (const char* part : {"weight", "bias"}) {
        if (part == std::string("bias") && !bias) continue;
        const std::string blk = fmt::format("blk.{}.attn_", l);
        const size_t row = part == std::string("bias") ? 4 : 256 * 4;
        auto fused =
            interleaved({blk + "q." + part, blk + "k." + part, blk + "v." + part}, {256 * row, 64 * row, 64 * row}, 1);
        fused.shape[0] = 256 + 2 * 64;
        content.tensors[blk + "qkv." + part] = fused;
      }
    EXPECT_EQ(logits_of(write()), want);
  }
}

// Exact numerics promise the bits of the dequantised values, so no difference is allowed.
TEST_F(GgufModel, EveryTypeGivesTheBitsOfItsDequantisedValues) {
  for (const char* config : {kDeepseek, kLlama}) {
    fs::remove_all(dir / "folder");
    fs::remove(dir / "m.gguf");
    make(config);
    const GgufContent f32 = content;
    const std::vector<float> exact = logits_of(dir / "m.gguf");
    for (const DType type :
         {DType::f16, DType::bf16, DType::q8_0, DType::q4_0, DType::q4_k, DType::q5_k, DType::q6_k, DType::q2_k}) {
      content = f32;
      content.quantize(type);
      const fs::path file = write();
      ConvertOptions options;
      options.type = DType::f32;
      ASSERT_EQ(error_of(convert_to_gguf(file, dir / "dequantised.gguf", options)), "");
      const std::vector<float> got = logits_of(file);
      EXPECT_EQ(got, logits_of(dir / "dequantised.gguf")) << name_of(type);
      EXPECT_NE(got, exact) << name_of(type) << ": nothing was rounded";
      fs::remove(dir / "dequantised.gguf");
    }
  }
}

// A weight's error is at most half a step of its block of 32, which is 1/254 of the block's largest weight: 0.4 % of
// that weight at most, 0.2 % on average, with random signs. After two layers the logits may differ by 5 % of their
// size.
TEST_F(GgufModel, Q8_0StaysNearTheModelItWasMadeOf) {
  make(kDeepseek);
  const std::vector<float> exact = logits_of(dir / "m.gguf");
  content.quantize(DType::q8_0);
  const std::vector<float> got = logits_of(write());
  ASSERT_EQ(got.size(), exact.size());
  double difference = 0, size = 0;
  for (size_t i = 0; i < got.size(); ++i) difference += std::pow(got[i] - exact[i], 2), size += std::pow(exact[i], 2);
  EXPECT_LT(std::sqrt(difference / size), 0.05);
}

TEST_F(GgufModel, AFileInPiecesIsOneModel) {
  make(kQwen2);
  const std::vector<float> want = logits_of(dir / "m.gguf");
  GgufContent first = content, second;
  const auto whole = static_cast<i64>(content.tensors.size());
  for (auto at = first.tensors.begin(); at != first.tensors.end();)
    if (at->first.starts_with("blk.1.")) second.tensors.insert(first.tensors.extract(at++));
    else ++at;
  GgufValue number;
  number.type = GgufType::uint16;
  for (i64 k = 0; GgufContent * part : {&first, &second}) {
    number.integer = k++;
    part->set("split.no", number);
    number.integer = 2;
    part->set("split.count", number);
    GgufValue total;
    total.type = GgufType::int32, total.integer = whole;
    part->set("split.tensors.count", total);
  }
  first.write(dir / "m-00001-of-00002.gguf");
  second.write(dir / "m-00002-of-00002.gguf");
  EXPECT_EQ(logits_of(dir / "m-00001-of-00002.gguf"), want);
}

TEST_F(GgufModel, AFileWithoutAHeadUsesTheEmbedding) {
  make(kQwen2);
  content.tensors.erase("output.weight");
  const auto model = open_model(write());
  ASSERT_TRUE(model) << error_of(model);
  EXPECT_EQ((*model)->head().name(), "model.embed_tokens.weight");
}

// ---- files that contradict themselves

TEST_F(GgufModel, ErrorsNameTheTensorAndBothShapes) {
  make(kDeepseek);
  const GgufContent good = content;
  const struct {
    const char* what;
    std::function<void()> spoil;
    std::vector<const char*> says;
  } cases[] = {
      {"missing",
       [&] { content.tensors.erase("blk.1.ffn_down_exps.weight"); },
       {"model.layers.1.mlp.experts.0.down_proj", "missing"}},
      {"unknown",
       [&] { content.tensors["blk.0.attn_sinks.weight"] = at("output_norm.weight"); },
       {"blk.0.attn_sinks.weight", "no place"}},
      {"too many layers",
       [&] { content.tensors["blk.2.attn_norm.weight"] = at("output_norm.weight"); },
       {"model.layers.2.input_layernorm"}},
      {"stack of three",
       [&] {
         at("blk.1.ffn_up_exps.weight").shape = {3, 256, 256};
         at("blk.1.ffn_up_exps.weight").bytes.resize(3 * 256 * 256 * 4);
       },
       {"blk.1.ffn_up_exps.weight", "[3,256,256]", "4 matrices"}},
      {"halves of other heads",
       [&] {
         at("blk.0.attn_k_b.weight").shape = {4, 256, 16};
       },
       {"attn_k_b", "[4,256,16]", "[2,256,32]"}},
      {"one half", [&] { content.tensors.erase("blk.0.attn_v_b.weight"); }, {"attn_k_b", "other half", "attn_v_b"}},
      {"wrong width",
       [&] { content.set("deepseek2.attention.q_lora_rank", GgufValue::of_u32(128)); },
       {"q_a_proj", "[256,256]", "[128,256]"}},
      {"scale",
       [&] { content.tensors["blk.0.attn_q_a.scale"] = at("output_norm.weight"); },
       {"blk.0.attn_q_a.scale", "scales another"}},
      {"gating", [&] { content.set("deepseek2.expert_gating_func", GgufValue::of_u32(4)); }, {"expert_gating_func: 4"}},
      {"architecture",
       [&] { content.set("general.architecture", GgufValue::of_text("gemma4")); },
       {"gemma4", "deepseek2, qwen2, llama"}},
      {"blocks", [&] { content.set("deepseek2.block_count", GgufValue::of_u32(0)); }, {"block_count", "0 blocks"}},
      {"experts",
       [&] { content.set("deepseek2.expert_count", GgufValue::of_u32(4'000'000'000)); },
       {"expert_count: 4000000000"}},
      {"per block",
       [&] {
         content.set("deepseek2.feed_forward_length", GgufValue::of_integers(GgufType::uint32, {256, 512}));
       },
       {"feed_forward_length: 256 in one block and 512"}},
      {"array length",
       [&] {
         content.set("deepseek2.attention.head_count", GgufValue::of_integers(GgufType::uint32, {2, 2, 2}));
       },
       {"head_count: 3 values for 2 blocks"}},
      {"eps",
       [&] { content.set("deepseek2.attention.layer_norm_rms_epsilon", GgufValue::of_f32(NAN)); },
       {"layer_norm_rms_epsilon", "finite"}},
      {"type of a key",
       [&] { content.set("deepseek2.context_length", GgufValue::of_text("many")); },
       {"deepseek2.context_length", "found string"}},
      {"key shorter than rope",
       [&] { content.set("deepseek2.attention.key_length_mla", GgufValue::of_u32(16)); },
       {"key_length_mla is 16", "dimension_count is 16"}},
      {"tokens",
       [&] { content.set("tokenizer.ggml.tokens", GgufValue::of_texts(std::vector<std::string>(97, "x"))); },
       {"97 tokens", "96 rows"}},
      {"scaling",
       [&] { content.set("deepseek2.rope.scaling.type", GgufValue::of_text("longrope")); },
       {"rope.scaling.type", "longrope"}},
  };
  for (const auto& c : cases) {
    content = good;
    c.spoil();
    const std::string error = refusal();
    EXPECT_NE(error, "") << c.what << " was accepted";
    for (const char* part : c.says) EXPECT_NE(error.find(part), std::string::npos) << c.what << ": " << error;
    EXPECT_NE(error.find("changed.gguf"), std::string::npos) << c.what << ": " << error;
  }
}

}  // namespace
}  // namespace r1
