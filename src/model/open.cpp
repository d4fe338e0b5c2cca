// Opening, creating and saving models, whatever their architecture.
#include <optional>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "formats/safetensors.hpp"
#include "model/deepseek_v3.hpp"
#include "model/dense.hpp"
#include "model/gguf/config.hpp"
#include "model/gguf/names.hpp"
#include "model/stored_model.hpp"

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

Result<std::string> published_config(const Json& config, std::string_view source, DType dtype) {
  const JsonFields f = R1_TRY(JsonFields::of(config, std::string(source)));
  const std::string type = R1_TRY(f.string("model_type"));
  if (type == "qwen2") return to_json(R1_TRY(parse_qwen2_config(config, source)), dtype);
  if (type == "llama") return to_json(R1_TRY(parse_llama_config(config, source)), dtype);
  return to_json(R1_TRY(parse_deepseek_config(config, source)), dtype);
}

Result<StoredModel> open_stored(const std::filesystem::path& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) {
    const auto config_path = path / kConfigFile;
    Json config = R1_TRY(read_json(config_path));
    const Safetensors file = R1_TRY(Safetensors::open(path));
    return StoredModel{std::move(config), config_path.string(), published_tensors(file, path.string()), std::nullopt};
  }
  if (!std::filesystem::exists(path, code))
    return fail(Errc::io, "{}: no such model (a GGUF file, or a folder with config.json and model.safetensors)",
                path.string());
  Gguf file = R1_TRY(Gguf::open(path));
  Json config = R1_TRY(config_of_gguf(file));
  // The architecture's parser has the last word on every number before anything is computed from one.
  config = R1_TRY(parse_json(R1_TRY(published_config(config, file.path(), DType::bf16)), file.path()));
  Checkpoint tensors = R1_TRY(published_tensors(file, R1_TRY(gguf_dims(config, file.path()))));
  return StoredModel{std::move(config), path.string(), std::move(tensors), std::move(file)};
}

Result<std::unique_ptr<Model>> outline_of(const StoredModel& stored) {
  const auto weights = outline_source(stored.tensors);
  return build(stored.config, stored.config_source, *weights);
}

Result<std::unique_ptr<Model>> open_model(const std::filesystem::path& path, bool trainable) {
  StoredModel stored = R1_TRY(open_stored(path));
  const auto weights = checkpoint_source(std::move(stored.tensors), trainable);
  return build(stored.config, stored.config_source, *weights);
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
  R1_TRY(write_safetensors(folder / kWeightsFile, items, {{"format", "pt"}}));
  return write_file(folder / kConfigFile, model.config_json(dtype));
}

}  // namespace r1
