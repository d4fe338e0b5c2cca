// Metadata → config.json. The reverse is in gguf_metadata.cpp.
#include "model/gguf/config.hpp"

#include <cmath>

#include "model/config_json.hpp"
#include "model/gguf/llama3_rope.hpp"
#include "model/published.hpp"

namespace r1 {
namespace {

// Limits of the reference, and one of ours: stacks of experts become as many weights.
constexpr i64 kMostBlocks = 512, kMostExperts = 1024, kMostMatrices = 1 << 16;

// The number that a person wrote: 1e-6, not the double nearest to the float nearest to it.
double decimal(double v) { return shortest(static_cast<float>(v)); }

class Metadata {
 public:
  explicit Metadata(const Gguf& file, std::string architecture) : file_(file), architecture_(std::move(architecture)) {}

  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }
  bool holds(std::string_view name) const { return file_.holds(key(name)); }
  bool tensor(std::string_view name) const {
    return file_.tensors().contains(name) || file_.unsupported().contains(std::string(name));
  }

  // A scalar, or an array of one value per block that are all the same.
  Result<i64> integer(std::string_view name) const {
    const std::string k = key(name);
    const std::vector<i64> all = R1_TRY(file_.integers(k));
    if (all.empty()) return fail(Errc::corrupt, "{}: {}: an empty array", file_.path(), k);
    const i64 blocks = R1_TRY(file_.integer(key("block_count")));
    if (file_.type(k) == GgufType::array && static_cast<i64>(all.size()) != blocks)
      return fail(Errc::corrupt, "{}: {}: {} values for {} blocks", file_.path(), k, all.size(), blocks);
    for (const i64 n : all)
      if (n != all[0])
        return fail(Errc::unsupported, "{}: {}: {} in one block and {} in another; blocks must be alike", file_.path(),
                    k, all[0], n);
    return all[0];
  }
  Result<i64> integer(std::string_view name, i64 fallback) const { return holds(name) ? integer(name) : fallback; }
  Result<i64> positive(std::string_view name, std::optional<i64> fallback = {}) const {
    const i64 n = fallback ? R1_TRY(integer(name, *fallback)) : R1_TRY(integer(name));
    if (n < 1 || n > INT32_MAX)
      return fail(Errc::corrupt, "{}: {}: {}, expected 1..2^31-1", file_.path(), key(name), n);
    return n;
  }
  Result<double> number(std::string_view name) const { return decimal(R1_TRY(finite(name, file_.number(key(name))))); }
  Result<double> number(std::string_view name, double fallback) const { return holds(name) ? number(name) : fallback; }
  Result<bool> flag(std::string_view name, bool fallback) const { return file_.flag(key(name), fallback); }
  Result<std::string> text(std::string_view name, std::string_view fallback) const {
    return file_.text(key(name), fallback);
  }

  tl::unexpected<Error> refuse(std::string_view name, std::string_view why) const {
    return fail(Errc::unsupported, "{}: {}: {}", file_.path(), key(name), why);
  }
  const Gguf& file() const { return file_; }
  const std::string& architecture() const { return architecture_; }

 private:
  Result<double> finite(std::string_view name, Result<double> v) const {
    if (v && !std::isfinite(static_cast<float>(*v)))
      return fail(Errc::corrupt, "{}: {}: {}, must be a finite f32", file_.path(), key(name), *v);
    return v;
  }
  const Gguf& file_;
  std::string architecture_;
};

// Ids of the tokenizer inside the vocabulary. Writers leave GPT-2's 11 where a model has none; the reference ignores
// ids out of range.
Result<std::optional<i64>> token_id(const Gguf& file, std::string_view name, i64 vocab) {
  const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
  if (!file.holds(key)) return std::optional<i64>();
  const i64 id = R1_TRY(file.integer(key));
  return id >= 0 && id < vocab ? std::optional(id) : std::nullopt;
}

Status add_ids(const Gguf& file, i64 vocab, Json& j) {
  const auto bos = R1_TRY(token_id(file, "bos", vocab));
  j.set("bos_token_id", bos ? Json(*bos) : Json());
  std::vector<i64> ends;
  for (const char* name : {"eos", "eot", "eom"}) {
    const auto id = R1_TRY(token_id(file, name, vocab));
    if (id && std::find(ends.begin(), ends.end(), *id) == ends.end()) ends.push_back(*id);
  }
  j.set("eos_token_id", ends.empty() ? Json() : ends.size() == 1 ? Json(ends[0]) : Json::array_of(ends));
  return {};
}

// Rows of the embedding: what ids index, and never fewer than there are tokens.
Result<i64> vocabulary(const Metadata& m) {
  const auto embedding = m.file().tensors().find("token_embd.weight");
  if (embedding == m.file().tensors().end()) {
    if (const auto other = m.file().unsupported().find("token_embd.weight"); other != m.file().unsupported().end())
      return fail(Errc::unsupported, "{}: tensor token_embd.weight: {}", m.file().path(),
                  unsupported_type(other->second));
    return fail(Errc::corrupt, "{}: tensor token_embd.weight is missing", m.file().path());
  }
  if (embedding->second.shape.size() != 2)
    return fail(Errc::corrupt, "{}: tensor token_embd.weight: shape [{}], expected a matrix", m.file().path(),
                fmt::join(embedding->second.shape, ","));
  const i64 rows = embedding->second.shape[0];
  const i64 tokens = m.file().holds("tokenizer.ggml.tokens") ? m.file().count("tokenizer.ggml.tokens") : 0;
  if (tokens > rows)
    return fail(Errc::corrupt, "{}: tokenizer.ggml.tokens has {} tokens, token_embd.weight has {} rows",
                m.file().path(), tokens, rows);
  const i64 said = R1_TRY(m.integer("vocab_size", rows));
  if (said < 1 || said > rows)
    return fail(Errc::corrupt, "{}: {} is {}, token_embd.weight has {} rows", m.file().path(), m.key("vocab_size"),
                said, rows);
  return rows;
}

// What every architecture has. `heads` of all blocks are the same.
Result<Json> common(const Metadata& m, const char* class_name, const char* model_type) {
  const i64 vocab = R1_TRY(vocabulary(m)), blocks = R1_TRY(m.integer("block_count"));
  const i64 mtp = R1_TRY(m.integer("nextn_predict_layers", 0));
  if (blocks < 1 || blocks > kMostBlocks || mtp < 0 || mtp >= blocks)
    return fail(Errc::corrupt,
                "{}: {}: {} blocks of which {} predict further tokens, expected 1..{} and fewer of those",
                m.file().path(), m.key("block_count"), blocks, mtp, kMostBlocks);
  // Taken first: what a braced list has made so far is lost when R1_TRY returns out of it.
  const i64 hidden = R1_TRY(m.positive("embedding_length")), context = R1_TRY(m.positive("context_length"));
  const i64 heads = R1_TRY(m.positive("attention.head_count"));
  const i64 intermediate = R1_TRY(m.positive("feed_forward_length"));
  const double eps = R1_TRY(m.number("attention.layer_norm_rms_epsilon"));
  if (!(eps > 0 && eps < 1))
    return m.refuse("attention.layer_norm_rms_epsilon", fmt::format("{}, must lie between 0 and 1", eps));
  const double theta = R1_TRY(m.number("rope.freq_base", 10000));
  if (!(theta > 1)) return m.refuse("rope.freq_base", fmt::format("{}, must be above 1", theta));
  Json j = Json::object({
      {"architectures", Json::array({class_name})},
      {"model_type", model_type},
      {"vocab_size", vocab},
      {"hidden_size", hidden},
      {"num_hidden_layers", blocks - mtp},
      {"max_position_embeddings", context},
      {"num_attention_heads", heads},
      {"intermediate_size", intermediate},
      {"hidden_act", "silu"},
      {"rms_norm_eps", eps},
      {"rope_theta", theta},
      {"tie_word_embeddings", !m.tensor("output.weight")},
      {"num_nextn_predict_layers", mtp},
  });
  R1_TRY(add_ids(m.file(), vocab, j));
  return j;
}

// rope.scaling.* as rope_scaling; null where nothing is scaled. `log_multiplier`: deepseek2's, 0.1 times
// mscale_all_dim.
Result<Json> rope_scaling(const Metadata& m, bool deepseek) {
  double factor = R1_TRY(m.number("rope.scaling.factor", R1_TRY(m.number("rope.scale_linear", 1))));
  if (factor == 0) factor = 1;
  std::string type = R1_TRY(m.text("rope.scaling.type", ""));
  if (type.empty()) type = "linear";
  if (type == "none" || (type == "linear" && factor == 1)) return Json();
  if (type == "linear" && !deepseek) return Json::object({{"type", "linear"}, {"factor", factor}});
  if (type != "yarn") return m.refuse("rope.scaling.type", fmt::format("\"{}\" is not known here", type));
  for (const auto& [name, usual] : {std::pair{"rope.scaling.attn_factor", 1.0},
                                    {"rope.scaling.yarn_attn_factor", 1.0},
                                    {"rope.scaling.yarn_ext_factor", 1.0}})
    if (const double v = R1_TRY(m.number(name, usual)); v != usual)
      return m.refuse(name, fmt::format("{}, known: {}", v, usual));
  const i64 context = R1_TRY(m.positive("context_length"));
  const i64 original = R1_TRY(m.positive("rope.scaling.original_context_length", context));
  const double beta_fast = R1_TRY(m.number("rope.scaling.yarn_beta_fast", 32));
  const double beta_slow = R1_TRY(m.number("rope.scaling.yarn_beta_slow", 1));
  Json j = Json::object({{"type", "yarn"},
                         {"factor", factor},
                         {"original_max_position_embeddings", original},
                         {"beta_fast", beta_fast},
                         {"beta_slow", beta_slow}});
  if (deepseek) {
    const double all = m.holds("rope.scaling.yarn_log_multiplier")
                           ? decimal(R1_TRY(m.number("rope.scaling.yarn_log_multiplier")) * 10)
                           : 0;
    j.set("mscale", all == 0 ? 1.0 : all).set("mscale_all_dim", all);
  }
  return j;
}

// ---- deepseek2

Status add_attention(const Metadata& m, Json& j) {
  for (const char* name : {"attention.head_count_kv", "attention.key_length", "attention.value_length"})
    R1_TRY(m.positive(name, 1));  // not all of them are needed, but none may be nonsense
  const bool mla =
      R1_TRY(m.integer("attention.key_length_mla", 0)) && R1_TRY(m.integer("attention.value_length_mla", 0));
  const char* key_name = mla ? "attention.key_length_mla" : "attention.key_length";
  const i64 key = R1_TRY(m.positive(key_name)), rope = R1_TRY(m.positive("rope.dimension_count"));
  const i64 value = R1_TRY(m.positive(mla ? "attention.value_length_mla" : "attention.value_length"));
  if (key <= rope)
    return fail(Errc::corrupt, "{}: {} is {}, {} is {}: nothing is left of the key", m.file().path(), m.key(key_name),
                key, m.key("rope.dimension_count"), rope);
  // The loader of llama.cpp knows V2-Lite by its layers; the tensors say it of any model.
  const i64 q_rank = m.tensor("blk.0.attn_q.weight") ? 0 : R1_TRY(m.integer("attention.q_lora_rank", 0));
  j.set("num_key_value_heads", *j.find("num_attention_heads"))
      .set("q_lora_rank", q_rank ? Json(q_rank) : Json())
      .set("kv_lora_rank", R1_TRY(m.positive("attention.kv_lora_rank")))
      .set("qk_nope_head_dim", key - rope)
      .set("qk_rope_head_dim", rope)
      .set("v_head_dim", value);
  return {};
}

enum class Gating : i64 { unset = 0, softmax = 1, sigmoid = 2 };

Result<Gating> gating(const Metadata& m) {
  const i64 said = R1_TRY(m.integer("expert_gating_func", 0));
  if (said < 0 || said > 2)
    return m.refuse("expert_gating_func", fmt::format("{}, known: 1 (softmax), 2 (sigmoid)", said));
  if (said) return static_cast<Gating>(said);
  const i64 blocks = R1_TRY(m.integer("block_count")), vocab = R1_TRY(vocabulary(m));
  return (blocks == 47 || blocks == 48) && vocab == 154880 ? Gating::sigmoid : Gating::softmax;
}

// Files from before autumn 2025 lack the groups, and R1's are needed to compute what R1 computes.
bool groups_missing(const Metadata& m, Gating g, i64 experts) {
  return !m.holds("expert_group_count") && experts == 256 && g == Gating::sigmoid;
}

Status add_experts(const Metadata& m, Json& j) {
  const i64 experts = R1_TRY(m.integer("expert_count", 0));
  if (experts == 0) return {};
  const i64 blocks = R1_TRY(m.integer("block_count"));
  if (experts < 0 || experts > kMostExperts || experts * blocks > kMostMatrices)
    return fail(Errc::corrupt, "{}: {}: {} experts in {} blocks, expected at most {} and {} in all", m.file().path(),
                m.key("expert_count"), experts, blocks, kMostExperts, kMostMatrices);
  const Gating g = R1_TRY(gating(m));
  const i64 dense = R1_TRY(m.integer("leading_dense_block_count", 0));
  const bool bias = m.tensor(fmt::format("blk.{}.exp_probs_b.bias", dense));
  const bool normalize = R1_TRY(m.flag("expert_weights_norm", false));
  const bool missing = groups_missing(m, g, experts);
  i64 groups = R1_TRY(m.integer("expert_group_count", missing ? 8 : 1));
  i64 used = R1_TRY(m.integer("expert_group_used_count", missing ? 4 : 1));
  if (groups <= 1) groups = used = 1;
  if (groups > 1 && !bias && g == Gating::sigmoid)
    return m.refuse("expert_group_count", fmt::format("{} groups with sigmoid scores and no exp_probs_b", groups));
  double scale = R1_TRY(m.number("expert_weights_scale", 1));
  if (scale == 0) scale = 1;  // not set, as the reference reads it
  if (scale < 0) return m.refuse("expert_weights_scale", fmt::format("{}, must be above 0", scale));
  const bool v2 = g == Gating::softmax && !bias && !normalize;
  j.set("model_type", v2 ? "deepseek_v2" : "deepseek_v3")
      .set("architectures", Json::array({v2 ? "DeepseekV2ForCausalLM" : "DeepseekV3ForCausalLM"}))
      .set("first_k_dense_replace", dense)
      .set("moe_layer_freq", 1)
      .set("n_routed_experts", experts)
      .set("n_shared_experts", R1_TRY(m.integer("expert_shared_count", 0)))
      .set("num_experts_per_tok", R1_TRY(m.positive("expert_used_count")))
      .set("moe_intermediate_size", R1_TRY(m.positive("expert_feed_forward_length")))
      .set("n_group", groups)
      .set("topk_group", used)
      .set("scoring_func", g == Gating::sigmoid ? "sigmoid" : "softmax")
      .set("topk_method", bias         ? "noaux_tc"
                          : groups > 1 ? "group_limited_greedy"
                                       : "greedy")
      .set("norm_topk_prob", normalize)
      .set("routed_scaling_factor", scale);
  return {};
}

Result<Json> deepseek2(const Metadata& m) {
  if (m.holds("attention.temperature_scale") || m.holds("attention.temperature_length"))
    return m.refuse("attention.temperature_scale", "scaled attention is not known here");
  Json j = R1_TRY(common(m, "DeepseekV3ForCausalLM", "deepseek_v3"));
  R1_TRY(add_attention(m, j));
  j.set("rope_scaling", R1_TRY(rope_scaling(m, true)));
  R1_TRY(add_experts(m, j));
  return j;
}

// ---- qwen2 and llama

Result<i64> head_size(const Metadata& m) {
  const i64 hidden = R1_TRY(m.positive("embedding_length")), heads = R1_TRY(m.positive("attention.head_count"));
  if (!m.holds("attention.key_length") && hidden % heads)
    return fail(Errc::corrupt, "{}: {} is {}, which {} heads do not divide", m.file().path(), m.key("embedding_length"),
                hidden, heads);
  const i64 head = R1_TRY(m.positive("attention.key_length", std::max<i64>(1, hidden / heads)));
  for (const char* name : {"attention.value_length", "rope.dimension_count"})
    if (const i64 other = R1_TRY(m.integer(name, head)); other != head)
      return m.refuse(name, fmt::format("{}, heads have {}; they must be the same", other, head));
  return head;
}

Result<Json> llama3_scaling(const Metadata& m, i64 head, double theta) {
  const StoredTensor& t = m.file().tensors().find("rope_freqs.weight")->second;
  if (t.shape != std::vector<i64>{head / 2})
    return fail(Errc::corrupt, "{}: tensor rope_freqs.weight: shape [{}], the metadata asks for [{}]", m.file().path(),
                fmt::join(t.shape, ","), head / 2);
  std::vector<float> found(head / 2);
  read_rows(t, 0, 1, found.data());
  if (const auto c = llama3_of(found, theta)) return rope_scaling_json(*c);
  return fail(Errc::unsupported,
              "{}: tensor rope_freqs.weight: its divisors, {} to {}, are not those of Llama 3's formula",
              m.file().path(), found.front(), found.back());
}

Result<Json> grouped(const Metadata& m, const char* class_name, const char* model_type) {
  if (const i64 experts = R1_TRY(m.integer("expert_count", 0)))
    return m.refuse("expert_count", fmt::format("{}; {} with experts is not known here", experts, model_type));
  Json j = R1_TRY(common(m, class_name, model_type));
  const i64 head = R1_TRY(head_size(m));
  j.set("num_key_value_heads", R1_TRY(m.positive("attention.head_count_kv", *j.find("num_attention_heads")->integer())))
      .set("head_dim", head)
      .set("rope_scaling", R1_TRY(rope_scaling(m, false)));
  if (!m.file().tensors().contains("rope_freqs.weight")) return j;
  if (!j.find("rope_scaling")->is_null()) return m.refuse("rope.scaling.type", "given beside rope_freqs.weight");
  const double theta = *j.find("rope_theta")->number();
  return j.set("rope_scaling", R1_TRY(llama3_scaling(m, head, theta)));
}

}  // namespace

Result<Json> config_of_gguf(const Gguf& file) {
  const std::string architecture = R1_TRY(file.text("general.architecture"));
  const std::string type = R1_TRY(file.text("general.type", "model"));
  if (type != "model") return fail(Errc::unsupported, "{}: general.type: \"{}\" is not a model", file.path(), type);
  const Metadata m(file, architecture);
  if (architecture == "deepseek2") return deepseek2(m);
  if (architecture == "qwen2") return grouped(m, "Qwen2ForCausalLM", "qwen2");
  if (architecture == "llama") {
    Json j = R1_TRY(grouped(m, "LlamaForCausalLM", "llama"));
    return j.set("attention_bias", m.tensor("blk.0.attn_q.bias") || m.tensor("blk.0.attn_qkv.bias"));
  }
  return fail(Errc::unsupported, "{}: general.architecture: \"{}\", known: deepseek2, qwen2, llama", file.path(),
              architecture);
}

std::vector<std::string> gguf_notes(const Gguf& file) {
  std::vector<std::string> notes;
  const auto architecture = file.text("general.architecture", "");
  const Metadata m(file, architecture.value_or(""));
  if (m.architecture() == "deepseek2") {
    const auto g = gating(m);
    if (g && groups_missing(m, *g, m.integer("expert_count", 0).value_or(0)))
      notes.push_back("no expert_group_count (a file from before autumn 2025): R1's 8 groups of which 4 are used");
    if (m.tensor("blk.0.attn_kv_b.weight"))
      notes.push_back(m.tensor("blk.0.attn_k_b.weight") ? "attention in ik_llama.cpp's form: attn_kv_b and its halves"
                                                        : "attention in the form from before April 2025: attn_kv_b");
    if (m.holds("nextn_predict_layers")) notes.push_back("holds the MTP module (nextn)");
  }
  if (!m.tensor("output.weight")) notes.push_back("the head is the embedding (no output.weight)");
  if (!file.holds("tokenizer.ggml.tokens")) notes.push_back("no tokenizer");
  if (!file.holds("tokenizer.chat_template")) notes.push_back("no chat template");
  if (file.version() == 2) notes.push_back("GGUF version 2");
  if (file.files() > 1) notes.push_back(fmt::format("split over {} files", file.files()));
  for (const auto& [name, type_name] : file.unsupported())
    notes.push_back(fmt::format("tensor {} has type {}, which is not supported", name, type_name));
  return notes;
}

}  // namespace r1
