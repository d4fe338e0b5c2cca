#include "model/shapes.hpp"

#include <algorithm>

#include "model/architectures.hpp"
#include "model/random_weights.hpp"

namespace r1 {
namespace {

// The fields of the published config.json files that decide the shapes of tensors and the arithmetic. DeepSeek-R1 is
// also described in arXiv:2412.19437 §4.2, V2-Lite in arXiv:2405.04434 appendix B; nano is models/nano without its MTP
// module.
struct Shape {
  const char *name, *config;
};
constexpr Shape kShapes[] = {
    {"deepseek-r1", R"({"model_type": "deepseek_v3", "vocab_size": 129280, "hidden_size": 7168,
      "num_hidden_layers": 61, "max_position_embeddings": 163840, "num_attention_heads": 128, "q_lora_rank": 1536,
      "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
      "first_k_dense_replace": 3, "intermediate_size": 18432, "moe_intermediate_size": 2048, "n_shared_experts": 1,
      "n_routed_experts": 256, "num_experts_per_tok": 8, "n_group": 8, "topk_group": 4, "routed_scaling_factor": 2.5,
      "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096, "mscale": 1.0,
      "mscale_all_dim": 1.0}})"},
    {"deepseek-v2-lite", R"({"model_type": "deepseek_v2", "vocab_size": 102400, "hidden_size": 2048,
      "num_hidden_layers": 27, "max_position_embeddings": 163840, "num_attention_heads": 16, "q_lora_rank": null,
      "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
      "first_k_dense_replace": 1, "intermediate_size": 10944, "moe_intermediate_size": 1408, "n_shared_experts": 2,
      "n_routed_experts": 64, "num_experts_per_tok": 6, "rope_scaling": {"type": "yarn", "factor": 40,
      "original_max_position_embeddings": 4096, "mscale": 0.707, "mscale_all_dim": 0.707}})"},
    {"nano", R"({"model_type": "deepseek_v3", "vocab_size": 512, "hidden_size": 128, "num_hidden_layers": 5,
      "max_position_embeddings": 1024, "num_attention_heads": 4, "q_lora_rank": 96, "kv_lora_rank": 64,
      "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 32, "first_k_dense_replace": 1,
      "intermediate_size": 384, "moe_intermediate_size": 96, "n_shared_experts": 1, "n_routed_experts": 16,
      "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1, "routed_scaling_factor": 1.0})"},
    {"deepseek-r1-distill-qwen-1.5b", R"({"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 1536,
      "num_hidden_layers": 28, "max_position_embeddings": 131072, "intermediate_size": 8960,
      "num_attention_heads": 12, "num_key_value_heads": 2, "rope_theta": 1e4})"},
    {"deepseek-r1-distill-qwen-7b", R"({"model_type": "qwen2", "vocab_size": 152064, "hidden_size": 3584,
      "num_hidden_layers": 28, "max_position_embeddings": 131072, "intermediate_size": 18944,
      "num_attention_heads": 28, "num_key_value_heads": 4, "rope_theta": 1e4})"},
    {"deepseek-r1-distill-qwen-14b", R"({"model_type": "qwen2", "vocab_size": 152064, "hidden_size": 5120,
      "num_hidden_layers": 48, "max_position_embeddings": 131072, "intermediate_size": 13824,
      "num_attention_heads": 40, "num_key_value_heads": 8, "rope_theta": 1e6})"},
    {"deepseek-r1-distill-qwen-32b", R"({"model_type": "qwen2", "vocab_size": 152064, "hidden_size": 5120,
      "num_hidden_layers": 64, "max_position_embeddings": 131072, "intermediate_size": 27648,
      "num_attention_heads": 40, "num_key_value_heads": 8, "rope_theta": 1e6})"},
    {"deepseek-r1-0528-qwen3-8b", R"({"model_type": "qwen3", "vocab_size": 151936, "hidden_size": 4096,
      "num_hidden_layers": 36, "max_position_embeddings": 131072, "intermediate_size": 12288,
      "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "rope_theta": 1e6, "rope_scaling":
      {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 32768}})"},
    {"deepseek-r1-distill-llama-8b", R"({"model_type": "llama", "vocab_size": 128256, "hidden_size": 4096,
      "num_hidden_layers": 32, "max_position_embeddings": 131072, "intermediate_size": 14336,
      "num_attention_heads": 32, "num_key_value_heads": 8, "rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3",
      "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192}})"},
    {"deepseek-r1-distill-llama-70b", R"({"model_type": "llama", "vocab_size": 128256, "hidden_size": 8192,
      "num_hidden_layers": 80, "max_position_embeddings": 131072, "intermediate_size": 28672,
      "num_attention_heads": 64, "num_key_value_heads": 8, "rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3",
      "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192}})"},
};

Status cut_layers(std::string_view shape, const ShapeOptions& options, Json& config) {
  const i64 all = *config.find("num_hidden_layers")->integer();
  if (options.layers < 0 || options.layers > all)
    return fail(Errc::usage, "--layers {}: {} has 1..{}", options.layers, shape, all);
  const i64 layers = options.layers ? options.layers : all;
  config.set("num_hidden_layers", layers);
  const Json* const published = config.find("first_k_dense_replace");
  if (!published) {
    if (options.dense_layers < 0) return {};
    return fail(Errc::usage, "--dense-layers: {} has no experts", shape);
  }
  if (options.dense_layers > layers)
    return fail(Errc::usage, "--dense-layers {}: the model has {} layers", options.dense_layers, layers);
  const i64 dense = options.dense_layers < 0 ? *published->integer() : options.dense_layers;
  config.set("first_k_dense_replace", std::min(dense, layers));
  return {};
}

}  // namespace

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const Shape& s : kShapes) names.emplace_back(s.name);
  return names;
}

Result<std::unique_ptr<Model>> random_model(std::string_view shape, const ShapeOptions& options, StoredTypeOf type_of,
                                            const Admit& admit) {
  const auto known = std::ranges::find(kShapes, shape, &Shape::name);
  if (known == std::end(kShapes))
    return fail(Errc::usage, "--shape {}: unknown; known: {}", shape, fmt::join(shape_names(), ", "));
  Json config = R1_TRY(parse_json(known->config, shape));
  R1_TRY(cut_layers(shape, options, config));
  const Architecture* const architecture = R1_TRY(architecture_of(config, shape));
  const GgufDims dims = R1_TRY(architecture->gguf_dims(config, shape));
  if (admit) {
    const auto outline = random_weights_outline(type_of, dims);
    R1_TRY(admit(*R1_TRY(architecture->build(config, shape, *outline))));
  }
  const auto weights = random_weights(std::move(type_of), dims);
  return architecture->build(config, shape, *weights);
}

}  // namespace r1
