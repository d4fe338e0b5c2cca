// A model as it lies on disk, nothing of it loaded: what conversion, inspection and loading start from.
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
  Json config;                // in the published spelling, or in that of transformers 5
  std::string config_source;  // for errors
  Checkpoint tensors;
  std::optional<Gguf> gguf;  // set if that is what it is
};

// A Hugging Face folder or a GGUF file (the first, where it is split). A GGUF's config has been through the
// architecture's parser; a folder's has not.
Result<StoredModel> open_stored(const std::filesystem::path& path);

// Its architecture with weights that have names, types and shapes but no bytes: every tensor has been found and is of
// the right shape, and none is left over. For info(), weights() and checkpoint()'s names; must not compute.
Result<std::unique_ptr<Model>> outline_of(const StoredModel& stored);

// The config as the architecture's parser understands it, written in the published spelling.
Result<std::string> published_config(const Json& config, std::string_view source, DType dtype);

}  // namespace r1
