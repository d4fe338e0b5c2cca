// The commands convert, inspect and perplexity, run on the model that ships, nano.
#include <cmath>

#include "formats/gguf.hpp"
#include "formats/json.hpp"
#include "program.hpp"

namespace r1 {
namespace {

class Interop : public Program {
 protected:
  int run(const std::string& words) {
    Outcome o = r1(words);
    out = std::move(o.out), err = std::move(o.err);
    return o.code;
  }
  Json json() {
    auto parsed = parse_json(out, "stdout");
    EXPECT_TRUE(parsed) << out << err;
    return parsed ? *parsed : Json();
  }
  std::string out, err;  // what the last run() printed
};

TEST_F(Interop, NanoConvertedToGgufAnswersScoresAndTokenizesTheSame) {
  ASSERT_EQ(run("convert nano -o {}/nano.gguf --type f32"), 0) << err;
  const std::string prompt = "-p \"What is 47 * 36?\" --temperature 0";
  ASSERT_EQ(run("run -m nano " + prompt), 0) << err;
  const std::string want = out;
  ASSERT_NE(want, "");
  ASSERT_EQ(run("run -m {}/nano.gguf " + prompt), 0) << err;
  EXPECT_EQ(out, want);
  ASSERT_EQ(run("logprobs -m nano --tokens 505,20,30,40"), 0) << err;
  const Json scores = *json().find("logprobs");
  ASSERT_EQ(run("logprobs -m {}/nano.gguf --tokens 505,20,30,40"), 0) << err;
  EXPECT_EQ(dump(*json().find("logprobs")), dump(scores));
  ASSERT_EQ(run("tokenize -m nano --special < README.md"), 0) << err;
  const std::string ids = out;
  ASSERT_EQ(run("tokenize -m {}/nano.gguf --special < README.md"), 0) << err;
  EXPECT_EQ(out, ids);
}

TEST_F(Interop, NanoConvertedToGgufAndBackToAFolderAnswersTheSame) {
  ASSERT_EQ(run("convert nano -o {}/nano.gguf --mtp"), 0) << err;
  ASSERT_EQ(run("convert {}/nano.gguf -o {}/folder"), 0) << err;
  for (const char* file :
       {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    EXPECT_TRUE(fs::exists(folder_ / "folder" / file)) << file;
  const std::string prompt = "-p \"What is 12 + 35?\"";  // decoding is greedy because of generation_config.json
  ASSERT_EQ(run("run -m nano " + prompt), 0) << err;
  const std::string want = out;
  ASSERT_EQ(run("run -m {}/folder " + prompt), 0) << err;
  EXPECT_EQ(out, want);
}

TEST_F(Interop, ConvertReplacesAFileOnlyWithForce) {
  ASSERT_TRUE(write_file(folder_ / "there.gguf", "mine"));
  EXPECT_EQ(run("convert nano -o {}/there.gguf"), 2);
  EXPECT_NE(err.find("--force"), std::string::npos) << err;
  EXPECT_EQ(*read_file(folder_ / "there.gguf"), "mine");
  EXPECT_EQ(run("convert nano -o {}/there.gguf --force"), 0) << err;
  EXPECT_TRUE(Gguf::open(folder_ / "there.gguf"));
}

TEST_F(Interop, InspectDescribesNanoAlikeAsFolderAndAsGguf) {
  ASSERT_EQ(run("inspect nano --json --check"), 0) << err;
  const Json folder = json();
  EXPECT_EQ(*folder.find("model")->find("architecture")->string(), "deepseek_v3");
  EXPECT_EQ(*folder.find("model")->find("layers")->integer(), 5);
  EXPECT_EQ(*folder.find("tokenizer")->find("tokens")->integer(), 576);
  EXPECT_EQ(*folder.find("check")->string(), "every weight is finite");
  ASSERT_EQ(run("convert nano -o {}/nano.gguf"), 0) << err;
  ASSERT_EQ(run("inspect {}/nano.gguf --json"), 0) << err;
  const Json gguf = json();
  EXPECT_EQ(*gguf.find("format")->string(), "GGUF v3");
  for (const char* key : {"parameters", "active_parameters", "vocabulary", "context"})
    EXPECT_EQ(dump(*gguf.find("model")->find(key)), dump(*folder.find("model")->find(key))) << key;
  ASSERT_EQ(run("inspect nano"), 0) << err;
  EXPECT_NE(out.find("deepseek_v3: 5 layers of 128"), std::string::npos) << out;
}

TEST_F(Interop, InspectNamesARopeFactorThatIsNotUsed) {
  ASSERT_EQ(run("inspect tests/golden/qwen3_yarn"), 0) << err;
  EXPECT_NE(out.find("rope_scaling.attn_factor 0.878248856286941"), std::string::npos) << out;
  EXPECT_NE(out.find("is not used, as in transformers"), std::string::npos) << out;
  ASSERT_EQ(run("inspect tests/golden/qwen3"), 0) << err;
  EXPECT_EQ(out.find("is not used"), std::string::npos) << out;
}

TEST_F(Interop, InspectDescribesAFileThatTheProgramCannotRun) {
  const std::pair<std::string, GgufValue> metadata[] = {{"general.architecture", GgufValue::of_text("mamba9")}};
  ASSERT_TRUE(write_gguf(folder_ / "odd.gguf", metadata, {}));
  ASSERT_EQ(run("inspect {}/odd.gguf"), 0) << err;
  EXPECT_NE(out.find("mamba9"), std::string::npos) << out;
  EXPECT_NE(out.find("known: deepseek2, qwen2, qwen3, llama"), std::string::npos) << out;
}

TEST_F(Interop, InspectCheckFindsAWeightThatIsNotFinite) {
  const float bad[] = {1, NAN, 2, 3};
  const std::pair<std::string, GgufValue> metadata[] = {{"general.architecture", GgufValue::of_text("llama")}};
  const TensorItem item{"token_embd.weight", DType::f32, {2, 2}, [&](const ByteSink& sink) {
                          return sink(std::as_bytes(std::span(bad)));
                        }};
  ASSERT_TRUE(write_gguf(folder_ / "bad.gguf", metadata, std::span(&item, 1)));
  EXPECT_EQ(run("inspect --check {}/bad.gguf"), 1) << err;
  EXPECT_NE(out.find("token_embd.weight (f32): row 0, column 1 is nan"), std::string::npos) << out;
}

// The windows have 64 tokens and do not overlap; the last 31 tokens of each count. The test computes the same from
// r1 logprobs, window by window.
TEST_F(Interop, PerplexityIsTheMeanOverTheSecondHalvesOfWindows) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += fmt::format("What is {} + {}? ", i, 2 * i);
  ASSERT_TRUE(write_file(folder_ / "text", text));
  ASSERT_EQ(run("perplexity -m nano -f {}/text -c 64 --json"), 0) << err;
  const Json result = json();
  ASSERT_EQ(run("tokenize -m nano < {}/text"), 0) << err;
  const Json tokens = json();
  std::vector<i64> ids;
  for (const Json& id : *tokens.array()) ids.push_back(*id.integer());
  const i64 windows = static_cast<i64>(ids.size()) / 64;
  ASSERT_GE(windows, 2);
  double sum = 0;
  for (i64 w = 0; w < windows; ++w) {
    const std::span<const i64> window(ids.data() + w * 64, 64);
    ASSERT_EQ(run(fmt::format("logprobs -m nano --tokens {}", fmt::join(window, ","))), 0) << err;
    const Json scores = *json().find("logprobs");
    for (size_t t = 33; t < 64; ++t) sum -= *(*scores.array())[t].number();
  }
  EXPECT_EQ(*result.find("windows")->integer(), windows);
  EXPECT_EQ(*result.find("tokens_scored")->integer(), windows * 31);
  const double want = std::exp(sum / static_cast<double>(windows * 31));
  EXPECT_NEAR(*result.find("perplexity")->number() / want, 1, 1e-6);  // each printed logprob is rounded to f32: 6e-8
}

}  // namespace
}  // namespace r1
