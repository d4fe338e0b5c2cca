// Opening, creating and saving models, whatever their architecture.
#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/safetensors.hpp"
#include "model/deepseek_v3.hpp"
#include "model/dense.hpp"

namespace r1 {
namespace {

// The one place that knows which architectures there are.
Result<std::unique_ptr<Model>> build(const Json& config, std::string_view source, WeightSource& weights) {
  const JsonFields f = R1_TRY(JsonFields::of(config, std::string(source)));
  const std::string type = R1_TRY(f.string("model_type"));
  if (type == "deepseek_v2" || type == "deepseek_v3")
    return DeepseekV3::build(R1_TRY(parse_deepseek_config(config, source)), weights);
  if (type == "qwen2") return DenseModel::build(R1_TRY(parse_qwen2_config(config, source)), weights);
  if (type == "llama") return DenseModel::build(R1_TRY(parse_llama_config(config, source)), weights);
  return refuse(f, "model_type", fmt::format("\"{}\", known: deepseek_v2, deepseek_v3, llama, qwen2", type));
}

}  // namespace

Result<std::unique_ptr<Model>> open_model(const std::filesystem::path& folder, bool trainable) {
  std::error_code code;
  if (!std::filesystem::is_directory(folder, code))
    return fail(Errc::io, "{}: no such model folder (a folder with config.json and model.safetensors)", folder.string());
  const auto config_path = folder / "config.json";
  const Json config = R1_TRY(read_json(config_path));
  const auto weights = checkpoint_source(R1_TRY(Safetensors::open(folder)), folder.string(), trainable);
  return build(config, config_path.string(), *weights);
}

Result<std::unique_ptr<Model>> create_model(std::string_view config_json, std::string_view source, u64 seed,
                                            bool trainable) {
  const Json config = R1_TRY(parse_json(config_json, source));
  const JsonFields fields = R1_TRY(JsonFields::of(config, std::string(source)));
  const double range = R1_TRY(fields.number("initializer_range", 0.02));
  const auto weights = random_source(seed, range, trainable);
  return build(config, source, *weights);
}

Status save_model(const Model& model, const std::filesystem::path& folder, DType dtype) {
  std::vector<SafetensorsItem> items;
  for (const CheckpointTensor& t : model.checkpoint()) {
    // The selection bias is compared with f32 scores: it stays f32 in published checkpoints too.
    const bool exact = t.name.ends_with("e_score_correction_bias");
    items.push_back({t.name, exact ? DType::f32 : dtype, t.shape, t.read});
  }
  R1_TRY(write_safetensors(folder / "model.safetensors", items, {{"format", "pt"}}));
  return write_file(folder / "config.json", model.config_json(dtype));
}

}  // namespace r1
