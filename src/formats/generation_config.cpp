#include "formats/generation_config.hpp"

#include <cmath>

#include "formats/model_folder.hpp"

namespace r1 {
namespace {

constexpr i64 kMaxId = std::numeric_limits<i32>::max();

Result<double> number_in(const JsonFields& fields, const char* key, double low, double high, double fallback) {
  const double value = R1_TRY(fields.number(key, fallback));
  if (!(value >= low && value <= high)) {
    return fail(Errc::corrupt, "{}: expected {} to {}, found {}", fields.where(key), low, high, value);
  }
  return value;
}

Result<std::optional<i64>> optional_integer(const JsonFields& fields, const char* key, i64 low) {
  if (!fields.has(key)) return std::optional<i64>{};
  return R1_TRY(fields.integer_in(key, low, kMaxId));
}

}  // namespace

Result<GenerationConfig> parse_generation_config(const Json& json, const std::string& source) {
  const JsonFields fields = R1_TRY(JsonFields::of(json, source));
  GenerationConfig c;
  c.do_sample = R1_TRY(fields.boolean("do_sample", c.do_sample));
  c.temperature = R1_TRY(number_in(fields, "temperature", 0, 100, c.temperature));
  c.top_p = R1_TRY(number_in(fields, "top_p", 0, 1, c.top_p));
  c.top_k = R1_TRY(fields.integer_in("top_k", 0, kMaxId, c.top_k));
  c.min_p = R1_TRY(number_in(fields, "min_p", 0, 1, c.min_p));
  c.repetition_penalty = R1_TRY(number_in(fields, "repetition_penalty", 0.01, 100, c.repetition_penalty));
  c.max_new_tokens = R1_TRY(optional_integer(fields, "max_new_tokens", 1));
  c.bos_token_id = R1_TRY(optional_integer(fields, "bos_token_id", 0));
  c.pad_token_id = R1_TRY(optional_integer(fields, "pad_token_id", 0));
  if (fields.has("eos_token_id")) c.eos_token_ids = R1_TRY(fields.integers("eos_token_id"));
  for (const i64 id : c.eos_token_ids) {
    if (id < 0 || id > kMaxId) return fail(Errc::corrupt, "{}: {} is no token id", fields.where("eos_token_id"), id);
  }
  return c;
}

Result<GenerationConfig> read_generation_config(const std::filesystem::path& model) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(model, ignored)) return generation_config_of(R1_TRY(Gguf::open(model)));
  const std::filesystem::path path = model / kGenerationFile;
  if (!std::filesystem::exists(path, ignored)) return GenerationConfig{};
  const Json json = R1_TRY(read_json(path));
  return parse_generation_config(json, path.string());
}

// Goes through the spelling of generation_config.json, so that the same checks apply.
Result<GenerationConfig> generation_config_of(const Gguf& file) {
  Json json = Json::object({});
  const auto copy = [&](const char* key, const char* name) -> Status {
    const std::string from = fmt::format("general.sampling.{}", key);
    // 0.6 is stored as the nearest float. Printing that float gives back the number that a person wrote.
    if (file.holds(from)) json.set(name, std::stod(fmt::format("{}", static_cast<float>(R1_TRY(file.number(from))))));
    return {};
  };
  R1_TRY(copy("temp", "temperature"));
  R1_TRY(copy("top_p", "top_p"));
  R1_TRY(copy("min_p", "min_p"));
  R1_TRY(copy("penalty_repeat", "repetition_penalty"));
  if (file.holds("general.sampling.top_k")) json.set("top_k", R1_TRY(file.integer("general.sampling.top_k")));
  if (const Json* t = json.find("temperature"); t && t->number() == 0.0) json.set("do_sample", false);
  if (file.holds("tokenizer.ggml.padding_token_id"))
    json.set("pad_token_id", R1_TRY(file.integer("tokenizer.ggml.padding_token_id")));
  return parse_generation_config(json, file.path() + ": general.sampling");
}

Json to_json(const GenerationConfig& c) {
  Json json = Json::object({{"do_sample", c.do_sample}});
  if (c.do_sample) json.set("temperature", c.temperature).set("top_p", c.top_p);
  if (c.do_sample && c.top_k) json.set("top_k", c.top_k);
  if (c.do_sample && c.min_p != 0) json.set("min_p", c.min_p);
  if (c.repetition_penalty != 1) json.set("repetition_penalty", c.repetition_penalty);
  if (c.max_new_tokens) json.set("max_new_tokens", *c.max_new_tokens);
  if (c.bos_token_id) json.set("bos_token_id", *c.bos_token_id);
  if (c.pad_token_id) json.set("pad_token_id", *c.pad_token_id);
  if (c.eos_token_ids.size() == 1) json.set("eos_token_id", c.eos_token_ids[0]);
  if (c.eos_token_ids.size() > 1) json.set("eos_token_id", Json::array_of(c.eos_token_ids));
  return json;
}

}  // namespace r1
