// The files that make up a Hugging Face model folder. This is the one list of their names: the code that opens,
// converts, trains, replaces and fetches model folders asks here.
//
//   role           files                                                      read by
//   config         config.json                                                model
//   weights        model.safetensors, or model.safetensors.index.json         formats/safetensors
//                  and model-00001-of-0000N.safetensors
//   tokenizer      tokenizer.json, tokenizer_config.json                      text
//                  special_tokens_map.json, added_tokens.json, vocab.json,    other programs: the slow tokenizers of
//                  vocab.txt, merges.txt, tokenizer.model                     transformers, llama.cpp's converter
//   chat_template  chat_template.jinja, chat_template.json,                   formats/chat_templates
//                  additional_chat_templates/NAME.jinja; also
//                  "chat_template" in tokenizer_config.json
//   generation     generation_config.json                                     formats/generation_config
//   licence        LICENSE, LICENSE.txt, ...                                  people
//   model_card     README.md                                                  people
//
// Which files go where:
//   opening, training   tokenizer, chat_template and generation are copied into every checkpoint. The licence and the
//                       model card describe the original weights, so they are not.
//   conversion          tokenizer, chat_template, generation and licence are copied; config and weights are written.
//   fetching            everything but the model card.
//   replacing           every file but the model card: people write that by hand.
#pragma once
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

inline constexpr const char *kConfigFile = "config.json", *kWeightsFile = "model.safetensors",
                            *kWeightsIndexFile = "model.safetensors.index.json", *kTokenizerFile = "tokenizer.json",
                            *kTokenizerConfigFile = "tokenizer_config.json", *kTemplateFile = "chat_template.jinja",
                            *kTemplateJsonFile = "chat_template.json", *kTemplateFolder = "additional_chat_templates",
                            *kGenerationFile = "generation_config.json";

enum class ModelFileRole : u8 { config, weights, tokenizer, chat_template, generation, licence, model_card };

// The role of the file at `path`, which is relative to the model's folder and has '/' between its parts. Empty for a
// file that no model folder has.
std::optional<ModelFileRole> model_file_role(std::string_view path);

// Whether a file of this path may be lost when another model replaces its folder (publish_folder).
bool is_replaceable_model_file(std::string_view path);

// What a model needs beside its weights and config.json so that people can talk to it.
inline constexpr std::initializer_list<ModelFileRole> kCompanionRoles{
    ModelFileRole::tokenizer, ModelFileRole::chat_template, ModelFileRole::generation};

// The files of these roles in `folder`, as paths relative to it, in alphabetical order.
// Errors: more than kMaxTemplateFiles files in additional_chat_templates.
inline constexpr size_t kMaxTemplateFiles = 64;
Result<std::vector<std::string>> list_model_files(const std::filesystem::path& folder,
                                                  std::initializer_list<ModelFileRole> roles);

// Copies the files of these roles byte for byte. Links are followed.
// Errors: a file that cannot be read or written, that is no regular file, or that is larger than kLargeJson.
Status copy_model_files(const std::filesystem::path& from, const std::filesystem::path& to,
                        std::initializer_list<ModelFileRole> roles);

}  // namespace r1
