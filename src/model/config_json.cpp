#include "model/config_json.hpp"

#include <cmath>
#include <string>

#include "formats/stored_tensor.hpp"

namespace r1 {
namespace {

Result<i32> token_id(const JsonFields& f, std::string_view key, i64 id, i64 vocab) {
  if (id >= 0 && id < vocab) return static_cast<i32>(id);
  return fail(Errc::corrupt, "{}: {} is outside the vocabulary of {}", f.where(key), id, vocab);
}

Result<double> number_above(const JsonFields& f, std::string_view key, double low,
                            std::optional<double> fallback = {}) {
  const double x = R1_TRY(f.number(key, fallback));
  if (std::isfinite(static_cast<float>(x)) && x > low) return x;
  return refuse(f, key, fmt::format("{}, must be above {} and a finite f32", x, low));
}

Status check_whole_heads(const JsonFields& f) {
  const double part = R1_TRY(f.number("partial_rotary_factor", 1));
  if (part == 1) return {};
  return refuse(f, "partial_rotary_factor",
                fmt::format("{}; only heads that are rotated as a whole are supported", part));
}

// YaRN's factors: attention_factor multiplies cos and sin; mscale and mscale_all_dim give such a factor too, and in
// DeepSeek's models also scale the softmax, which attention_factor does not. Where only one of the two mscale is given,
// transformers ignores it and DeepSeek's own code uses it, so that is refused for DeepSeek's models.
Status parse_magnitude(const JsonFields& r, RopeFor model, RopeConfig& c) {
  const bool deepseek = model == RopeFor::deepseek;
  c.mscale = 1, c.mscale_all_dim = 0;
  if (r.has("attention_factor")) {
    const double factor = c.attention_factor = R1_TRY(number_above(r, "attention_factor", 0));
    if (c.factor == 1)
      return refuse(r, "attention_factor", fmt::format("{} together with factor 1, which stretches nothing", factor));
    if (!deepseek) return {};
  }
  const double m = R1_TRY(r.number("mscale", 1)), all = R1_TRY(r.number("mscale_all_dim", 0));
  if (deepseek && (all == 0 ? m != 1 : !r.has("mscale")))
    return refuse(
        r, "mscale",
        fmt::format("{} and mscale_all_dim {}: implementations differ where only one of the two is given", m, all));
  if (!r.has("mscale") || !r.has("mscale_all_dim") || (deepseek && all == 0)) return {};
  c.mscale = R1_TRY(number_above(r, "mscale", 0));
  c.mscale_all_dim = R1_TRY(number_above(r, "mscale_all_dim", 0));
  return {};
}

Status parse_yarn(const JsonFields& r, RopeFor model, RopeConfig& c) {
  c.scaling = RopeScaling::yarn;
  c.beta_fast = R1_TRY(number_above(r, "beta_fast", 0, 32));
  c.beta_slow = R1_TRY(number_above(r, "beta_slow", 0, 1));
  R1_TRY(parse_magnitude(r, model, c));
  if (!R1_TRY(r.boolean("truncate", true)))
    return refuse(r, "truncate", "false; only a ramp that begins and ends at whole pairs is supported");
  return {};
}

Status parse_llama3(const JsonFields& r, RopeConfig& c) {
  c.scaling = RopeScaling::llama3;
  c.low_turns = R1_TRY(number_above(r, "low_freq_factor", 0));
  c.high_turns = R1_TRY(number_above(r, "high_freq_factor", 0));
  if (c.high_turns > c.low_turns) return {};
  return refuse(r, "high_freq_factor", fmt::format("{}, must be above low_freq_factor {}", c.high_turns, c.low_turns));
}

}  // namespace

tl::unexpected<Error> refuse(const JsonFields& f, std::string_view key, std::string_view why) {
  return fail(Errc::unsupported, "{}: {}", f.where(key), why);
}

Result<TokenIds> parse_token_ids(const JsonFields& f, i64 vocab) {
  TokenIds ids;
  if (f.has("bos_token_id")) {
    const std::vector<i64> bos = R1_TRY(f.integers("bos_token_id"));
    if (bos.size() > 1) return refuse(f, "bos_token_id", fmt::format("{} ids, at most one is supported", bos.size()));
    if (!bos.empty() && bos[0] != -1) ids.bos = R1_TRY(token_id(f, "bos_token_id", bos[0], vocab));
  }
  if (f.has("eos_token_id"))
    for (const i64 id : R1_TRY(f.integers("eos_token_id")))
      ids.eos.push_back(R1_TRY(token_id(f, "eos_token_id", id, vocab)));
  return ids;
}

Json bos_json(const TokenIds& ids) { return ids.bos < 0 ? Json() : Json(ids.bos); }
Json eos_json(const TokenIds& ids) {
  return ids.eos.empty() ? Json() : ids.eos.size() == 1 ? Json(ids.eos[0]) : Json::array_of(ids.eos);
}

Result<float> parse_eps(const JsonFields& f) {
  const double eps = R1_TRY(f.number("rms_norm_eps", 1e-6));
  if (static_cast<float>(eps) > 0 && static_cast<float>(eps) < 1) return static_cast<float>(eps);
  return refuse(f, "rms_norm_eps", fmt::format("{}, must lie between 0 and 1", eps));
}

Status check_quantization(const JsonFields& f) {
  if (!f.has("quantization_config")) return {};
  const JsonFields q = R1_TRY(f.object("quantization_config"));
  const std::string method = R1_TRY(q.string("quant_method"));
  if (method != "fp8") return refuse(q, "quant_method", fmt::format("\"{}\", known: fp8", method));
  if (!q.has("weight_block_size")) return {};
  const std::vector<i64> block = R1_TRY(q.integers("weight_block_size"));
  if (block == std::vector<i64>{128, 128}) return {};
  return refuse(q, "weight_block_size", fmt::format("{}, known: [128,128]", shape_text(block)));
}

Result<RopeConfig> parse_rope(const JsonFields& f, i64 dim, i64 context, RopeFor model) {
  RopeConfig c;
  c.dim = dim;
  const char* const key = f.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  const double theta = R1_TRY(number_above(f, "rope_theta", 1, 10000));
  c.theta = theta;
  R1_TRY(check_whole_heads(f));
  if (!f.has(key)) return c;
  const JsonFields r = R1_TRY(f.object(key));
  R1_TRY(check_whole_heads(r));
  c.theta = R1_TRY(number_above(r, "rope_theta", 1, theta));
  const std::string type = R1_TRY(r.string(r.has("rope_type") ? "rope_type" : "type", "default"));
  if (type == "default") return c;
  const bool deepseek = model == RopeFor::deepseek;
  if (type != "yarn" && (deepseek || (type != "linear" && type != "llama3")))
    return refuse(r, r.has("rope_type") ? "rope_type" : "type",
                  fmt::format("\"{}\", known: {}", type, deepseek ? "default, yarn" : "default, linear, yarn, llama3"));
  c.factor = R1_TRY(r.number("factor"));
  if (!(c.factor >= 1) || !std::isfinite(static_cast<float>(c.factor)))
    return refuse(r, "factor", fmt::format("{}, must be at least 1 and a finite f32", c.factor));
  // As in transformers, the field outside of rope_scaling wins over the one inside. If neither exists, the context is
  // the original one.
  const i64 inside = R1_TRY(r.positive("original_max_position_embeddings", context));
  c.original_context = R1_TRY(f.positive("original_max_position_embeddings", inside));
  if (type == "yarn") R1_TRY(parse_yarn(r, model, c));
  if (type == "llama3") R1_TRY(parse_llama3(r, c));
  if (type == "linear") c.scaling = RopeScaling::linear;
  return c;
}

Json rope_scaling_json(const RopeConfig& c, const char* type_key) {
  if (c.factor == 1) return {};
  const char* const type = c.scaling == RopeScaling::linear ? "linear"
                           : c.scaling == RopeScaling::yarn ? "yarn"
                                                            : "llama3";
  Json j = Json::object({{type_key, type}, {"factor", c.factor}});
  if (c.scaling == RopeScaling::linear) return j;
  j.set("original_max_position_embeddings", c.original_context);
  if (c.scaling == RopeScaling::llama3)
    return j.set("low_freq_factor", c.low_turns).set("high_freq_factor", c.high_turns);
  j.set("beta_fast", c.beta_fast).set("beta_slow", c.beta_slow);
  if (c.attention_factor != 0) j.set("attention_factor", c.attention_factor);
  if (c.mscale_all_dim != 0) j.set("mscale", c.mscale).set("mscale_all_dim", c.mscale_all_dim);
  return j;
}

double shortest(float x) { return std::stod(fmt::format("{}", x)); }

const char* torch_dtype(DType dtype) {
  return dtype == DType::f32 ? "float32" : dtype == DType::bf16 ? "bfloat16" : "float16";
}

}  // namespace r1
