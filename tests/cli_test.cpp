// The whole program, run as people and scripts run it: exit codes, stdout and stderr, and error messages.
#include "program.hpp"

#include <sys/stat.h>

#include <thread>

#include "formats/json.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

class Cli : public Program {
 protected:
  fs::path copy_of_golden(const std::string& name) const {
    const fs::path to = folder_ / name;
    fs::create_directories(to);
    for (const char* file : {"config.json", "model.safetensors"})
      fs::copy_file(fs::path(R1_SOURCE_DIR) / "tests/golden/v3" / file, to / file,
                    fs::copy_options::overwrite_existing);
    return to;
  }
};

TEST_F(Cli, TheErrorForAMissingModelNamesIt) {
  expect_failure(r1("run -m /nowhere/model -p hi"), 1, {"/nowhere/model"});
  expect_failure(r1("logprobs -m nanno --tokens 1"), 1, {"nanno"});
}

TEST_F(Cli, ATruncatedModelFileIsRefusedWithBothSizes) {
  const fs::path model = copy_of_golden("truncated");
  fs::resize_file(model / "model.safetensors", 200'000);
  expect_failure(r1("logprobs --tokens 1,2 -m " + model.string()), 1,
                 {"model.safetensors", "data_offsets", "are outside"});
  fs::resize_file(model / "model.safetensors", 5);
  expect_failure(r1("logprobs --tokens 1,2 -m " + model.string()), 1, {"model.safetensors", "5"});
  fs::remove(model / "model.safetensors");
  expect_failure(r1("logprobs --tokens 1,2 -m " + model.string()), 1, {"model.safetensors"});
}

TEST_F(Cli, AConfigurationThatContradictsTheTensorsIsRefusedWithBothShapes) {
  const fs::path model = copy_of_golden("contradiction");
  std::string config = *read_file(model / "config.json");
  const std::string key = "\"moe_intermediate_size\": 12";
  ASSERT_NE(config.find(key), std::string::npos);
  config.replace(config.find(key), key.size(), "\"moe_intermediate_size\": 16");
  ASSERT_TRUE(write_file(model / "config.json", config));
  expect_failure(r1("logprobs --tokens 1,2 -m " + model.string()), 1, {"mlp.experts", "[12,44]", "[16,44]"});
}

TEST_F(Cli, UsageErrorsExitWithTwoAndNameTheFlag) {
  expect_failure(r1("run --tempratur 1 -p hi"), 2, {"--tempratur"});
  expect_failure(r1("logprobs"), 2, {"--tokens"});
  expect_failure(r1("chta < /dev/null"), 2, {"chta", "chat"});
  expect_failure(r1("eval"), 2, {"--data"});
  expect_failure(r1("train"), 2, {"pretrain|sft"});
  expect_failure(r1("train rl"), 2, {"\"rl\""});
  expect_failure(r1("train sft --steps"), 2, {"--steps"});
  expect_failure(r1("train sft"), 2, {"--config"});
}

TEST_F(Cli, ValuesOutOfRangeAndContradictingFlagsAreUsageErrors) {
  expect_failure(r1("run --temperature -1 -p hi"), 2, {"temperature", "-1"});
  expect_failure(r1("run --think --no-think -p hi"), 2, {"--no-think"});
  expect_failure(r1("run --think-budget -4 -p hi"), 2, {"--think-budget", "-4"});
  expect_failure(r1("run -n 0 -p hi"), 2, {"--max-tokens"});
  expect_failure(r1("run -p hi there"), 2, {"there"});
  expect_failure(r1("run -t 0 -p hi"), 2, {"--threads", "1..1024"});
  expect_failure(r1("logprobs --tokens 1,2 -t 5000"), 2, {"--threads", "5000"});
  expect_failure(r1("logprobs --tokens 1,2 --numerics fast"), 2, {"--numerics", "fast"});
  for (const char* command : {"run -p hi", "bench", "eval --tasks sort", "logprobs --tokens 1,2"})
    expect_failure(r1(fmt::format("{} --kv f16", command)), 2, {"--kv", "f16", "f32, bf16"});
  expect_failure(r1("bench -t 0"), 2, {"--threads"});
  expect_failure(r1("bench -p 0"), 2, {"-p 0"});
  expect_failure(r1("eval --tasks sort -k 0"), 2, {"-k 0"});
  expect_failure(r1("problems --n 0"), 2, {"--n"});
  expect_failure(r1("problems --tasks zzz"), 2, {"--tasks", "zzz"});
  expect_failure(r1("eval --tasks nosuch"), 2, {"--tasks", "nosuch"});
  expect_failure(r1("eval --tasks product:9"), 2, {"--tasks", "product:9"});
  expect_failure(r1("logprobs --tokens ''"), 2, {"--tokens"});
  for (const char* seed : {"-1", "18446744073709551616", "x"}) {
    expect_failure(r1(fmt::format("run --seed {} -p hi", seed)), 2, {"--seed", seed});
    expect_failure(r1(fmt::format("problems --seed {}", seed)), 2, {"--seed", seed});
  }
  EXPECT_EQ(r1("problems --tasks sort --n 1 --seed 18446744073709551615").code, 0);
  expect_failure(r1("recipe nosuch"), 2, {"nosuch", "nano"});
  expect_failure(r1("recipe"), 2, {"nano"});
}

TEST_F(Cli, ACommandThatDoesNotExistYetIsRefusedAndNotTakenAsAPrompt) {
  expect_failure(r1("plan -m nano"), 2, {"plan", "does not exist yet"});
  expect_failure(r1("plan"), 2, {"plan", "does not exist yet"});
}

TEST_F(Cli, OutputThatCannotBeWrittenIsAnError) {
  const std::string program = fmt::format("{}/r1", R1_BINARY_DIR);
  const auto status = [](const std::string& command) {
    const int s = std::system(fmt::format("bash -c '{}' 2> /dev/null", command).c_str());
    return WIFEXITED(s) ? WEXITSTATUS(s) : -1;
  };
  EXPECT_EQ(status(program + " problems --n 3 > /dev/full"), 1);
  EXPECT_EQ(status(program + " --version > /dev/full"), 1);
}

TEST_F(Cli, InvalidUtf8OnStdinIsRefusedWithItsPosition) {
  const fs::path file = folder_ / "bytes";
  ASSERT_TRUE(write_file(file, "What is \xff?"));
  expect_failure(r1("< " + file.string()), 1, {"stdin", "byte 8", "0xff"});
}

TEST_F(Cli, LogprobsNeedsNoTokenizerAndWritesRawLogits) {
  const fs::path logits = folder_ / "logits";
  const Outcome o = r1("logprobs -m tests/golden/v3 --tokens 1,2,3 --logits-out " + logits.string());
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out.rfind("{\"tokens\": [1, 2, 3], \"logprobs\": [null, -", 0), 0u) << o.out;
  EXPECT_EQ(fs::file_size(logits), 3u * 131 * 4);
  EXPECT_EQ(r1("logprobs -m tests/golden/v3 --tokens 1,2,3 --kv f32").out, o.out);
  EXPECT_NE(r1("logprobs -m tests/golden/v3 --tokens 1,2,3 --kv bf16").out, o.out);
  expect_failure(r1("logprobs -m tests/golden/v3 --tokens 1,131"), 1, {"131"});
  expect_failure(r1("logprobs -m tests/golden/v3 --tokens 1,x"), 2, {"--tokens"});
  expect_failure(r1("logprobs -m tests/golden/v3 --tokens 1,2 --logits-out /proc/none/logits"), 1,
                 {"/proc/none/logits"});
}

TEST_F(Cli, AConversionReplacesAModelFolderAndNoOtherFolder) {
  const fs::path other = folder_ / "other", model = folder_ / "model";
  fs::create_directories(other / "deep");
  ASSERT_TRUE(write_file(other / "deep/thesis", "precious"));
  expect_failure(r1("convert tests/golden/llama -o {}/other --force"), 2, {"other", "deep", "not replaced"});
  EXPECT_EQ(read_file(other / "deep/thesis").value_or(""), "precious");

  fs::create_directories(model);
  for (const char* what : {"empty", "a model", "a model"})
    EXPECT_EQ(r1("convert tests/golden/llama -o {}/model --force").code, 0) << "over " << what;
  ASSERT_TRUE(write_file(model / "notes.json", "precious"));
  expect_failure(r1("convert tests/golden/llama -o {}/model --force"), 2, {"notes.json"});
  EXPECT_EQ(read_file(model / "notes.json").value_or(""), "precious");
  EXPECT_TRUE(fs::exists(model / "config.json"));
}

TEST_F(Cli, LogitsCanBeWrittenToAPipeAndThroughALink) {
  ASSERT_EQ(mkfifo(file("pipe").c_str(), 0600), 0);
  size_t came = 0;
  std::thread reader([&] { came = read_file(file("pipe")).value_or("").size(); });
  EXPECT_EQ(r1("logprobs -m tests/golden/v3 --tokens 1,2,3 --logits-out {}/pipe").code, 0);
  reader.join();
  EXPECT_EQ(came, 3u * 131 * 4);
  EXPECT_TRUE(fs::is_fifo(file("pipe")));
  ASSERT_TRUE(write_file(file("logits"), "old"));
  fs::create_symlink("logits", file("link"));
  EXPECT_EQ(r1("logprobs -m tests/golden/v3 --tokens 1,2,3 --logits-out {}/link").code, 0);
  EXPECT_TRUE(fs::is_symlink(file("link")));
  EXPECT_EQ(fs::file_size(file("logits")), 3u * 131 * 4);
}

TEST_F(Cli, DetokenizeRestoresEveryByteThatTokenizeRead) {
  const fs::path text = folder_ / "text";
  ASSERT_TRUE(write_file(text, "strawberry \xf0\x9f\x8d\x93\n\xff 12345"));
  const fs::path ids = folder_ / "ids";
  const std::string model = " -m tests/data/tokenizers/deepseek-r1";
  const Outcome tokenized = r1("tokenize" + model + " < " + text.string());
  EXPECT_EQ(tokenized.code, 0) << tokenized.err;
  ASSERT_TRUE(write_file(ids, tokenized.out));
  const Outcome detokenized = r1("detokenize" + model + " < " + ids.string());
  EXPECT_EQ(detokenized.code, 0) << detokenized.err;
  EXPECT_EQ(detokenized.out, *read_file(text));
  expect_failure(r1("detokenize" + model + " <<< '[99999999]'"), 1, {"99999999"});
}

TEST_F(Cli, AnUnknownKeyInATrainingConfigurationIsRefusedWithASuggestion) {
  const fs::path file = folder_ / "run.toml";
  ASSERT_TRUE(write_file(file, "stpes = 5\n"));
  expect_failure(r1("train pretrain --config " + file.string()), 1, {"run.toml", "stpes", "steps"});
  expect_failure(r1("train pretrain --stpes 5 --config /dev/null"), 2, {"--stpes", "steps"});
  expect_failure(r1("train sft --config /nowhere.toml"), 1, {"/nowhere.toml"});
}

// Text from a file must reach the terminal as printable characters of limited length.
TEST_F(Cli, ErrorsAndInspectionShowNoControlCharacters) {
  const fs::path model = copy_of_golden("terminal");
  const std::string config = *read_file(model / "config.json");
  const auto with_type = [&](const std::string& type) {
    Json json = parse_json(config, "config").value();
    EXPECT_TRUE(write_file(model / "config.json", dump(json.set("model_type", type))));
    return r1("logprobs --tokens 1 -m {}/terminal");
  };
  const auto plain = [](const std::string& text) {
    return first_invalid_utf8(text) == text.size() &&
           std::none_of(text.begin(), text.end(), [](char c) { return static_cast<u8>(c) < ' ' && c != '\n'; });
  };
  const Outcome odd = with_type(std::string("a\x1b[2Jb\nc\0d", 11));
  expect_failure(odd, 1, {"config.json", "model_type"});
  EXPECT_TRUE(plain(odd.err)) << odd.err;
  const Outcome inspected = r1("inspect {}/terminal");
  EXPECT_NE(inspected.out.find("cannot run"), std::string::npos) << inspected.out;
  EXPECT_TRUE(plain(inspected.out)) << inspected.out;
  const Outcome longest = with_type(std::string(1 << 20, 'x'));
  expect_failure(longest, 1, {"config.json", "model_type", "…"});
  EXPECT_LT(longest.err.size(), 1100u);

  expect_failure(r1("run -m $'/nowhere/\\e[2J\\n\\xff\\xe2\\x80\\xae' -p hi"), 1,
                 {"/nowhere/\\x1b[2J\\n\\xff\\xe2\\x80\\xae"});
  expect_failure(r1("run $'--\\e[2J'"), 2, {"--\\x1b[2J"});
}

class Nano : public Cli {};

TEST_F(Nano, ARawPromptBeginsWithBosOnlyIfTheTokenizerAddsIt) {
  const auto tokens = [&](const char* model, const char* prompt) {
    const Outcome o = r1(fmt::format("run --json --raw -n 1 -m {} -p '{}'", model, prompt));
    EXPECT_EQ(o.code, 0) << o.err;
    return *parse_json(o.out, "answer").value().find("prompt_tokens")->integer();
  };
  const auto with_bos = [&](bool add) {
    const fs::path to = folder_ / "nano";
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(fs::path(R1_SOURCE_DIR) / "models/nano"))
      fs::copy_file(entry.path(), to / entry.path().filename(), fs::copy_options::overwrite_existing);
    Json config = read_json(to / "tokenizer_config.json").value();
    EXPECT_TRUE(write_file(to / "tokenizer_config.json", dump(config.set("add_bos_token", add))));
    return tokens(to.c_str(), "7");
  };
  EXPECT_EQ(tokens("nano", "7"), 1);  // add_bos_token is false
  EXPECT_EQ(with_bos(false), 1);
  EXPECT_EQ(with_bos(true), 2);
}

TEST_F(Nano, AChatTemplateThatPrintsNothingIsAnErrorThatNamesIt) {
  const fs::path to = folder_ / "silent";
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(fs::path(R1_SOURCE_DIR) / "models/nano"))
    fs::copy_file(entry.path(), to / entry.path().filename());
  ASSERT_TRUE(write_file(to / "chat_template.jinja", "{# nothing #}"));
  expect_failure(r1("run -m {}/silent -p hi"), 1, {"silent/chat_template.jinja", "prints nothing"});
}

TEST_F(Nano, AContextLargerThanTheModelsIsRefused) {
  expect_failure(r1("run -c 100000 -p hi"), 1, {"100000", "context"});
}

TEST_F(Nano, SeveralGreedySamplesOfAProblemAreAUsageError) {
  expect_failure(r1("eval --tasks sort --n 1 -k 2 --temperature 0"), 2, {"-k 2", "--temperature"});
}

TEST_F(Nano, ThinksAndAnswersAPromptFromArgumentsAndFromStdin) {
  for (const char* command : {"\"What is 47 * 36?\"", "<<< \"What is 47 * 36?\"", "run -p \"What is 47 * 36?\""}) {
    const Outcome o = r1(command);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.out.rfind("<think>\n", 0), 0u) << o.out;
    EXPECT_NE(o.out.find("\\boxed{1692}"), std::string::npos) << o.out;
    EXPECT_NE(o.err.find("tokens/s"), std::string::npos) << o.err;
  }
  const Outcome json = r1("run --json -p \"What is 47 * 36?\"");
  EXPECT_NE(json.out.find("\"answer\": \"The answer is \\\\boxed{1692}.\""), std::string::npos) << json.out;
}

TEST_F(Nano, AQuestionOutsideItsTrainingGetsOneLineThatSaysWhatItWasTaught) {
  const Outcome o = r1("run --hide-thinking -q -p \"Who was Napoleon?\"");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(std::count(o.out.begin(), o.out.end(), '\n'), 1) << o.out;
  EXPECT_NE(o.out.find("r1 -m MODEL"), std::string::npos) << o.out;
}

TEST_F(Nano, APromptLongerThanTheContextIsRefusedWithBothNumbers) {
  expect_failure(r1("run -c 8 -p \"What is 47 * 36 + 12 * 91?\""), 1, {"context", " 8"});
}

TEST_F(Nano, AStopStringEndsTheAnswerBeforeIt) {
  const Outcome o = r1("run --json --stop boxed -p \"What is 47 * 36?\"");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("\"answer\": \"The answer is \\\\\""), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("\"finish\": \"stop\""), std::string::npos) << o.out;
}

TEST_F(Nano, AConversationFromAPipeIsATurnALine) {
  const Outcome o =
      r1("chat --hide-thinking <<< $'What is 47 * 36?\\n/stats\\n/new\\nWhat is 12 + 35?\\n/exit\\nWhat is 1 + 1?'");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "The answer is \\boxed{1692}.\nThe answer is \\boxed{47}.\n");
  EXPECT_NE(o.err.find("tokens/s"), std::string::npos) << o.err;
}

TEST_F(Nano, AThinkingBudgetEndsTheThinking) {
  const Outcome o = r1("run --json --think-budget 4 -p \"What is 47 * 36?\"");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("\"thinking_tokens\": 5"), std::string::npos) << o.out;  // four tokens and a forced line end
}

}  // namespace
}  // namespace r1
