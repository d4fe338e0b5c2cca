// A model of tests/golden as a GGUF. The names of the tensors, the order of their rows and the metadata are those of
// llama.cpp's converter (gguf-py/gguf/constants.py and conversion/). They are written down here a second time, so that
// tests can compare model/gguf with them.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "formats/json.hpp"
#include "formats/safetensors.hpp"
#include "formats/test_gguf.hpp"
#include "model/gguf/llama3_rope.hpp"

namespace r1 {

class GoldenGguf {
 public:
  struct Tensor {
    std::vector<i64> shape;
    std::vector<float> values;
    i64 per_row() const { return static_cast<i64>(values.size()) / shape[0]; }
  };
  TestGguf metadata;
  std::map<std::string, Tensor> tensors;
  std::map<std::string, u32> types;  // ggml's number of a tensor's type; of those not named here kGgmlF32

  // `config` is the text of config.json; `weights` is the folder of model.safetensors.
  GoldenGguf(const Json& config, const std::filesystem::path& weights) : config_(config) {
    const std::string type = *config.find("model_type")->string();
    deepseek_ = type.starts_with("deepseek");
    architecture_ = deepseek_ ? "deepseek2" : type;
    metadata.text("general.architecture", architecture_);
    add_common();
    if (deepseek_) add_deepseek();
    else add_dense();
    const Safetensors file = Safetensors::open(weights).value();
    for (const auto& [name, stored] : file.tensors()) {
      Tensor t{stored.shape, std::vector<float>(stored.elements())};
      to_f32(stored, t.values.data());
      add_tensor(name, std::move(t));
    }
    metadata.number(key("vocab_size"), static_cast<u32>(tensors.at("token_embd.weight").shape[0]));
  }

  std::string key(const std::string& name) const { return architecture_ + "." + name; }
  std::string bytes() const {
    TestGguf g = metadata;
    for (const auto& [name, t] : tensors)
      g.tensor_with(name, t.shape, types.contains(name) ? types.at(name) : u32{kGgmlF32},
                    {reinterpret_cast<const char*>(t.values.data()), t.values.size() * sizeof(float)});
    return g.bytes();
  }
  // Replaces a pair of the metadata by the only pair of `by`, or removes it if `by` has none.
  void set(const std::string& name, const TestGguf& by) {
    metadata = with_pair(metadata, key(name), by);
    for (const std::string& p : by.pair_bytes)
      if (std::find(metadata.pair_bytes.begin(), metadata.pair_bytes.end(), p) == metadata.pair_bytes.end())
        metadata.pair_bytes.push_back(p);
  }
  void set(const std::string& name, u32 v) { set(name, TestGguf().number(key(name), v)); }
  void set_real(const std::string& name, float v) { set(name, TestGguf().real(key(name), v)); }
  Tensor take(const std::string& name) {
    EXPECT_TRUE(tensors.contains(name)) << name;
    return std::move(tensors.extract(name).mapped());
  }

 private:
  const Json* find(const char* name) const { return config_.find(name); }
  i64 integer(const char* name) const { return *find(name)->integer(); }
  void copy(const char* to, const char* from) { metadata.number(key(to), static_cast<u32>(integer(from))); }
  void copy_real(const char* to, const Json& from) { metadata.real(key(to), static_cast<float>(*from.number())); }

  void add_common() {
    const i64 mtp = find("num_nextn_predict_layers") ? integer("num_nextn_predict_layers") : 0;
    metadata.number(key("block_count"), static_cast<u32>(integer("num_hidden_layers") + mtp));
    if (mtp) metadata.number(key("nextn_predict_layers"), static_cast<u32>(mtp));
    copy("context_length", "max_position_embeddings");
    copy("embedding_length", "hidden_size");
    copy("feed_forward_length", "intermediate_size");
    copy("attention.head_count", "num_attention_heads");
    copy_real("attention.layer_norm_rms_epsilon", *find("rms_norm_eps"));
    copy_real("rope.freq_base", *find("rope_theta"));
    if (find("bos_token_id")) metadata.number("tokenizer.ggml.bos_token_id", static_cast<u32>(integer("bos_token_id")));
    const Json& eos = *find("eos_token_id");
    const char* names[] = {"eos", "eot", "eom"};
    for (size_t i = 0; i < (eos.array() ? eos.array()->size() : 1); ++i)
      metadata.number(fmt::format("tokenizer.ggml.{}_token_id", names[i]),
                      static_cast<u32>(*(eos.array() ? (*eos.array())[i] : eos).integer()));
    const Json* scaling = find("rope_scaling");
    if (!scaling || scaling->is_null()) return;
    const Json* type = scaling->find(scaling->find("rope_type") ? "rope_type" : "type");
    if (*type->string() == "llama3") return add_llama3(*scaling);
    metadata.text(key("rope.scaling.type"), *type->string());
    copy_real("rope.scaling.factor", *scaling->find("factor"));
    if (*type->string() != "yarn") return;
    metadata.number(key("rope.scaling.original_context_length"),
                    static_cast<u32>(*scaling->find("original_max_position_embeddings")->integer()));
    for (const char* beta : {"beta_fast", "beta_slow"})
      if (const Json* given = scaling->find(beta))
        metadata.real(key(fmt::format("rope.scaling.yarn_{}", beta)), static_cast<float>(*given->number()));
    if (deepseek_)
      metadata.real(key("rope.scaling.yarn_log_multiplier"),
                    static_cast<float>(0.1 * *scaling->find("mscale_all_dim")->number()));
  }

  void add_llama3(const Json& scaling) {
    const std::vector<float> divisors = llama3_divisors({.dim = head(),
                                                         .theta = *find("rope_theta")->number(),
                                                         .factor = *scaling.find("factor")->number(),
                                                         .original_context = *scaling
                                                                                  .find("original_max_position_"
                                                                                        "embeddings")
                                                                                  ->integer(),
                                                         .scaling = RopeScaling::llama3,
                                                         .low_turns = *scaling.find("low_freq_factor")->number(),
                                                         .high_turns = *scaling.find("high_freq_factor")->number()});
    tensors["rope_freqs.weight"] = {{std::ssize(divisors)}, divisors};
  }

  i64 head() const {
    if (deepseek_) return integer("qk_nope_head_dim") + integer("qk_rope_head_dim");
    return find("head_dim") ? integer("head_dim") : integer("hidden_size") / integer("num_attention_heads");
  }

  void add_dense() {
    copy("attention.head_count_kv", "num_key_value_heads");
    for (const char* name : {"attention.key_length", "attention.value_length", "rope.dimension_count"})
      metadata.number(key(name), static_cast<u32>(head()));
  }

  void add_deepseek() {
    const i64 rank = integer("kv_lora_rank"), rope = integer("qk_rope_head_dim");
    if (!find("q_lora_rank")->is_null()) copy("attention.q_lora_rank", "q_lora_rank");
    copy("attention.kv_lora_rank", "kv_lora_rank");
    // llama.cpp stores what the cache holds, one latent key and value for all heads, and the heads' sizes as ..._mla.
    metadata.number(key("attention.head_count_kv"), 1);
    metadata.number(key("attention.key_length"), static_cast<u32>(rank + rope));
    metadata.number(key("attention.value_length"), static_cast<u32>(rank));
    metadata.number(key("attention.key_length_mla"), static_cast<u32>(head()));
    copy("attention.value_length_mla", "v_head_dim");
    copy("rope.dimension_count", "qk_rope_head_dim");
    copy("leading_dense_block_count", "first_k_dense_replace");
    copy("expert_count", "n_routed_experts");
    copy("expert_used_count", "num_experts_per_tok");
    copy("expert_shared_count", "n_shared_experts");
    copy("expert_feed_forward_length", "moe_intermediate_size");
    copy("expert_group_count", "n_group");
    copy("expert_group_used_count", "topk_group");
    metadata.number(key("expert_gating_func"), *find("scoring_func")->string() == "sigmoid" ? 2 : 1);
    metadata.flag(key("expert_weights_norm"), *find("norm_topk_prob")->boolean());
    copy_real("expert_weights_scale", *find("routed_scaling_factor"));
  }

  void add_tensor(const std::string& name, Tensor t) {
    static const std::map<std::string, std::string> kNames{
        {"model.embed_tokens.weight", "token_embd.weight"},
        {"model.norm.weight", "output_norm.weight"},
        {"lm_head.weight", "output.weight"},
        {"input_layernorm.weight", "attn_norm.weight"},
        {"self_attn.q_proj", "attn_q"},
        {"self_attn.k_proj", "attn_k"},
        {"self_attn.v_proj", "attn_v"},
        {"self_attn.o_proj", "attn_output"},
        {"self_attn.q_norm.weight", "attn_q_norm.weight"},
        {"self_attn.k_norm.weight", "attn_k_norm.weight"},
        {"self_attn.q_a_proj.weight", "attn_q_a.weight"},
        {"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
        {"self_attn.q_b_proj.weight", "attn_q_b.weight"},
        {"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
        {"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
        {"post_attention_layernorm.weight", "ffn_norm.weight"},
        {"mlp.gate_proj.weight", "ffn_gate.weight"},
        {"mlp.up_proj.weight", "ffn_up.weight"},
        {"mlp.down_proj.weight", "ffn_down.weight"},
        {"mlp.gate.weight", "ffn_gate_inp.weight"},
        {"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
        {"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
        {"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
        {"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
        {"eh_proj.weight", "nextn.eh_proj.weight"},
        {"enorm.weight", "nextn.enorm.weight"},
        {"hnorm.weight", "nextn.hnorm.weight"},
        {"shared_head.norm.weight", "nextn.shared_head_norm.weight"},
    };
    const std::string inside = "model.layers.";
    if (!name.starts_with(inside)) return void(tensors[kNames.at(name)] = std::move(t));
    const size_t dot = name.find('.', inside.size());
    const std::string blk = "blk." + name.substr(inside.size(), dot - inside.size()) + ".";
    std::string rest = name.substr(dot + 1);
    if (rest == "self_attn.kv_b_proj.weight") return split_kv_b(blk, t);
    if (rest.starts_with("mlp.experts.")) return stack(blk, rest, t);
    if (architecture_ == "llama" && (rest.starts_with("self_attn.q_proj") || rest.starts_with("self_attn.k_proj")))
      t = paired(t);
    const size_t last = rest.rfind('.');
    const auto exact = kNames.find(rest);
    const std::string target =
        exact != kNames.end() ? exact->second : kNames.at(rest.substr(0, last)) + rest.substr(last);
    tensors[blk + target] = std::move(t);
  }

  // llama rotates neighbouring rows: row i of the first half of a head goes to 2i, of the second half to 2i+1.
  Tensor paired(const Tensor& t) const {
    Tensor out = t;
    const i64 n = t.per_row(), half = head() / 2;
    for (i64 r = 0; r < t.shape[0]; ++r) {
      const i64 h = r / head(), i = r % head();
      const i64 to = h * head() + (i < half ? 2 * i : 2 * (i - half) + 1);
      std::copy_n(t.values.data() + r * n, n, out.values.data() + to * n);
    }
    return out;
  }

  // kv_b is [heads · (nope + v), rank]; k_b is [heads, rank, nope], v_b is [heads, v, rank].
  void split_kv_b(const std::string& blk, const Tensor& kv_b) {
    const i64 heads = integer("num_attention_heads"), nope = integer("qk_nope_head_dim");
    const i64 v = integer("v_head_dim"), rank = integer("kv_lora_rank");
    Tensor k{{heads, rank, nope}, std::vector<float>(heads * rank * nope)};
    Tensor u{{heads, v, rank}, std::vector<float>(heads * v * rank)};
    for (i64 h = 0; h < heads; ++h)
      for (i64 r = 0; r < nope + v; ++r)
        for (i64 c = 0; c < rank; ++c) {
          const float x = kv_b.values[(h * (nope + v) + r) * rank + c];
          if (r < nope) k.values[(h * rank + c) * nope + r] = x;
          else u.values[(h * v + r - nope) * rank + c] = x;
        }
    tensors[blk + "attn_k_b.weight"] = std::move(k);
    tensors[blk + "attn_v_b.weight"] = std::move(u);
  }

  // mlp.experts.E.gate_proj.weight is matrix E of ffn_gate_exps.weight.
  void stack(const std::string& blk, const std::string& rest, const Tensor& t) {
    const size_t begin = std::string("mlp.experts.").size(), dot = rest.find('.', begin);
    const i64 expert = std::stoll(rest.substr(begin, dot - begin));
    const std::string which = rest.substr(dot + 1, rest.find("_proj") - dot - 1);
    Tensor& all = tensors[blk + "ffn_" + which + "_exps.weight"];
    all.shape = {integer("n_routed_experts"), t.shape[0], t.shape[1]};
    all.values.resize(all.shape[0] * t.values.size());
    std::copy(t.values.begin(), t.values.end(), all.values.begin() + expert * std::ssize(t.values));
  }

  Json config_;
  std::string architecture_;
  bool deepseek_ = false;
};

}  // namespace r1
