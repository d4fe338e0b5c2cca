#include "text/companion_files.hpp"

#include "core/file.hpp"
#include "formats/chat_templates.hpp"
#include "formats/generation_config.hpp"
#include "formats/model_folder.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

Status write_from_gguf(const Gguf& file, const fs::path& to, const SentenceTokens& tokens) {
  if (file.holds("tokenizer.ggml.tokens")) {
    const Tokenizer tokenizer = R1_TRY(Tokenizer::from_gguf(file));
    const Json templates = to_json(R1_TRY(chat_templates_of(file)));
    R1_TRY(write_file(to / kTokenizerFile, tokenizer.to_json()));
    R1_TRY(write_file(to / kTokenizerConfigFile, tokenizer.to_config_json(templates)));
  }
  GenerationConfig generation = R1_TRY(generation_config_of(file));
  if (tokens.bos) generation.bos_token_id = tokens.bos;
  if (generation.eos_token_ids.empty()) generation.eos_token_ids = tokens.eos;
  return write_file(to / kGenerationFile, dump(to_json(generation), 2) + "\n");
}

}  // namespace

Status copy_companion_files(const fs::path& model, const fs::path& to, const SentenceTokens& tokens) {
  std::error_code ignored;
  if (fs::is_directory(model, ignored)) return copy_model_files(model, to, kCompanionRoles);
  if (model.filename() == kTokenizerFile) return copy_model_files(model.parent_path(), to, kCompanionRoles);
  return write_from_gguf(R1_TRY(Gguf::open(model)), to, tokens);
}

}  // namespace r1
