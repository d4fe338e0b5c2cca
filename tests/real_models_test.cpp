// Published models, which scripts/real-models fetches: the program beside llama.cpp and transformers, whose results are
// recorded in tests/golden/real_models. Runs where R1_REAL_MODELS names the folder of the models.
#include <cmath>
#include <cstring>

#include "formats/json.hpp"
#include "hub/family.hpp"
#include "program.hpp"
#include "text/chat_template.hpp"

namespace r1 {
namespace {

const fs::path kGolden = fs::path(R1_SOURCE_DIR) / "tests/golden/real_models";
constexpr const char* kSmol = "SmolLM2-135M-Instruct.Q4_1.gguf";
constexpr const char* kQwen = "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.head.gguf";  // header, tokenizer, first tensors

class RealModels : public Program {
 protected:
  // The model's path; empty where it is not. A test is skipped there.
  static fs::path model(const char* name) {
    const char* folder = std::getenv("R1_REAL_MODELS");
    if (!folder) return {};
    const fs::path path = fs::absolute(fs::path(folder) / name);
    return fs::exists(path) ? path : fs::path{};
  }
  std::string ok(const std::string& words) const {
    const Outcome o = r1(words);
    EXPECT_EQ(o.code, 0) << words.substr(0, 100) << ": " << o.err;
    return o.out;
  }
};
using RealModels_slow = RealModels;

#define R1_MODEL_OR_SKIP(path, name) \
  const fs::path path = model(name); \
  if (path.empty()) GTEST_SKIP() << "R1_REAL_MODELS names no folder with " << name

std::vector<i32> ids_of(const Json& list) {
  std::vector<i32> ids;
  for (const Json& id : *list.array()) ids.push_back(static_cast<i32>(*id.integer()));
  return ids;
}

// ---- opening

TEST_F(RealModels, SmolLm2IsDescribed) {
  R1_MODEL_OR_SKIP(path, kSmol);
  const Json about = parse_json(ok("inspect --json --check " + path.string()), "inspect").value();
  EXPECT_EQ(*about.find("model")->find("architecture")->string(), "llama");
  EXPECT_EQ(*about.find("model")->find("layers")->integer(), 30);
  EXPECT_EQ(*about.find("model")->find("context")->integer(), 8192);
  EXPECT_EQ(*about.find("tokenizer")->find("pre")->string(), "smollm");
  EXPECT_EQ(*about.find("tokenizer")->find("tokens")->integer(), 49152);
  EXPECT_EQ(*about.find("tokenizer")->find("add_bos")->boolean(), false);
  EXPECT_EQ(*about.find("check")->string(), "every weight is finite");
  EXPECT_NE(ok("inspect " + path.string()).find("chat         ChatML"), std::string::npos);
}

TEST_F(RealModels, TheDistillOf7BIsDescribed) {
  R1_MODEL_OR_SKIP(path, kQwen);
  const Json about = parse_json(ok("inspect --json " + path.string()), "inspect").value();
  EXPECT_EQ(*about.find("model")->find("architecture")->string(), "qwen2");
  EXPECT_EQ(*about.find("model")->find("layers")->integer(), 28);
  EXPECT_EQ(*about.find("model")->find("parameters")->integer(), 7615616512);
  EXPECT_EQ(*about.find("tokenizer")->find("pre")->string(), "deepseek-r1-qwen");
  EXPECT_EQ(*about.find("tokenizer")->find("tokens")->integer(), 151665);
  EXPECT_EQ(*about.find("tokenizer")->find("add_bos")->boolean(), true);
  EXPECT_NE(ok("inspect " + path.string()).find("chat         R1-Distill"), std::string::npos);
  // The length is that of the whole file. `r1 models --available` shows it to 10 MB.
  EXPECT_NEAR(static_cast<double>(find_in_family("deepseek-r1:7b")->bytes), static_cast<double>(fs::file_size(path)),
              5e6);
}

// ---- tokens

// Added tokens are recognised in the texts, by both programs.
TEST_F(RealModels, GiveOddTextsLlamaCppsTokens) {
  const Json golden = read_json(kGolden / "tokens.json").value();
  const Json::Array& texts = *golden.find("texts")->array();
  ASSERT_EQ(texts.size(), 1000u);
  std::string lines;
  for (const Json& text : texts) lines += dump(text) + "\n";
  ASSERT_TRUE(write_file(file("texts"), lines));
  int compared = 0;
  for (const auto& [name, key] : {std::pair(kSmol, "smollm2"), {kQwen, "qwen"}}) {
    const fs::path path = model(name);
    if (path.empty()) continue;
    ++compared;
    const std::string out = ok("tokenize --special --lines -m " + path.string() + " < {}/texts");
    const Json::Array& expected = *golden.find(key)->array();
    size_t at = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
      const size_t end = out.find('\n', at);
      ASSERT_NE(end, out.npos) << key << " text " << i;
      const Json line = parse_json(std::string_view(out).substr(at, end - at), "line").value();
      EXPECT_EQ(ids_of(line), ids_of(expected[i])) << key << " text " << i << ": " << dump(texts[i]);
      at = end + 1;
    }
  }
  if (!compared) GTEST_SKIP() << "R1_REAL_MODELS names no folder of models";
}

// ---- conversations

// The distills' template leaves <think> to the model. r1 opens the thinking.
TEST_F(RealModels, RenderConversationsAsTransformersDoes) {
  const Json golden = read_json(kGolden / "chat.json").value();
  int compared = 0;
  for (const auto& [name, key, opening] : {std::tuple(kSmol, "smollm2", ""), {kQwen, "qwen", "<think>\n"}}) {
    const fs::path path = model(name);
    if (path.empty()) continue;
    ++compared;
    const Tokenizer tokenizer = Tokenizer::open(path).value();
    const ChatTemplate chat = ChatTemplate::open(path, tokenizer).value();
    for (const Json& conversation : *golden.find(key)->array()) {
      std::vector<Message> messages;
      for (const Json& m : *conversation.find("messages")->array())
        messages.push_back({*m.find("role")->string(), *m.find("content")->string()});
      const bool add = *conversation.find("add_generation_prompt")->boolean();
      const ChatRequest request{.messages = messages,
                                .generation = add ? GenerationPrompt::add : GenerationPrompt::none};
      const std::string opened = add ? opening : "";
      EXPECT_EQ(chat.render(request).value().rendered.text, *conversation.find("text")->string() + opened) << key;
      std::vector<i32> ids = ids_of(*conversation.find("ids"));
      for (const i32 id : tokenizer.encode(opened, Tokenizer::Special::recognise)) ids.push_back(id);
      EXPECT_EQ(chat.encode(tokenizer, request).value().ids, ids) << key << dump(*conversation.find("messages"));
    }
  }
  if (!compared) GTEST_SKIP() << "R1_REAL_MODELS names no folder of models";
}

TEST_F(RealModels, SmolLm2AnswersAndHoldsAConversation) {
  R1_MODEL_OR_SKIP(path, kSmol);
  // With the system message that the template puts in front (figures.json holds the ids).
  const std::string greedy = "--temperature 0 -n 12 -m " + path.string();
  const Json one = parse_json(ok("run --json \"What is the capital of France?\" " + greedy), "answer").value();
  EXPECT_EQ(*one.find("prompt_tokens")->integer(), 37);
  ASSERT_TRUE(write_file(file("lines"), "Hi!\nWhat did I say?\n"));
  const std::string answers = ok("chat " + greedy + " < {}/lines");
  EXPECT_GE(std::count(answers.begin(), answers.end(), '\n'), 2) << answers;
}

// ---- figures

// The text is scored exactly: the weights as the file has them, everything else in f32. llama.cpp computes the same
// with the dequantised file; on the Q4_1 file itself it rounds activations to 8 bits.
TEST_F(RealModels_slow, PerplexityIsLlamaCppsWithinHalfAPercent) {
  R1_MODEL_OR_SKIP(path, kSmol);
  const Json golden = read_json(kGolden / "figures.json").value();
  const std::string text = (kGolden / "prose.txt").string();
  const Json ours =
      parse_json(ok("perplexity --json -c 512 -f " + text + " -m " + path.string()), "perplexity").value();
  const double perplexity = *ours.find("perplexity")->number();
  EXPECT_NEAR(perplexity / *golden.find("perplexity_q4_1")->number(), 1, 0.005);
  // llama.cpp prints four digits behind the point; sums of 255 scores in f32 differ by less than that.
  EXPECT_NEAR(perplexity / *golden.find("perplexity_f32")->number(), 1, 1e-4);
}

// For every step of llama.cpp's greedy continuations, given the same tokens: our likeliest token is its token if its
// margin is above `margin`, and the log-probabilities of its likeliest tokens are ours up to `worst`, on average up to
// `mean`. With the weights dequantised to f32 both add the same numbers in another order, through 30 layers: 3.1e-4
// measured at worst, 9.4e-5 on average. With the Q4_1 file llama.cpp rounds activations to 8 bits: 1.0 and 0.09.
struct Form {
  const char* name;
  double margin, mean, worst;
};

TEST_F(RealModels_slow, GreedyContinuationsAndLogitsAreLlamaCpps) {
  R1_MODEL_OR_SKIP(path, kSmol);
  const Json golden = read_json(kGolden / "figures.json").value();
  for (const Form& form : {Form{"f32", 1e-3, 3e-4, 1e-3}, Form{"q4_1", 0.3, 0.2, 2}}) {
    int steps = 0, compared = 0;
    double worst = 0, sum_of_differences = 0;
    for (const Json& prompt : *golden.find("prompts")->array()) {
      const std::vector<i32> ids = ids_of(*prompt.find("ids"));
      const Json& theirs = *prompt.find(form.name);
      std::vector<i32> all = ids;
      const std::vector<i32> tokens = ids_of(*theirs.find("tokens"));
      all.insert(all.end(), tokens.begin(), tokens.end());
      ok(fmt::format("logprobs -m {} --tokens {} --logits-out {{}}/logits", path.string(), fmt::join(all, ",")));
      const std::string bytes = read_file(file("logits")).value();
      const size_t vocabulary = 49152;
      ASSERT_EQ(bytes.size(), all.size() * vocabulary * sizeof(float));
      for (size_t i = 0; i < tokens.size(); ++i, ++steps) {
        std::vector<float> row(vocabulary);
        std::memcpy(row.data(), bytes.data() + (ids.size() - 1 + i) * vocabulary * sizeof(float),
                    vocabulary * sizeof(float));
        const auto top = std::max_element(row.begin(), row.end());
        double sum = 0;
        for (const float logit : row) sum += std::exp(static_cast<double>(logit) - *top);
        const double log_sum = *top + std::log(sum);
        const Json::Array& likeliest = *(*theirs.find("likeliest")->array())[i].array();
        const auto id = [&](size_t k) { return *(*likeliest[k].array())[0].integer(); };
        const auto logprob = [&](size_t k) { return *(*likeliest[k].array())[1].number(); };
        for (size_t k = 0; k < likeliest.size(); ++k, ++compared) {
          const double difference = std::abs(row[static_cast<size_t>(id(k))] - log_sum - logprob(k));
          worst = std::max(worst, difference), sum_of_differences += difference;
        }
        if (logprob(0) - logprob(1) > form.margin) {
          EXPECT_EQ(top - row.begin(), tokens[i]) << form.name << " step " << i << " of " << dump(*prompt.find("text"));
        }
      }
    }
    EXPECT_GT(steps, 200) << form.name;
    EXPECT_LT(worst, form.worst) << form.name;
    EXPECT_LT(sum_of_differences / compared, form.mean) << form.name;
  }
}

// What `run` prints, token for token, as long as no step of llama.cpp's was close.
TEST_F(RealModels_slow, RunContinuesTextsAsLlamaCpp) {
  R1_MODEL_OR_SKIP(path, kSmol);
  const Json golden = read_json(kGolden / "figures.json").value();
  const Tokenizer tokenizer = Tokenizer::open(path).value();
  int compared = 0;
  for (const Json& prompt : *golden.find("prompts")->array()) {
    const std::string& text = *prompt.find("text")->string();
    if (text.starts_with("<|")) continue;  // --raw takes marks in a prompt as text
    const Json& theirs = *prompt.find("f32");
    std::vector<i32> sure;
    for (const Json& step : *theirs.find("likeliest")->array()) {
      const Json::Array& two = *step.array();
      if (*(*two[0].array())[1].number() - *(*two[1].array())[1].number() < 0.3) break;
      sure.push_back(static_cast<i32>(*(*two[0].array())[0].integer()));
    }
    if (sure.empty()) continue;
    ++compared;
    ASSERT_TRUE(write_file(file("prompt"), text));
    const std::string out =
        ok(fmt::format("run --raw -q --temperature 0 -n {} -m {} -f {{}}/prompt", sure.size(), path.string()));
    const std::string expected = tokenizer.decode(sure);
    EXPECT_EQ(out.substr(0, expected.size()), expected) << text;
  }
  EXPECT_GT(compared, 2);
}

}  // namespace
}  // namespace r1
