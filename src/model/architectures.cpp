#include "model/architectures.hpp"

#include <algorithm>

#include "model/deepseek_v3.hpp"
#include "model/dense.hpp"
#include "model/gguf/keys.hpp"

namespace r1 {
namespace {

template <class ModelClass, auto kParse>
Result<std::unique_ptr<Model>> build(const Json& config, std::string_view source, WeightSource& weights) {
  return ModelClass::build(R1_TRY(kParse(config, source)), weights);
}
template <auto kParse>
Result<std::string> published(const Json& config, std::string_view source, DType dtype) {
  return to_json(R1_TRY(kParse(config, source)), dtype);
}
template <auto kParse>
Result<GgufDims> dims(const Json& config, std::string_view source) {
  return gguf_dims(R1_TRY(kParse(config, source)));
}

constexpr Architecture kArchitectures[] = {
    {"deepseek_v2", "DeepseekV2ForCausalLM", "deepseek2", Family::deepseek, RotaryRows::in_order,
     build<DeepseekV3, parse_deepseek_config>, published<parse_deepseek_config>, dims<parse_deepseek_config>,
     deepseek_config_of_gguf, deepseek_gguf_notes},
    {"deepseek_v3", "DeepseekV3ForCausalLM", "deepseek2", Family::deepseek, RotaryRows::in_order,
     build<DeepseekV3, parse_deepseek_config>, published<parse_deepseek_config>, dims<parse_deepseek_config>,
     deepseek_config_of_gguf, deepseek_gguf_notes},
    {"qwen2", "Qwen2ForCausalLM", "qwen2", Family::dense, RotaryRows::in_order, build<DenseModel, parse_qwen2_config>,
     published<parse_qwen2_config>, dims<parse_qwen2_config>, qwen2_config_of_gguf, dense_gguf_notes},
    {"qwen3", "Qwen3ForCausalLM", "qwen3", Family::dense, RotaryRows::in_order, build<DenseModel, parse_qwen3_config>,
     published<parse_qwen3_config>, dims<parse_qwen3_config>, qwen3_config_of_gguf, dense_gguf_notes},
    {"llama", "LlamaForCausalLM", "llama", Family::dense, RotaryRows::paired, build<DenseModel, parse_llama_config>,
     published<parse_llama_config>, dims<parse_llama_config>, llama_config_of_gguf, dense_gguf_notes},
};

static_assert(
    [] {
      for (const Architecture& a : kArchitectures)
        for (const Architecture& b : kArchitectures)
          if (a.gguf_architecture == b.gguf_architecture && a.config_of_gguf != b.config_of_gguf) return false;
      return true;
    }(),
    "one general.architecture needs one reader: the first row with that name is taken");

// The names in one column of the table, each once: "deepseek2, qwen2, qwen3, llama".
std::string known(std::string_view Architecture::*name) {
  std::vector<std::string_view> names;
  for (const Architecture& a : kArchitectures)
    if (std::ranges::find(names, a.*name) == names.end()) names.push_back(a.*name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Result<const Architecture*> architecture_of(const Json& config, std::string_view source) {
  const JsonFields f = R1_TRY(JsonFields::of(config, std::string(source)));
  const std::string type = R1_TRY(f.string("model_type"));
  const auto row = std::ranges::find(kArchitectures, type, &Architecture::model_type);
  if (row != std::end(kArchitectures)) return row;
  return refuse(f, "model_type", fmt::format("\"{}\", known: {}", type, known(&Architecture::model_type)));
}

const Architecture& architecture_named(std::string_view model_type) {
  const auto row = std::ranges::find(kArchitectures, model_type, &Architecture::model_type);
  R1_CHECK(row != std::end(kArchitectures), "no architecture has the model_type \"{}\"", model_type);
  return *row;
}

Result<const Architecture*> architecture_of_gguf(std::string_view gguf_architecture, std::string_view path) {
  const auto row = std::ranges::find(kArchitectures, gguf_architecture, &Architecture::gguf_architecture);
  if (row != std::end(kArchitectures)) return row;
  return fail(Errc::unsupported, "{}: general.architecture: \"{}\", known: {}", path, gguf_architecture,
              known(&Architecture::gguf_architecture));
}

}  // namespace r1
