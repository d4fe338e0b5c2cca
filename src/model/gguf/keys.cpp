#include "model/gguf/keys.hpp"

#include <algorithm>
#include <cmath>

#include "formats/safetensors.hpp"
#include "model/architectures.hpp"
#include "model/config_json.hpp"

namespace r1 {
namespace {

constexpr i64 kMostBlocks = 512;  // llama.cpp's limit

// An id of the tokenizer. None if it lies outside of the vocabulary: writers leave GPT-2's 11 in files of models that
// have no such token, and llama.cpp ignores ids out of range.
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

}  // namespace

Result<i64> GgufKeys::integer(std::string_view name) const {
  const std::string k = key(name);
  const std::vector<i64> all = R1_TRY(file_.integers(k));
  if (all.empty()) return fail(Errc::corrupt, "{}: {}: an empty array", file_.path(), k);
  const i64 blocks = R1_TRY(file_.integer(key("block_count")));
  if (file_.type(k) == GgufType::array && std::ssize(all) != blocks)
    return fail(Errc::corrupt, "{}: {}: {} values for {} blocks", file_.path(), k, all.size(), blocks);
  for (const i64 n : all)
    if (n != all[0])
      return fail(Errc::unsupported, "{}: {}: {} in one block and {} in another; blocks must be alike", file_.path(), k,
                  all[0], n);
  return all[0];
}

Result<i64> GgufKeys::positive(std::string_view name, std::optional<i64> fallback) const {
  const i64 n = fallback ? R1_TRY(integer(name, *fallback)) : R1_TRY(integer(name));
  if (n < 1 || n > INT32_MAX) return fail(Errc::corrupt, "{}: {}: {}, expected 1..2^31-1", file_.path(), key(name), n);
  return n;
}

Result<double> GgufKeys::number(std::string_view name) const {
  const double v = R1_TRY(file_.number(key(name)));
  if (!std::isfinite(static_cast<float>(v)))
    return fail(Errc::corrupt, "{}: {}: {}, must be a finite f32", file_.path(), key(name), v);
  return shortest(static_cast<float>(v));
}

tl::unexpected<Error> GgufKeys::refuse(std::string_view name, std::string_view why) const {
  return fail(Errc::unsupported, "{}: {}: {}", file_.path(), key(name), why);
}

Result<i64> vocabulary(const GgufKeys& keys) {
  const Gguf& file = keys.file();
  const auto embedding = file.tensors().find("token_embd.weight");
  if (embedding == file.tensors().end()) {
    if (const auto other = file.unsupported().find("token_embd.weight"); other != file.unsupported().end())
      return fail(Errc::unsupported, "{}: tensor token_embd.weight: {}", file.path(), unsupported_type(other->second));
    return fail(Errc::corrupt, "{}: tensor token_embd.weight is missing", file.path());
  }
  const std::vector<i64>& shape = embedding->second.shape;
  if (shape.size() != 2)
    return fail(Errc::corrupt, "{}: tensor token_embd.weight: shape {}, expected a matrix", file.path(),
                shape_text(shape));
  const i64 rows = shape[0];
  const i64 tokens = file.holds("tokenizer.ggml.tokens") ? file.count("tokenizer.ggml.tokens") : 0;
  if (tokens > rows)
    return fail(Errc::corrupt, "{}: tokenizer.ggml.tokens has {} tokens, token_embd.weight has {} rows", file.path(),
                tokens, rows);
  const i64 said = R1_TRY(keys.integer("vocab_size", rows));
  if (said < 1 || said > rows)
    return fail(Errc::corrupt, "{}: {} is {}, token_embd.weight has {} rows", file.path(), keys.key("vocab_size"), said,
                rows);
  return rows;
}

Result<Json> common_config(const GgufKeys& keys, std::string_view model_type) {
  const i64 vocab = R1_TRY(vocabulary(keys)), blocks = R1_TRY(keys.integer("block_count"));
  const i64 mtp = R1_TRY(keys.integer("nextn_predict_layers", 0));
  if (blocks < 1 || blocks > kMostBlocks || mtp < 0 || mtp >= blocks)
    return fail(Errc::corrupt,
                "{}: {}: {} blocks of which {} predict further tokens, expected 1..{} and fewer of those",
                keys.file().path(), keys.key("block_count"), blocks, mtp, kMostBlocks);
  // R1_TRY may not stand in the braced list below: if it returned, what the list has built so far would leak.
  const i64 hidden = R1_TRY(keys.positive("embedding_length")), context = R1_TRY(keys.positive("context_length"));
  const i64 heads = R1_TRY(keys.positive("attention.head_count"));
  const i64 intermediate = R1_TRY(keys.positive("feed_forward_length"));
  const double eps = R1_TRY(keys.number("attention.layer_norm_rms_epsilon"));
  if (!(eps > 0 && eps < 1))
    return keys.refuse("attention.layer_norm_rms_epsilon", fmt::format("{}, must lie between 0 and 1", eps));
  const double theta = R1_TRY(keys.number("rope.freq_base", 10000));
  if (!(theta > 1)) return keys.refuse("rope.freq_base", fmt::format("{}, must be above 1", theta));
  Json j = Json::object({
      {"architectures", Json::array({architecture_named(model_type).class_name})},
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
      {"tie_word_embeddings", !keys.tensor("output.weight")},
      {"num_nextn_predict_layers", mtp},
  });
  R1_TRY(add_ids(keys.file(), vocab, j));
  return j;
}

Result<Json> rope_scaling(const GgufKeys& keys, GgufScaling kind) {
  double factor = R1_TRY(keys.number("rope.scaling.factor", R1_TRY(keys.number("rope.scale_linear", 1))));
  if (factor == 0) factor = 1;
  std::string type = R1_TRY(keys.text("rope.scaling.type", ""));
  if (type.empty()) type = "linear";
  if (type == "none" || (type == "linear" && factor == 1)) return Json();
  if (type == "linear" && kind == GgufScaling::dense) return Json::object({{"type", "linear"}, {"factor", factor}});
  if (type != "yarn") return keys.refuse("rope.scaling.type", fmt::format("\"{}\" is not supported", type));
  const bool dense = kind == GgufScaling::dense;
  std::vector<const char*> known_as_1{"rope.scaling.yarn_ext_factor"};
  if (!dense) known_as_1.insert(known_as_1.end(), {kAttnFactor, kUnusedAttnFactor});
  for (const char* name : known_as_1)
    if (const double v = R1_TRY(keys.number(name, 1)); v != 1) return keys.refuse(name, fmt::format("{}, known: 1", v));
  const i64 context = R1_TRY(keys.positive("context_length"));
  const i64 original = R1_TRY(keys.positive("rope.scaling.original_context_length", context));
  const double beta_fast = R1_TRY(keys.number("rope.scaling.yarn_beta_fast", 32));
  const double beta_slow = R1_TRY(keys.number("rope.scaling.yarn_beta_slow", 1));
  Json j = Json::object({{"type", "yarn"},
                         {"factor", factor},
                         {"original_max_position_embeddings", original},
                         {"beta_fast", beta_fast},
                         {"beta_slow", beta_slow}});
  if (dense) {
    const double attn_factor = R1_TRY(keys.number(kAttnFactor, 1));
    if (attn_factor == 1) return j;
    return j.set("attention_factor", shortest(static_cast<float>(attn_factor * yarn_mscale(factor, 1))));
  }
  constexpr const char* kLogMultiplier = "rope.scaling.yarn_log_multiplier";  // 0.1 times mscale_all_dim
  const double log_multiplier = R1_TRY(keys.number(kLogMultiplier, 0));
  const double all = shortest(static_cast<float>(log_multiplier * 10));
  return j.set("mscale", all == 0 ? 1.0 : all).set("mscale_all_dim", all);
}

}  // namespace r1
