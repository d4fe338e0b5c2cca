// GGUF's qwen2, qwen3 and llama.
#include <algorithm>

#include "model/architectures.hpp"
#include "model/dense.hpp"
#include "model/gguf/keys.hpp"
#include "model/gguf/llama3_rope.hpp"
#include "model/published.hpp"

namespace r1 {
namespace {

Result<i64> head_size(const GgufKeys& keys) {
  const i64 hidden = R1_TRY(keys.positive("embedding_length")), heads = R1_TRY(keys.positive("attention.head_count"));
  if (!keys.holds("attention.key_length") && hidden % heads)
    return fail(Errc::corrupt, "{}: {} is {}, which {} heads do not divide", keys.file().path(),
                keys.key("embedding_length"), hidden, heads);
  const i64 head = R1_TRY(keys.positive("attention.key_length", std::max<i64>(1, hidden / heads)));
  for (const char* name : {"attention.value_length", "rope.dimension_count"})
    if (const i64 other = R1_TRY(keys.integer(name, head)); other != head)
      return keys.refuse(name, fmt::format("{}, heads have {}; they must be the same", other, head));
  return head;
}

Result<Json> llama3_scaling(const GgufKeys& keys, i64 head, double theta) {
  const StoredTensor& t = keys.file().tensors().find("rope_freqs.weight")->second;
  const std::vector<i64> expected{head / 2};
  if (t.shape != expected)
    return fail(Errc::corrupt, "{}: tensor rope_freqs.weight: shape {}, the metadata asks for {}", keys.file().path(),
                shape_text(t.shape), shape_text(expected));
  std::vector<float> divisors(head / 2);
  read_rows(t, 0, 1, divisors.data());
  if (const auto c = llama3_of(divisors, theta)) return rope_scaling_json(*c);
  return fail(Errc::unsupported,
              "{}: tensor rope_freqs.weight: its divisors, {} to {}, are not those of Llama 3's formula",
              keys.file().path(), divisors.front(), divisors.back());
}

Result<Json> dense_config(const GgufKeys& keys, const char* model_type) {
  if (const i64 experts = R1_TRY(keys.integer("expert_count", 0)))
    return keys.refuse("expert_count", fmt::format("{}; {} with experts is not supported", experts, model_type));
  Json j = R1_TRY(common_config(keys, model_type));
  const i64 heads = *j.find("num_attention_heads")->integer(), head = R1_TRY(head_size(keys));
  j.set("num_key_value_heads", R1_TRY(keys.positive("attention.head_count_kv", heads)))
      .set("head_dim", head)
      .set("rope_scaling", R1_TRY(rope_scaling(keys, GgufScaling::dense)));
  if (!keys.file().tensors().contains("rope_freqs.weight")) return j;
  if (!j.find("rope_scaling")->is_null()) return keys.refuse("rope.scaling.type", "given beside rope_freqs.weight");
  const double theta = *j.find("rope_theta")->number();
  return j.set("rope_scaling", R1_TRY(llama3_scaling(keys, head, theta)));
}

}  // namespace

Result<Json> qwen2_config_of_gguf(const GgufKeys& keys) { return dense_config(keys, "qwen2"); }

Result<Json> qwen3_config_of_gguf(const GgufKeys& keys) { return dense_config(keys, "qwen3"); }

Result<Json> llama_config_of_gguf(const GgufKeys& keys) {
  Json j = R1_TRY(dense_config(keys, "llama"));
  return j.set("attention_bias", keys.tensor("blk.0.attn_q.bias") || keys.tensor("blk.0.attn_qkv.bias"));
}

std::vector<std::string> dense_gguf_notes(const GgufKeys& keys) {
  std::vector<std::string> notes;
  if (const auto unused = keys.number(kUnusedAttnFactor); unused)
    notes.push_back(fmt::format("{} {} is not used, as in llama.cpp", keys.key(kUnusedAttnFactor), *unused));
  return notes;
}

GgufDims gguf_dims(const DenseConfig& c) {
  const Architecture& architecture = architecture_named(c.model_type);
  GgufDims d;
  d.architecture = architecture.gguf_architecture;
  d.layers = c.layers;
  d.heads = c.heads, d.kv_heads = c.kv_heads, d.head = c.head;
  d.rotary = architecture.rotary;
  d.tied = c.tied;
  return d;
}

}  // namespace r1
