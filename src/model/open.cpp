// Opening, creating and saving models, whatever their architecture.
#include <optional>

#include "core/file.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "formats/safetensors.hpp"
#include "model/architectures.hpp"
#include "model/gguf/config.hpp"
#include "model/gguf/names.hpp"
#include "model/stored_model.hpp"
#include "model/weight_source.hpp"

namespace r1 {
namespace {

Result<std::unique_ptr<Model>> build(const Json& config, std::string_view source, WeightSource& weights) {
  const Architecture* const architecture = R1_TRY(architecture_of(config, source));
  return architecture->build(config, source, weights);
}

Result<StoredModel> open_folder(const std::filesystem::path& path) {
  const auto config_path = path / kConfigFile;
  Json config = R1_TRY(read_json(config_path));
  const Safetensors file = R1_TRY(Safetensors::open(path));
  return StoredModel{std::move(config), config_path.string(), published_tensors(file, path.string()), std::nullopt};
}

// The architecture's parser checks every size before anything is computed from it.
Result<StoredModel> open_gguf(const std::filesystem::path& path) {
  Gguf file = R1_TRY(Gguf::open(path));
  Json config = R1_TRY(config_of_gguf(file));
  config = R1_TRY(parse_json(R1_TRY(published_config(config, file.path(), DType::bf16)), file.path()));
  const Architecture* const architecture = R1_TRY(architecture_of(config, file.path()));
  Checkpoint tensors = R1_TRY(published_tensors(file, R1_TRY(architecture->gguf_dims(config, file.path()))));
  return StoredModel{std::move(config), path.string(), std::move(tensors), std::move(file)};
}

}  // namespace

Result<std::string> published_config(const Json& config, std::string_view source, DType dtype) {
  const Architecture* const architecture = R1_TRY(architecture_of(config, source));
  return architecture->published_config(config, source, dtype);
}

Result<StoredModel> open_stored(const std::filesystem::path& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return open_folder(path);
  if (std::filesystem::exists(path, code)) return open_gguf(path);
  return fail(Errc::io, "{}: no such model (a GGUF file, or a folder with config.json and model.safetensors)",
              path.string());
}

Result<std::unique_ptr<Model>> outline_of(const StoredModel& stored) {
  const auto weights = outline_source(stored.tensors);
  return build(stored.config, stored.config_source, *weights);
}

Result<std::unique_ptr<Model>> open_model(const std::filesystem::path& path, Weights kind, const Admit& admit) {
  StoredModel stored = R1_TRY(open_stored(path));
  if (admit) R1_TRY(admit(*R1_TRY(outline_of(stored))));
  const auto weights = checkpoint_source(std::move(stored.tensors), kind);
  return build(stored.config, stored.config_source, *weights);
}

Result<std::unique_ptr<Model>> create_model(std::string_view config_json, std::string_view source, u64 seed,
                                            Weights kind, const Admit& admit) {
  const Json config = R1_TRY(parse_json(config_json, source));
  const JsonFields fields = R1_TRY(JsonFields::of(config, std::string(source)));
  const double range = R1_TRY(fields.number("initializer_range", 0.02));
  if (admit) {
    const auto outline = random_outline();
    R1_TRY(admit(*R1_TRY(build(config, source, *outline))));
  }
  const auto weights = random_source(seed, range, kind);
  return build(config, source, *weights);
}

Status save_model(const Model& model, const std::filesystem::path& folder, DType dtype) {
  std::vector<SafetensorsItem> items;
  for (const CheckpointTensor& t : model.checkpoint())
    items.push_back({t.name, t.exact ? DType::f32 : dtype, t.shape, t.read});
  R1_TRY(write_safetensors(folder / kWeightsFile, items, {{"format", "pt"}}));
  return write_file(folder / kConfigFile, model.config_json(dtype));
}

}  // namespace r1
