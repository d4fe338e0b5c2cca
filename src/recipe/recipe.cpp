#include "recipe/recipe.hpp"

#include "core/file.hpp"
#include "formats/generation_config.hpp"
#include "formats/json.hpp"
#include "formats/model_folder.hpp"
#include "ops/device.hpp"
#include "recipe/stages.hpp"
#include "tasks/tasks.hpp"
#include "text/bpe_trainer.hpp"
#include "text/chat.hpp"
#include "text/tokenizer.hpp"
#include "train/run_folder.hpp"

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
    trainer.add(conversation_text(p) + "\n");
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

// Copies an architecture of the recipe, with the vocabulary size and the token ids of the tokenizer filled in.
Status write_model_config(const fs::path& from, const Tokenizer& tokenizer, const fs::path& to) {
  Json config = R1_TRY(read_json(from));
  config.set("vocab_size", tokenizer.size());
  for (const auto& [key, token] :
       {std::pair("bos_token_id", kBeginOfSentence), std::pair("eos_token_id", kEndOfSentence)}) {
    const auto id = tokenizer.find(token);
    if (!id) return fail(Errc::corrupt, "the tokenizer lacks {}", token);
    config.set(key, *id);
  }
  return write_file(to, dump(config, 2) + "\n");
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
                            const RecipeOptions& options) {
  const auto note = [&](const std::string& line) {
    if (hooks.note) hooks.note(line);
  };
  const Json model_config = R1_TRY(read_json(recipe / kConfigFile));
  const JsonFields fields = R1_TRY(JsonFields::of(model_config, (recipe / kConfigFile).string()));
  const i64 context = R1_TRY(fields.positive("max_position_embeddings"));
  const Pipeline pipeline = R1_TRY(Pipeline::open(recipe, options));
  if (pipeline.judges_programs()) R1_TRY(try_sandbox());
  if (const std::string level = level_name(active_kernels()); !pipeline.level.empty() && pipeline.level != level)
    note(fmt::format("the recipe was made on level {}; this machine computes on {}, so the bits will differ",
                     pipeline.level, level));
  R1_TRY(make_folder(out));
  const FileLock lock = R1_TRY(FileLock::of_folder(out));
  remove_unfinished(out);
  PipelineState state{recipe, out, out / "tokenizer", {}};
  std::error_code ignored;  // if the folder cannot be read, Tokenizer::open below says why
  if (!fs::exists(state.tokenizer, ignored)) {
    note("stage tokenizer");
    R1_TRY(train_tokenizer(recipe, state.tokenizer, context));
  }
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(state.tokenizer));
  for (const Stage& stage : pipeline.stages) {
    if (stage.config.kind == "pretrain") {
      const fs::path file = architecture_of(stage.config);
      R1_TRY(write_model_config(recipe / file, tokenizer, out / file));
    }
    R1_TRY(run_stage(stage, state, hooks, options));
  }
  const fs::path& last = state.results.at(pipeline.stages.back().config.name);
  if (!options.branch.empty()) return last;
  R1_TRY(export_model(last, out / "model"));
  return out / "model";
}

}  // namespace r1
