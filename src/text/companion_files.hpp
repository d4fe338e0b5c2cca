// The files beside a model's weights without which nobody can talk to it: tokenizer, chat templates and generation
// settings. Training and conversion carry them from the model they start with to the model they write.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// The model's own ids of the begin-of-sentence and end-of-sentence tokens, from its configuration. They go into a
// generation_config.json that is made from a GGUF file, whose sampling keys name no ids.
struct SentenceTokens {
  std::optional<i64> bos;
  std::vector<i64> eos;
};

// `model` is a folder, the tokenizer.json in it, or a GGUF file; `to` is an existing folder. The files of a folder
// that have one of kCompanionRoles (formats/model_folder.hpp) are copied byte for byte. From the metadata of a GGUF
// file this makes tokenizer.json, tokenizer_config.json with the chat templates, and generation_config.json.
// Errors: a file that cannot be read or written; metadata that cannot be read.
Status copy_companion_files(const std::filesystem::path& model, const std::filesystem::path& to,
                            const SentenceTokens& tokens);

}  // namespace r1
