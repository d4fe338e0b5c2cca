// Qwen2, Qwen3 and Llama: grouped-query attention and SwiGLU, one forward pass for all. They differ by configuration:
// Qwen2 (arXiv:2407.10671 §2.2) has biases on q, k and v; Qwen3 (arXiv:2505.09388 §2) has none and normalises each head
// of q and k; Llama 3 (arXiv:2407.21783 §3.2) has neither and stretches its rope. qwen2.cpp, qwen3.cpp and llama.cpp
// parse the fields of config.json that only some of them have.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/config_json.hpp"
#include "model/decoder.hpp"
#include "model/gguf/dims.hpp"
#include "ops/ops.hpp"

namespace r1 {

struct DenseConfig {
  std::string model_type;  // "qwen2", "qwen3" or "llama"
  i64 vocab = 0, hidden = 0, layers = 0, context = 0, intermediate = 0;
  i64 heads = 0, kv_heads = 0, head = 0;  // heads of queries, heads of keys and values, features of each head
  bool qkv_bias = false, o_bias = false;
  bool qk_norm = false;  // each head of q and of k is normalised before it is rotated
  bool tied = false;     // lm_head is embed_tokens
  float eps = 1e-6f;
  double initializer_range = 0.02;
  RopeConfig rope;
  TokenIds ids;
  Json own_fields{};  // the fields of config.json that only this architecture has, as to_json writes them

  AttendDims attention() const;
};

// config.json of either spelling (config_json.hpp) → the configuration, and back in the published spelling.
// Errors: a field that is missing, impossible or not supported; they name `source`, the field and its value.
Result<DenseConfig> parse_qwen2_config(const Json& json, std::string_view source);
Result<DenseConfig> parse_qwen3_config(const Json& json, std::string_view source);
Result<DenseConfig> parse_llama_config(const Json& json, std::string_view source);
std::string to_json(const DenseConfig& c, DType dtype);
GgufDims gguf_dims(const DenseConfig& c);

// What transformers takes for an architecture's fields that config.json leaves out.
struct DenseDefaults {
  i64 context = 0;  // max_position_embeddings
  i64 head = 0;     // head_dim; 0: hidden_size / num_attention_heads
};
// Parses the fields that all of these architectures have.
Result<DenseConfig> parse_dense_config(const JsonFields& f, std::string_view model_type, const DenseDefaults& defaults);
// Checks that every layer attends over the whole context. Errors: fields of Qwen2 and Qwen3 that give a layer a sliding
// window.
Status check_full_attention(const JsonFields& f);

struct Affine {
  Weight w, b;  // [out, in], [1, out] or none
};

// Tensors by their published names: model.layers.N.self_attn.{q,k,v,o}_proj, .mlp.{gate,up,down}_proj, ...
struct DenseLayer {
  Weight attn_norm, ffn_norm;
  Affine q, k, v, o;      // [heads·head, hidden], [kv_heads·head, hidden] twice, [hidden, heads·head]
  Weight q_norm, k_norm;  // [1, head] or none
  Weight gate, up, down;  // [intermediate, hidden] twice, [hidden, intermediate]
};

class DenseModel final : public Decoder {
 public:
  // Asks `source` for every tensor of the model. Errors: those of source.finish().
  static Result<std::unique_ptr<Model>> build(DenseConfig config, WeightSource& source);

  KvLayout kv_layout(const Numerics& n) const override;
  Output forward(Pass& p) const override;
  std::string config_json(DType dtype) const override { return to_json(config_, dtype); }

 private:
  Tensor attention(Pass& p, i64 l, const DenseLayer& L, const Tensor& h, const Tensor& angles) const;
  Tensor block(Pass& p, i64 l, const DenseLayer& L, const Tensor& x, const Tensor& angles) const;
  void describe();  // fills info_ and router_biases_

  DenseConfig config_;
  std::vector<DenseLayer> layers_;
};

}  // namespace r1
