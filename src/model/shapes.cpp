#include "model/shapes.hpp"

#include <algorithm>

#include "model/deepseek_v3.hpp"
#include "model/dense.hpp"
#include "model/random_blocks.hpp"

namespace r1 {
namespace {

// arXiv:2412.19437 §4.2 and its config.json.
DeepseekConfig deepseek_r1() {
  DeepseekConfig c;
  c.vocab = 129280, c.hidden = 7168, c.layers = 61, c.context = 163840;
  c.heads = 128, c.q_rank = 1536, c.kv_rank = 512, c.nope = 128, c.rope = 64, c.v = 128;
  c.dense_layers = 3, c.intermediate = 18432, c.expert_intermediate = 2048, c.shared_experts = 1;
  c.routing.experts = 256, c.routing.top_k = 8, c.routing.groups = 8, c.routing.top_groups = 4;
  c.routing.scaling = 2.5f;
  c.yarn.factor = 40;
  return c;
}

// arXiv:2405.04434 appendix B and its config.json.
DeepseekConfig deepseek_v2_lite() {
  DeepseekConfig c;
  c.model_type = "deepseek_v2";
  c.vocab = 102400, c.hidden = 2048, c.layers = 27, c.context = 163840;
  c.heads = 16, c.kv_rank = 512, c.nope = 128, c.rope = 64, c.v = 128;
  c.dense_layers = 1, c.intermediate = 10944, c.expert_intermediate = 1408, c.shared_experts = 2;
  c.routing.experts = 64, c.routing.top_k = 6;
  c.routing.scoring = Scoring::softmax, c.routing.method = TopK::greedy;
  c.routing.normalize = c.routing.scale_normalized = false;
  c.yarn.factor = 40, c.yarn.mscale = c.yarn.mscale_all_dim = 0.707;
  return c;
}

// models/nano, without its MTP module.
DeepseekConfig nano() {
  DeepseekConfig c;
  c.vocab = 512, c.hidden = 128, c.layers = 5, c.context = 1024;
  c.heads = 4, c.q_rank = 96, c.kv_rank = 64, c.nope = 32, c.rope = c.yarn.dim = 16, c.v = 32;
  c.dense_layers = 1, c.intermediate = 384, c.expert_intermediate = 96, c.shared_experts = 1;
  c.routing.experts = 16, c.routing.top_k = 2;
  return c;
}

// The config.json files of R1's distills; heads have 128 features.
struct Distill {
  const char* name;
  bool qwen;
  i64 layers, hidden, intermediate, heads, kv_heads, vocab;
  double theta;
};
constexpr Distill kDistills[] = {
    {"deepseek-r1-distill-qwen-1.5b", true, 28, 1536, 8960, 12, 2, 151936, 1e4},
    {"deepseek-r1-distill-qwen-7b", true, 28, 3584, 18944, 28, 4, 152064, 1e4},
    {"deepseek-r1-distill-qwen-14b", true, 48, 5120, 13824, 40, 8, 152064, 1e6},
    {"deepseek-r1-distill-qwen-32b", true, 64, 5120, 27648, 40, 8, 152064, 1e6},
    {"deepseek-r1-distill-llama-8b", false, 32, 4096, 14336, 32, 8, 128256, 5e5},
    {"deepseek-r1-distill-llama-70b", false, 80, 8192, 28672, 64, 8, 128256, 5e5},
};
DenseConfig dense(const Distill& d) {
  DenseConfig c;
  c.model_type = d.qwen ? "qwen2" : "llama";
  c.vocab = d.vocab, c.hidden = d.hidden, c.layers = d.layers, c.context = 131072, c.intermediate = d.intermediate;
  c.heads = d.heads, c.kv_heads = d.kv_heads, c.head = c.rope.dim = 128;
  c.qkv_bias = d.qwen;
  c.rope.theta = d.theta;
  if (!d.qwen) c.rope.factor = 8, c.rope.original_context = 8192, c.rope.scaling = RopeScaling::llama3;
  return c;
}

constexpr std::pair<const char*, DeepseekConfig (*)()> kDeepseek[] = {
    {"deepseek-r1", deepseek_r1}, {"deepseek-v2-lite", deepseek_v2_lite}, {"nano", nano}};

Status cut(std::string_view shape, i64 wanted, i64& layers) {
  if (wanted < 0 || wanted > layers) return fail(Errc::usage, "--layers {}: {} has 1..{}", wanted, shape, layers);
  if (wanted) layers = wanted;
  return {};
}

}  // namespace

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const auto& [name, config] : kDeepseek) names.emplace_back(name);
  for (const Distill& d : kDistills) names.emplace_back(d.name);
  return names;
}

Result<std::unique_ptr<Model>> random_model(std::string_view shape, const ShapeOptions& options, StoredTypeOf type_of) {
  for (const auto& [name, config] : kDeepseek) {
    if (shape != name) continue;
    DeepseekConfig c = config();
    R1_TRY(cut(shape, options.layers, c.layers));
    if (options.dense_layers > c.layers)
      return fail(Errc::usage, "--dense-layers {}: the model has {} layers", options.dense_layers, c.layers);
    c.dense_layers = std::min(options.dense_layers < 0 ? c.dense_layers : options.dense_layers, c.layers);
    GgufDims dims;  // a GGUF of MLA has one head of keys, the latent
    dims.architecture = "deepseek2", dims.layers = c.layers, dims.heads = c.heads, dims.kv_heads = 1;
    dims.experts = c.routing.experts, dims.tied = c.tied;
    const auto weights = random_block_source(std::move(type_of), dims);
    return DeepseekV3::build(std::move(c), *weights);
  }
  for (const Distill& d : kDistills) {
    if (shape != d.name) continue;
    if (options.dense_layers >= 0) return fail(Errc::usage, "--dense-layers: {} has no experts", shape);
    DenseConfig c = dense(d);
    R1_TRY(cut(shape, options.layers, c.layers));
    GgufDims dims;
    dims.architecture = c.model_type, dims.layers = c.layers, dims.heads = c.heads, dims.kv_heads = c.kv_heads;
    dims.tied = c.tied;
    const auto weights = random_block_source(std::move(type_of), dims);
    return DenseModel::build(std::move(c), *weights);
  }
  return fail(Errc::usage, "--shape {}: unknown; known: {}", shape, fmt::join(shape_names(), ", "));
}

}  // namespace r1
