#include "recipe/recipe.hpp"

#include "train/run_case.hpp"

namespace r1 {
namespace {

// Makes the folder of a very small recipe.
std::filesystem::path small_recipe(const RunCase& run) {
  const auto folder = run.folder() / "recipe";
  std::filesystem::create_directories(folder);
  RunCase::write(folder / "config.json", kTinyModel);
  RunCase::write(folder / "tokenizer.toml", "vocabulary = 280\ndocuments = 100\ntasks = \"product:1\"\n");
  const std::string common =
      "steps = 3\nbatch_tokens = 256\nmicro_batch_tokens = 256\nsequence_length = 128\nlog_every = 1\nsave_every = 2\n"
      "threads = 1\n[[data]]\ntasks = \"product:1\"\n";
  RunCase::write(folder / "pretrain.toml", common + "format = \"text\"\n");
  RunCase::write(folder / "sft.toml", common + "format = \"chat\"\n");
  return folder;
}

TEST(Recipe, MakesAModelFolderFromRandomWeights) {
  const RunCase run;
  const auto model_folder = value_of(run_recipe(small_recipe(run), run.folder() / "out", {}));
  const auto model = value_of(open_model(model_folder));
  const Tokenizer tokenizer = value_of(Tokenizer::open(model_folder));
  EXPECT_EQ(model->info().vocab, tokenizer.size());
  EXPECT_LE(tokenizer.size(), 280);
  EXPECT_EQ(model->info().bos, tokenizer.find(kBeginOfSentence));
  EXPECT_EQ(model->info().eos, std::vector<i32>{*tokenizer.find(kEndOfSentence)});
  EXPECT_EQ(model->weights()[0].dtype(), DType::bf16);
  EXPECT_TRUE(std::filesystem::exists(model_folder / "generation_config.json"));
  EXPECT_NE(text_of(model_folder / "tokenizer_config.json").find("chat_template"), std::string::npos);
}

// Feed-forward layers of 2^20 times 2^20 need 16 bytes for each of about 6·10^12 parameters.
TEST(Recipe, AModelLargerThanTheMemoryIsRefusedBeforeItIsMade) {
  const RunCase run;
  const auto recipe = small_recipe(run);
  std::string config = kTinyModel;
  for (const std::string& field : {std::string("\"hidden_size\": 16"), std::string("\"intermediate_size\": 24")}) {
    const size_t at = config.find(field);
    ASSERT_NE(at, std::string::npos);
    config.replace(at, field.size(), field.substr(0, field.find(':')) + ": 1048576");
  }
  RunCase::write(recipe / "config.json", config);
  const auto refused = run_recipe(recipe, run.folder() / "out", {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::exhausted);
  EXPECT_NE(refused.error().what.find("stage pretrain: "), std::string::npos) << refused.error().what;
  EXPECT_NE(refused.error().what.find("training takes 16 bytes per parameter"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(run.folder() / "out/pretrain"));
}

TEST(Recipe, ARecipeThatIsInterruptedAfterEveryStepMakesTheSameModel) {
  const RunCase run;
  const auto recipe = small_recipe(run);
  value_of(run_recipe(recipe, run.folder() / "whole", {}));
  std::atomic<bool> stop = false;
  RecipeHooks hooks;
  hooks.stop = &stop;
  hooks.progress = [&](const StepMetrics&) { stop = true; };  // requests a stop after every step
  int stops = 0;
  for (; stops < 20 && !run_recipe(recipe, run.folder() / "stopped", hooks).has_value(); ++stops) stop = false;
  EXPECT_GE(stops, 4);
  EXPECT_TRUE(text_of(run.folder() / "whole/model/model.safetensors") ==
              text_of(run.folder() / "stopped/model/model.safetensors"));
}

}  // namespace
}  // namespace r1
