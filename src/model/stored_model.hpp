// A model's files, opened before any weight is loaded: the start of loading, converting and inspecting.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "formats/gguf.hpp"
#include "formats/json.hpp"
#include "model/model.hpp"
#include "model/published.hpp"

namespace r1 {

struct StoredModel {
  Json config;                // config.json in either spelling (config_json.hpp); a GGUF's in the published one
  std::string config_source;  // names the configuration in errors
  Checkpoint tensors;
  std::optional<Gguf> gguf;  // set if the model is a GGUF
};

// Opens a Hugging Face folder or a GGUF file. If a GGUF is split, `path` names its first file. The configuration of a
// GGUF has been checked by the architecture's parser; the configuration of a folder has not been checked yet.
// Errors: files that are missing or malformed, and of a GGUF what the parser and published_tensors report.
Result<StoredModel> open_stored(const std::filesystem::path& path);

// The model with weights that have names, types and shapes but no bytes. Every tensor has been found, has the right
// shape, and none is left over. For info(), weights() and the names in checkpoint(); it must not compute.
// Errors: what opening the model would report.
Result<std::unique_ptr<Model>> outline_of(const StoredModel& stored);

// The configuration as the architecture's parser understands it, in the published spelling. `source` names it in
// errors. Errors: an unknown architecture, what the parser reports.
Result<std::string> published_config(const Json& config, std::string_view source, DType dtype);

}  // namespace r1
