#include "recipe/recipe.hpp"

#include "core/file.hpp"
#include "formats/generation_config.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "session/memory.hpp"
#include "tasks/tasks.hpp"
#include "text/bpe_trainer.hpp"
#include "text/chat.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

Status make_folder(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  return code ? fail(Errc::io, "{}: cannot create: {}", folder.string(), code.message()) : Status{};
}

GenerationConfig greedy(const Tokenizer& tokenizer, i64 context) {
  GenerationConfig g;
  g.do_sample = false;
  g.max_new_tokens = context;
  if (const auto id = tokenizer.find(kBeginOfSentence)) g.bos_token_id = *id;
  if (const auto id = tokenizer.find(kPad)) g.pad_token_id = *id;
  if (const auto id = tokenizer.find(kEndOfSentence)) g.eos_token_ids = {*id};
  return g;
}

// The first stage: a vocabulary from the text of the problems.
Status train_tokenizer(const fs::path& recipe, const fs::path& folder, i64 context) {
  const VocabularyConfig config = R1_TRY(load_vocabulary_config((recipe / "tokenizer.toml").string()));
  const TaskMixture mixture = R1_TRY(parse_mixture(config.tasks));
  BpeTrainOptions options;
  options.vocab_size = config.vocabulary;
  options.added_tokens.assign(std::begin(kR1AddedTokens), std::end(kR1AddedTokens));
  BpeTrainer trainer(std::move(options));
  for (i64 i = 0; i < config.documents; ++i) {
    const Problem p = sample_problem(mixture, Split::train, static_cast<u64>(config.seed), static_cast<u64>(i));
    trainer.add(p.prompt + "\n");
    trainer.add(completion_of(p));
  }
  const std::string json = tokenizer_json(R1_TRY(trainer.train()));
  const Tokenizer tokenizer = R1_TRY(Tokenizer::parse(json, "the new tokenizer"));
  TokenizerConfig tokenizer_config{.bos_token = std::string(kBeginOfSentence),
                                   .eos_token = std::string(kEndOfSentence),
                                   .pad_token = std::string(kPad),
                                   .chat_template = std::string(kR1ChatTemplate),
                                   .model_max_length = context};
  return publish_folder(folder, is_replaceable_model_file, [&](const fs::path& to) -> Status {
    R1_TRY(write_file(to / kTokenizerFile, json));
    R1_TRY(write_file(to / kTokenizerConfigFile, tokenizer_config_json(tokenizer_config)));
    return write_file(to / kGenerationFile, dump(to_json(greedy(tokenizer, context)), 2) + "\n");
  });
}

// Writes the recipe's config.json with the vocabulary size and the token ids of the tokenizer filled in.
Status write_model_config(const Json& recipe_config, const Tokenizer& tokenizer, const fs::path& to) {
  Json config = recipe_config;
  config.set("vocab_size", tokenizer.size());
  for (const auto& [key, token] :
       {std::pair("bos_token_id", kBeginOfSentence), std::pair("eos_token_id", kEndOfSentence)}) {
    const auto id = tokenizer.find(token);
    if (!id) return fail(Errc::corrupt, "the tokenizer lacks {}", token);
    config.set(key, *id);
  }
  return write_file(to, dump(config, 2) + "\n");
}

Result<TrainResult> run_stage(const std::string& name, const fs::path& recipe, const fs::path& out, Overrides settings,
                              const RecipeHooks& hooks, const Overrides& overrides) {
  settings.emplace_back("out", (out / name).string());
  settings.insert(settings.end(), overrides.begin(), overrides.end());
  const TrainConfig config = R1_TRY(load_train_config((recipe / (name + ".toml")).string(), settings));
  if (hooks.stage) hooks.stage(name, config);
  TrainHooks train_hooks;
  train_hooks.stop = hooks.stop;
  train_hooks.progress = hooks.progress;
  train_hooks.note = hooks.note;
  train_hooks.admit = [&](const Model& outline) {
    return check_training_memory(config.model.empty() ? config.model_config : config.model, outline);
  };
  auto result = train(config, train_hooks);
  if (!result) return tl::unexpected(std::move(result).error().in("stage " + name));
  if (hooks.note)
    hooks.note(result->already_finished ? fmt::format("stage {}: was already finished", name)
                                        : fmt::format("stage {}: finished, loss {:.4f}", name, result->loss));
  return result;
}

Status export_model(const fs::path& checkpoint, const fs::path& folder) {
  const auto model = R1_TRY(open_model(checkpoint));
  return publish_folder(folder, is_replaceable_model_file, [&](const fs::path& to) -> Status {
    R1_TRY(save_model(*model, to, DType::bf16));
    return copy_model_files(checkpoint, to, kCompanionRoles);
  });
}

}  // namespace

Result<fs::path> run_recipe(const fs::path& recipe, const fs::path& out, const RecipeHooks& hooks,
                            const Overrides& overrides) {
  const Json model_config = R1_TRY(read_json(recipe / kConfigFile));
  const JsonFields fields = R1_TRY(JsonFields::of(model_config, (recipe / kConfigFile).string()));
  const i64 context = R1_TRY(fields.positive("max_position_embeddings"));
  R1_TRY(make_folder(out));
  const FileLock lock = R1_TRY(FileLock::of_folder(out));
  const fs::path tokenizer_folder = out / "tokenizer", config_path = out / kConfigFile;
  std::error_code ignored;  // if the folder cannot be read, Tokenizer::open below says why
  if (!fs::exists(tokenizer_folder, ignored)) {
    if (hooks.note) hooks.note("stage tokenizer");
    R1_TRY(train_tokenizer(recipe, tokenizer_folder, context));
  }
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(tokenizer_folder));
  R1_TRY(write_model_config(model_config, tokenizer, config_path));

  const Overrides fresh = {{"model_config", config_path.string()}, {"tokenizer", tokenizer_folder.string()}};
  const TrainResult base = R1_TRY(run_stage("pretrain", recipe, out, fresh, hooks, overrides));
  const TrainResult cold_start =
      R1_TRY(run_stage("sft", recipe, out, {{"model", base.checkpoint.string()}}, hooks, overrides));
  R1_TRY(export_model(cold_start.checkpoint, out / "model"));
  return out / "model";
}

}  // namespace r1
