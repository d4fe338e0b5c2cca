// Models from the GGUF files that convert writes: every block type gives the bits of its dequantised values, and a
// split file is one model. The forms that other programs write are tested in model/gguf.
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

constexpr const char* kQwen3 = R"({"model_type": "qwen3", "vocab_size": 96, "hidden_size": 256, "num_hidden_layers": 2,
  "max_position_embeddings": 128, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 128,
  "intermediate_size": 512, "rms_norm_eps": 1e-06, "bos_token_id": 0, "eos_token_id": 1})";

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
  GgufContent content;
};

// Exact numerics promise the bits of the dequantised values, so no difference is allowed.
TEST_F(GgufModel, EveryTypeGivesTheBitsOfItsDequantisedValues) {
  for (const char* config : {kDeepseek, kLlama, kQwen3}) {
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

}  // namespace
}  // namespace r1
