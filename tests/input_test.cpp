// What commands do with their input: prompts from flags, files and stdin; models too large for the machine or damaged;
// the defaults that --help shows.
#include <cmath>
#include <limits>

#include "formats/json.hpp"
#include "program.hpp"

namespace r1 {
namespace {

class Input : public Program {
 protected:
  // The prompt that the program understood.
  std::string prompt_of(const std::string& words) const {
    const Outcome o = r1(words + " --json -n 1");
    EXPECT_EQ(o.code, 0) << o.err;
    const auto answer = parse_json(o.out, "answer");
    return answer ? *answer->find("prompt")->string() : o.out;
  }
  static size_t header_bytes(const std::string& safetensors) {
    size_t length = 8;
    for (size_t i = 0; i < 4; ++i) length += size_t{static_cast<u8>(safetensors[i])} << 8 * i;
    return length;
  }
  // nano with one weight that is no number.
  fs::path damaged_nano() const {
    const fs::path to = file("damaged"), from = fs::path(R1_SOURCE_DIR) / "models/nano";
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(from)) fs::copy_file(entry.path(), to / entry.path().filename());
    std::string weights = *read_file(to / "model.safetensors");
    const size_t first = header_bytes(weights);
    weights[first + 2] = '\xc0', weights[first + 3] = '\x7f';  // an f32 NaN, little-endian
    EXPECT_TRUE(write_file(to / "model.safetensors", weights));
    return to;
  }
};

TEST_F(Input, AStopStringDoesNotTakeThePromptThatFollowsIt) {
  EXPECT_EQ(prompt_of("run --stop END 'What is 2 + 3?'"), "What is 2 + 3?");
  EXPECT_EQ(prompt_of("--stop END --stop '###' What is '2 + 3?'"), "What is 2 + 3?");
}

TEST_F(Input, AFileOrAPipeIsAddedToThePrompt) {
  ASSERT_TRUE(write_file(file("notes"), "3 and 5\n\n"));
  EXPECT_EQ(prompt_of("run -f {}/notes"), "3 and 5");
  EXPECT_EQ(prompt_of("run -f {}/notes -p Add"), "Add\n\n3 and 5");
  EXPECT_EQ(prompt_of("-p Add < {}/notes"), "Add\n\n3 and 5");
  EXPECT_EQ(prompt_of("Add them < {}/notes"), "Add them\n\n3 and 5");
  EXPECT_EQ(prompt_of("-p Add < <(cat {}/notes)"), "Add\n\n3 and 5");
  EXPECT_EQ(prompt_of("run -p Add -f <(cat {}/notes) < {}/notes"), "Add\n\n3 and 5") << "a file replaces stdin";
  EXPECT_EQ(prompt_of("-p Add < /dev/null"), "Add");
  EXPECT_EQ(prompt_of("-p Add < <(true)"), "Add");
  EXPECT_EQ(prompt_of("< {}/notes"), "3 and 5");
  expect_failure(r1("run -f {}/missing"), 1, {"missing", "No such file"});
  expect_failure(r1("run -f {}/notes -p a b"), 2, {"in words"});
  expect_failure(r1("run < /dev/null"), 1, {"empty"});
}

// Other programs take a model without a flag.
TEST_F(Input, AModelWithoutItsFlagIsNotTakenForAPrompt) {
  for (const char* word : {"nano", "models/nano", "deepseek-r1:1.5b"}) {
    expect_failure(r1(fmt::format("run {} 1+1", word)), 2, {word, "is a model: r1 run -m"});
    expect_failure(r1(fmt::format("chat {}", word)), 2, {word, "is a model: r1 chat -m"});
    expect_failure(r1(fmt::format("serve {}", word)), 2, {word, "is a model: r1 serve -m"});
  }
  expect_failure(r1("chat hello"), 2, {"not expected: hello"});
  EXPECT_EQ(prompt_of("run -p nano"), "nano");
  EXPECT_EQ(prompt_of("run what is nano"), "what is nano");
}

TEST_F(Input, APromptWithoutEndIsRefusedWithBothNumbers) {
  expect_failure(r1("run -f /dev/zero"), 1, {"/dev/zero: 16", "bytes and more", "at most 16777216"});
  expect_failure(r1("run < /dev/zero"), 1, {"stdin", "at most 16777216"});
}

TEST_F(Input, MinusOneTokensMeanNoLimit) {
  const Outcome all = r1("run --json -n -1 -p 'What is 47 * 36?'"), plain = r1("run --json -p 'What is 47 * 36?'");
  EXPECT_EQ(all.code, 0) << all.err;
  const auto answer = [](const Outcome& o) { return *parse_json(o.out, "answer").value().find("answer")->string(); };
  EXPECT_EQ(answer(all), answer(plain));
  expect_failure(r1("run -n -2 -p hi"), 2, {"-2", "-1"});
}

TEST_F(Input, AModelLargerThanTheMachineIsRefusedBeforeItTakesMemory) {
  expect_failure(r1("bench --shape deepseek-r1"), 1,
                 {"deepseek-r1 q4_k_m", "needs 82", "routed experts", "are available", "--layers"});
  expect_failure(r1("bench --shape nano --type q8_0 -b 1000000 -p 512 -n 256"), 1,
                 {"for the cache of 768000000 tokens", "smaller -b"});
}

// A Llama of one layer whose feed-forward weights, 492 GB of bf16, are a hole in a file.
TEST_F(Input, EveryCommandThatOpensAModelRefusesOneThatIsTooLarge) {
  const i64 wide = 1'000'000, hidden = 81'920;
  Json config = parse_json(*read_file(fs::path(R1_SOURCE_DIR) / "tests/golden/llama/config.json"), "config").value();
  config.set("num_hidden_layers", 1).set("hidden_size", hidden).set("head_dim", 8).set("num_attention_heads", 1);
  config.set("num_key_value_heads", 1).set("intermediate_size", wide).set("vocab_size", 16);
  Json header = Json::Object{};
  i64 at = 0;
  const auto add = [&](const std::string& name, std::vector<i64> shape) {
    i64 bytes = 2;
    for (const i64 side : shape) bytes *= side;
    header.set(name, Json::object({{"dtype", "BF16"},
                                   {"shape", Json::array_of(shape)},
                                   {"data_offsets", Json::array({at, at + bytes})}}));
    at += bytes;
  };
  add("lm_head.weight", {16, hidden}), add("model.embed_tokens.weight", {16, hidden}),
      add("model.norm.weight", {hidden});
  for (const char* norm : {"input_layernorm", "post_attention_layernorm"})
    add(fmt::format("model.layers.0.{}.weight", norm), {hidden});
  for (const char* matrix : {"q_proj", "k_proj", "v_proj", "o_proj"})
    add(fmt::format("model.layers.0.self_attn.{}.weight", matrix),
        matrix[0] == 'o' ? std::vector<i64>{hidden, 8} : std::vector<i64>{8, hidden});
  add("model.layers.0.mlp.gate_proj.weight", {wide, hidden}), add("model.layers.0.mlp.up_proj.weight", {wide, hidden});
  add("model.layers.0.mlp.down_proj.weight", {hidden, wide});
  const std::string text = dump(header);
  std::string start(8, '\0');
  for (size_t i = 0; i < 8; ++i) start[i] = static_cast<char>(text.size() >> 8 * i);
  fs::create_directories(file("huge"));
  ASSERT_TRUE(write_file(file("huge") / "config.json", dump(config)));
  ASSERT_TRUE(write_file(file("huge") / "model.safetensors", start + text));
  std::error_code no_room;
  fs::resize_file(file("huge") / "model.safetensors", start.size() + text.size() + at, no_room);
  if (no_room) GTEST_SKIP() << "no file of " << at << " bytes with a hole: " << no_room.message();
  fs::copy_file(fs::path(R1_SOURCE_DIR) / "models/nano/tokenizer.json", file("huge") / "tokenizer.json");

  ASSERT_TRUE(write_file(file("text"), "some text"));
  for (const char* command : {"run -p hi -m", "chat -m", "eval --tasks sort --n 1 -m", "logprobs --tokens 1,2 -m",
                              "perplexity -f {}/text -m", "imatrix -f {}/text -o {}/i.gguf -m", "bench -m",
                              "train sft --config recipes/examples/sft.toml --out {}/run --model"})
    expect_failure(r1(fmt::format("{} {{}}/huge", command)), 1,
                   {std::string_view(command).starts_with("train") ? "huge: needs 393" : "huge: needs 492 GB",
                    "for weights that every token uses", "are available"});
  EXPECT_FALSE(fs::exists(file("run")));
}

TEST_F(Input, ADamagedModelFailsScoringAndConversion) {
  const std::string model = damaged_nano();
  expect_failure(r1("convert " + model + " -o {}/out.gguf"), 1, {"damaged", "tensor", "not finite"});
  EXPECT_FALSE(fs::exists(file("out.gguf")));
  expect_failure(r1("convert " + model + " -o {}/out --type f32"), 1, {"tensor", "not finite"});
  EXPECT_FALSE(fs::exists(file("out")));
  const Outcome checked = r1("inspect --check " + model);
  EXPECT_EQ(checked.code, 1);

  // A norm that is no number reaches every logit.
  const fs::path golden = file("golden");
  fs::create_directories(golden);
  for (const char* name : {"config.json", "model.safetensors"})
    fs::copy_file(fs::path(R1_SOURCE_DIR) / "tests/golden/v3" / name, golden / name);
  std::string weights = *read_file(golden / "model.safetensors");
  for (size_t at = header_bytes(weights); at + 1 < weights.size(); at += 2)
    weights[at] = '\xc0', weights[at + 1] = '\x7f';
  ASSERT_TRUE(write_file(golden / "model.safetensors", weights));
  expect_failure(r1("logprobs -m {}/golden --tokens 1,2,3"), 1, {"golden", "token 1", "nan", "--check"});
}

TEST_F(Input, HelpShowsTheDefaultOfEveryFlagThatTakesAValue) {
  for (const char* command : {"eval", "problems", "logprobs", "tokenize", "quantize", "inspect", "convert",
                              "perplexity", "bench", "pull", "models", "recipe"}) {
    const std::string help = r1(fmt::format("{} --help", command)).out;
    size_t flags = 0;
    for (size_t at = 0; at < help.size();) {
      const size_t end = std::min(help.find("\n  -", at), help.size());
      const std::string flag = help.substr(at, end - at);
      at = end + 1;
      const bool takes_value =
          flag.starts_with("  -") && (flag.find(" INT") != flag.npos || flag.find(" TEXT") != flag.npos ||
                                      flag.find(" FLOAT") != flag.npos || flag.find(" UINT") != flag.npos);
      if (!takes_value) continue;
      ++flags;
      const bool shows = flag.find("INT=") != flag.npos || flag.find("TEXT=") != flag.npos ||
                         flag.find("FLOAT=") != flag.npos || flag.find("default:") != flag.npos ||
                         flag.find("REQUIRED") != flag.npos;
      EXPECT_TRUE(shows) << command << ": " << flag;
    }
    const bool has_none = command == std::string_view("inspect") || command == std::string_view("models");
    EXPECT_EQ(flags == 0, has_none) << command;
  }
}

TEST_F(Input, QuantizeSaysWhichTypesItReplaced) {
  const Outcome o = r1("quantize nano --type q4_k_m -o {}/q.gguf");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("59 tensors got another type than the mix asks for"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("q5_0 instead of q4_k for rows of"), std::string::npos) << o.err;
  EXPECT_EQ(r1("quantize nano --type q8_0 -o {}/q8.gguf").err, "");
}

TEST_F(Input, TheModelThatShipsNamesOneCommandForWhatItCannotDo) {
  const Outcome o = r1("run --hide-thinking -p 'Who was Napoleon?'");
  EXPECT_NE(o.err.find("r1 pull deepseek-r1:1.5b"), std::string::npos) << o.err;
  const Outcome available = r1("models --available");
  EXPECT_NE(available.out.find("deepseek-r1:1.5b "), std::string::npos) << available.out;
  EXPECT_NE(available.out.find("too large"), std::string::npos) << "R1 itself: " << available.out;
  const Json all = parse_json(r1("models --available --json").out, "models").value();
  EXPECT_GE(all.array()->size(), 7u);
  EXPECT_EQ(*all.array()->front().find("name")->string(), "deepseek-r1:1.5b");
}

}  // namespace
}  // namespace r1
