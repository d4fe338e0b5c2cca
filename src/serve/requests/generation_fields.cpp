#include "serve/requests/generation_fields.hpp"

#include <charconv>

namespace r1 {
namespace {

constexpr double kMostI64 = 9.3e18;  // more than any i64: the type alone limits the value
constexpr double kMostI32 = 2147483647;

constexpr FieldRule kGenerationRules[] = {
    {"model", JsonKind::text, 0, 256},
    {"stream", JsonKind::boolean},
    {"stream_options", JsonKind::object},
    {"temperature", JsonKind::number, 0, 2},
    {"top_p", JsonKind::number, 0, 1, true},
    {"top_k", JsonKind::integer, 0, kMostI32},
    {"min_p", JsonKind::number, 0, 1},
    {"presence_penalty", JsonKind::number, -2, 2},
    {"frequency_penalty", JsonKind::number, -2, 2},
    {"repetition_penalty", JsonKind::number, 0, 100, true},
    {"seed", JsonKind::integer, -kMostI64, kMostI64},
    {"n", JsonKind::integer, 1, kMostSamples},
    {"max_tokens", JsonKind::integer, 1, kMostI32},
    {"max_completion_tokens", JsonKind::integer, 1, kMostI32},
    {"stop", JsonKind::text_or_array},
    {"ignore_eos", JsonKind::boolean},
    {"logit_bias", JsonKind::object},
    {"return_progress", JsonKind::boolean},
    {"resumable", JsonKind::boolean},
    {"user", JsonKind::text, 0, 512},
    {"user_id", JsonKind::text, 0, 512},
    {"safety_identifier", JsonKind::text, 0, 512},
    {"prompt_cache_key", JsonKind::text, 0, 512},
    {"cache_salt", JsonKind::text, 0, 512},
    {"audio", JsonKind::refused, 0, 0, false, "this model writes text only"},
    {"functions", JsonKind::refused, 0, 0, false, "replaced by tools"},
};

ApiStatus add_stop(const Json& value, std::string where, std::vector<std::string>& stops) {
  const std::string* const text = value.string();
  if (!text) return bad_field(where, fmt::format("{}: {}, expected a string", where, value.describe()), "invalid_type");
  if (text->empty() || std::ssize(*text) > kMostStopBytes)
    return bad_field(where, fmt::format("{}: {} bytes, must be 1 to {}", where, text->size(), kMostStopBytes));
  stops.push_back(*text);
  return {};
}

ApiResult<std::vector<std::string>> read_stops(const Json& value) {
  std::vector<std::string> stops;
  const Json::Array* const items = value.array();
  if (!items) {
    R1_TRY(add_stop(value, "stop", stops));
    return stops;
  }
  if (std::ssize(*items) > kMostStops)
    return bad_field("stop", fmt::format("stop: {} strings, must be at most {}", items->size(), kMostStops));
  for (const Json& item : *items) R1_TRY(add_stop(item, fmt::format("stop[{}]", stops.size()), stops));
  return stops;
}

ApiResult<std::vector<std::pair<i32, float>>> read_biases(const Json::Object& members) {
  constexpr double kMostBias = 100;
  std::vector<std::pair<i32, float>> biases;
  if (std::ssize(members) > kMostBiases)
    return bad_field("logit_bias",
                     fmt::format("logit_bias: {} tokens, must be at most {}", members.size(), kMostBiases));
  for (const auto& [key, value] : members) {
    i32 id = -1;
    const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), id);
    const bool is_id = failed == std::errc() && end == key.data() + key.size() && id >= 0;
    if (!is_id)
      return bad_field("logit_bias", fmt::format("logit_bias: the key {} is not the id of a token", quoted_text(key)));
    const auto bias = value.number();
    if (!bias || !(*bias >= -kMostBias && *bias <= kMostBias))
      return bad_field("logit_bias", fmt::format("logit_bias.{}: {}, must be a number from -{} to {}", id,
                                                 value.describe(), kMostBias, kMostBias));
    biases.emplace_back(id, static_cast<float>(*bias));
  }
  return biases;
}

}  // namespace

std::span<const FieldRule> generation_rules() { return kGenerationRules; }

ApiResult<GenerationFields> read_generation_fields(const Json& object) {
  R1_TRY(check_fields(object, kGenerationRules));
  const CheckedFields in(object);
  GenerationFields out;
  if (const std::string* model = in.text("model")) out.model = *model;
  out.sampling = {in.number("temperature"),        in.number("top_p"),  in.number("min_p"),
                  in.number("repetition_penalty"), in.integer("top_k"), {}};
  if (const auto seed = in.integer("seed")) out.sampling.seed = static_cast<u64>(*seed);
  out.presence_penalty = in.number("presence_penalty").value_or(0);
  out.frequency_penalty = in.number("frequency_penalty").value_or(0);
  if (const Json* biases = in.find("logit_bias")) out.logit_bias = R1_TRY(read_biases(*biases->object()));
  out.max_tokens = in.integer("max_completion_tokens");
  if (!out.max_tokens) out.max_tokens = in.integer("max_tokens");
  out.samples = in.integer("n").value_or(1);
  if (const Json* stop = in.find("stop")) out.stop = R1_TRY(read_stops(*stop));
  out.ignore_eos = in.is_set("ignore_eos");
  out.stream = in.is_set("stream");
  if (const Json* options = in.find("stream_options")) {
    static constexpr FieldRule kStreamRules[] = {{"include_usage", JsonKind::boolean},
                                                 {"include_obfuscation", JsonKind::boolean}};
    if (!out.stream) return bad_field("stream_options", "stream_options: only allowed when stream is true");
    R1_TRY(check_fields(*options, kStreamRules, "stream_options"));
    out.include_usage = CheckedFields(*options).is_set("include_usage");
  }
  out.return_progress = in.is_set("return_progress");
  out.resumable = in.is_set("resumable");
  if (out.resumable && !out.stream) return bad_field("resumable", "resumable: only allowed when stream is true");
  for (const char* name : {"cache_salt", "user_id", "user"})
    if (const std::string* salt = in.text(name); salt && out.cache_salt.empty()) out.cache_salt = *salt;
  return out;
}

}  // namespace r1
