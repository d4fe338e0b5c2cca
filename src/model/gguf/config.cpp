#include "model/gguf/config.hpp"

#include "model/architectures.hpp"
#include "model/gguf/keys.hpp"

namespace r1 {

Result<Json> config_of_gguf(const Gguf& file) {
  const std::string name = R1_TRY(file.text("general.architecture"));
  const std::string type = R1_TRY(file.text("general.type", "model"));
  if (type != "model") return fail(Errc::unsupported, "{}: general.type: \"{}\" is not a model", file.path(), type);
  const Architecture* const architecture = R1_TRY(architecture_of_gguf(name, file.path()));
  return architecture->config_of_gguf(GgufKeys(file, name));
}

std::vector<std::string> gguf_notes(const Gguf& file) {
  const std::string name = file.text("general.architecture", "").value_or("");
  const GgufKeys keys(file, name);
  std::vector<std::string> notes;
  if (const auto architecture = architecture_of_gguf(name, file.path()); architecture && (*architecture)->gguf_notes)
    notes = (*architecture)->gguf_notes(keys);
  if (!keys.tensor("output.weight")) notes.push_back("the head is the embedding (no output.weight)");
  if (!file.holds("tokenizer.ggml.tokens")) notes.push_back("no tokenizer");
  if (!file.holds("tokenizer.chat_template")) notes.push_back("no chat template");
  if (file.version() == 2) notes.push_back("GGUF version 2");
  if (file.files() > 1) notes.push_back(fmt::format("split over {} files", file.files()));
  for (const auto& [tensor, type] : file.unsupported())
    notes.push_back(fmt::format("tensor {} has type {}, which is not supported", tensor, type));
  return notes;
}

}  // namespace r1
