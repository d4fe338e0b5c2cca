#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "core/file.hpp"
#include "formats/gguf.hpp"
#include "formats/json.hpp"
#include "formats/test_gguf.hpp"
#include "text/pretokenizer/pretokenizer.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;
using Special = Tokenizer::Special;

const fs::path kData = fs::path(R1_SOURCE_DIR) / "tests/data/tokenizers";

struct Folder {
  fs::path path;
  explicit Folder(const char* name) : path(fs::path(testing::TempDir()) / name) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

std::vector<i32> ids_of(const Json& json) {
  std::vector<i32> ids;
  for (const Json& id : *json.array()) ids.push_back(static_cast<i32>(*id.integer()));
  return ids;
}

// llama.cpp's own cases: texts between separators, and a line of ids for each; control tokens are text.
void expect_llama_cpp_cases(const Tokenizer& tokenizer, const fs::path& texts, const fs::path& ids, size_t count) {
  constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";
  const std::string all = read_file(texts).value();
  std::ifstream lines(ids);
  std::string line;
  size_t at = 0, cases = 0;
  for (; at < all.size(); ++cases) {
    const size_t end = std::min(all.find(kSeparator, at), all.size());
    const std::string text = all.substr(at, end - at);
    at = end + kSeparator.size();
    ASSERT_TRUE(std::getline(lines, line)) << ids;
    std::istringstream numbers(line);
    std::vector<i32> want;
    for (i32 id; numbers >> id;) want.push_back(id);
    const std::vector<i32> got = tokenizer.encode(text, Special::user_defined);
    EXPECT_EQ(got, want) << texts << ": " << dump(Json(text));
    EXPECT_EQ(tokenizer.decode(got), text);
  }
  EXPECT_EQ(cases, count) << texts;
}

// Two other implementations agree on these.
void expect_extra_cases(const Tokenizer& tokenizer, const char* name) {
  const Json cases = read_json(kData / "extra_cases.json").value();
  const Json::Array &texts = *cases.find("texts")->array(), &wants = *cases.find(name)->array();
  ASSERT_EQ(wants.size(), 228u);
  ASSERT_EQ(texts.size(), 228u);
  for (size_t i = 0; i < wants.size(); ++i) {
    const std::string& text = *texts[i].string();
    const std::vector<i32> want = ids_of(*wants[i].find("ids"));
    const Json* special = wants[i].find("ids_special");
    const std::vector<i32> all = tokenizer.encode(text, Special::recognise);
    EXPECT_EQ(tokenizer.encode(text, Special::user_defined), want) << name << " case " << i << ": " << dump(texts[i]);
    EXPECT_EQ(all, special ? ids_of(*special) : want) << name << " case " << i << ": " << dump(texts[i]);
    EXPECT_EQ(tokenizer.decode(all), text) << name << " case " << i;
  }
}

const Tokenizer& qwen2() {
  static const Tokenizer tokenizer = Tokenizer::open(kData / "qwen2/vocab.gguf").value();
  return tokenizer;
}

using Metadata = std::vector<std::pair<std::string, GgufValue>>;

GgufValue& value_of(Metadata& metadata, std::string_view key) {
  const auto found = std::find_if(metadata.begin(), metadata.end(), [&](const auto& kv) { return kv.first == key; });
  return found == metadata.end() ? metadata.emplace_back(std::string(key), GgufValue()).second : found->second;
}

Tokenizer written_and_read(const Folder& folder, Metadata metadata) {
  metadata.insert(metadata.begin(), {"general.architecture", GgufValue::of_text("qwen2")});
  const fs::path path = folder.path / "t.gguf";
  const Status written = write_gguf(path, metadata, {});
  EXPECT_TRUE(written) << written.error().what;
  auto tokenizer = Tokenizer::open(path);
  if (!tokenizer) ADD_FAILURE() << tokenizer.error().what, std::abort();
  return std::move(*tokenizer);
}

// DeepSeek-R1-Distill-Qwen has Qwen's vocabulary with other added tokens.
Tokenizer distilled_qwen(const Folder& folder) {
  Metadata m = qwen2().to_gguf(152064).value();
  value_of(m, "tokenizer.ggml.pre") = GgufValue::of_text("deepseek-r1-qwen");
  value_of(m, "tokenizer.ggml.bos_token_id") = GgufValue::of_u32(151646);
  value_of(m, "tokenizer.ggml.add_bos_token") = GgufValue::of_bool(true);
  // clang-format off
  const std::pair<const char*, i64> added[] = {
      {"<｜end▁of▁sentence｜>", 3}, {"<｜User｜>", 3}, {"<｜Assistant｜>", 3}, {"<｜begin▁of▁sentence｜>", 3},
      {"<|EOT|>", 3},              {"<think>", 4},          {"</think>", 4},         {"<|quad_start|>", 3},
      {"<|quad_end|>", 3},         {"<|vision_start|>", 3}, {"<|vision_end|>", 3},   {"<|vision_pad|>", 3},
      {"<|image_pad|>", 3},        {"<|video_pad|>", 3},    {"<tool_call>", 4},      {"</tool_call>", 4},
      {"<|fim_prefix|>", 3},       {"<|fim_middle|>", 3},   {"<|fim_suffix|>", 3},   {"<|fim_pad|>", 3},
      {"<|repo_name|>", 3},        {"<|file_sep|>", 3}};
  // clang-format on
  size_t id = 151643;
  for (const auto& [text, type] : added) {
    value_of(m, "tokenizer.ggml.tokens").array.texts[id] = text;
    value_of(m, "tokenizer.ggml.token_type").array.integers[id++] = type;
  }
  return written_and_read(folder, std::move(m));
}

TEST(TokenizerGguf, GivesLlamaCppsIdsForQwen2) {
  for (const char* year : {"2025", "2026"}) {
    const fs::path cases = kData / "qwen2" / year;
    expect_llama_cpp_cases(qwen2(), fs::path(cases).concat(".inp"), fs::path(cases).concat(".out"), 46);
  }
  EXPECT_EQ(qwen2().pre(), "qwen2");
  EXPECT_EQ(qwen2().size(), 151646);  // padding rows of the embedding are not tokens
  EXPECT_EQ(qwen2().bytes_of(151700), "");
  EXPECT_FALSE(qwen2().roles().add_bos);
  EXPECT_EQ(qwen2().roles().eos, 151643);
  EXPECT_EQ(qwen2().roles().ends, (std::vector<i32>{151643, 151645}));  // <|im_end|> is found by its text
}

TEST(TokenizerGguf, GivesTheReferencesIdsForTheQwenDistillations) {
  const Folder folder("r1_distilled_qwen");
  const Tokenizer tokenizer = distilled_qwen(folder);
  expect_llama_cpp_cases(tokenizer, kData / "qwen2/2025.inp", kData / "qwen2/2025.out", 46);
  expect_extra_cases(tokenizer, "deepseek-r1-qwen");
  EXPECT_EQ(tokenizer.pre(), "deepseek-r1-qwen");
  EXPECT_EQ(tokenizer.roles().bos, 151646);
  EXPECT_TRUE(tokenizer.roles().add_bos);
  EXPECT_TRUE(tokenizer.is_control(151644));
  EXPECT_FALSE(tokenizer.is_control(151648));
  EXPECT_EQ(tokenizer.find("<think>"), 151648);
  // A user's text contains no marks, whatever kind the file gives their tokens.
  for (const i32 id : tokenizer.encode("<think><｜User｜>")) EXPECT_FALSE(tokenizer.is_added(id)) << id;
}

TEST(TokenizerGguf, GivesTheReferencesIdsForVocabulariesThatStayOutside) {
  const char* fixtures = std::getenv("R1_FIXTURES");
  if (!fixtures) GTEST_SKIP() << "R1_FIXTURES names no folder of fixtures";
  const fs::path vocab = fs::path(fixtures) / "vocab";
  const std::pair<const char*, std::string> files[] = {
      {"deepseek-llm", "ggml-vocab-deepseek-llm.gguf"},
      {"deepseek-coder", "ggml-vocab-deepseek-coder.gguf"},
      {"llama-bpe", "reconstructed/ggml-vocab-llama-bpe.reconstructed.gguf"},
      {"deepseek-r1-qwen", "reconstructed/ggml-vocab-deepseek-r1-qwen.reconstructed.gguf"}};
  for (const auto& [name, file] : files) {
    const Tokenizer tokenizer = Tokenizer::open(vocab / file).value();
    const std::string cases = fmt::format("ggml-vocab-{}.gguf", name);
    expect_llama_cpp_cases(tokenizer, vocab / (cases + ".inp"), vocab / (cases + ".out"), 46);
    if (const fs::path later = vocab / "llama.cpp-2026-08"; fs::exists(later / (cases + ".inp"))) {
      expect_llama_cpp_cases(tokenizer, later / (cases + ".inp"), later / (cases + ".out"), 46);
    }
    expect_extra_cases(tokenizer, name);
    EXPECT_EQ(tokenizer.pre(), name);
    // Added tokens that are single letters are ordinary text, also in text from users.
    EXPECT_EQ(tokenizer.encode("aüb"), tokenizer.encode("aüb", Special::user_defined)) << name;
    // A byte for which the vocabulary has no token becomes U+FFFD. All other bytes survive the round trip.
    const std::string bytes = "a\xff\xc0z\x80\xe4\xb8";
    const std::string back = tokenizer.decode(tokenizer.encode(bytes));
    const bool lacks = std::string_view(name) == "deepseek-llm" || std::string_view(name) == "deepseek-coder";
    EXPECT_EQ(back, lacks ? "a\uFFFD\uFFFDz\x80\xe4\xb8" : bytes) << name;
  }
}

// ---- from one format to the other

void expect_same_ids(const Tokenizer& a, const Tokenizer& b) {
  const Json cases = read_json(kData / "extra_cases.json").value();
  for (const Json& text : *cases.find("texts")->array()) {
    EXPECT_EQ(a.encode(*text.string(), Special::recognise), b.encode(*text.string(), Special::recognise)) << dump(text);
  }
  ASSERT_EQ(a.size(), b.size());
  for (i32 id = 0; id < a.size(); ++id) {
    ASSERT_EQ(a.bytes_of(id), b.bytes_of(id)) << id;
    ASSERT_EQ(a.is_added(id), b.is_added(id)) << id;
    ASSERT_EQ(a.is_control(id), b.is_control(id)) << id;
  }
  EXPECT_EQ(a.roles().bos, b.roles().bos);
  EXPECT_EQ(a.roles().eos, b.roles().eos);
  EXPECT_EQ(a.roles().pad, b.roles().pad);
  EXPECT_EQ(a.roles().add_bos, b.roles().add_bos);
}

TEST(TokenizerGguf, KeepsIdsOnTheWayToTokenizerJsonAndBack) {
  const Folder folder("r1_tokenizer_there_and_back");
  const Tokenizer there = distilled_qwen(folder);
  const std::string json = there.to_json(), config = there.to_config_json();
  const Tokenizer back = Tokenizer::parse(json, "t", config).value();
  expect_same_ids(there, back);
  EXPECT_EQ(back.pre(), "qwen2");  // the same patterns always give the same name
  const Tokenizer without_config = Tokenizer::parse(json, "t").value();
  EXPECT_EQ(without_config.roles().bos, there.roles().bos);  // the post-processor names the token too
  EXPECT_TRUE(without_config.roles().add_bos);
  expect_same_ids(there, written_and_read(folder, back.to_gguf().value()));
}

TEST(TokenizerGguf, KeepsIdsOfTheR1TokenizerOnTheWayToGgufAndBack) {
  const Folder folder("r1_tokenizer_to_gguf");
  const std::string config = R"({"tokenizer_class": "LlamaTokenizerFast", "pad_token": null,
      "bos_token": {"content": "<｜begin▁of▁sentence｜>"}, "eos_token": "<｜end▁of▁sentence｜>"})";
  const std::string json = read_file(kData / "deepseek-r1/tokenizer.json").value();
  const Tokenizer there = Tokenizer::parse(json, "t", config).value();
  EXPECT_EQ(there.pre(), "deepseek-v3");
  EXPECT_EQ(there.roles().bos, 0);
  EXPECT_EQ(there.roles().eos, 1);
  EXPECT_TRUE(there.roles().add_bos);  // as LlamaTokenizer does by default
  Metadata m = there.to_gguf(129280).value();
  EXPECT_EQ(value_of(m, "tokenizer.ggml.tokens").array.texts[129279], "[PAD129279]");
  EXPECT_EQ(value_of(m, "tokenizer.ggml.token_type").array.integers[129279], 5);
  EXPECT_EQ(value_of(m, "tokenizer.ggml.token_type").array.integers[128803], 3);  // <｜User｜> looks special
  const Tokenizer back = written_and_read(folder, m);
  EXPECT_EQ(back.size(), 128815);
  const Json cases = read_json(kData / "deepseek-r1/cases.json").value();
  for (const auto& [texts, ids] : {std::pair("texts", "ids"), {"special_texts", "special_ids"}}) {
    for (size_t i = 0; i < cases.find(texts)->array()->size(); ++i) {
      const std::string& text = *(*cases.find(texts)->array())[i].string();
      EXPECT_EQ(back.encode(text, Special::recognise), ids_of((*cases.find(ids)->array())[i])) << text;
    }
  }
  EXPECT_NE(there.to_gguf(1000).error().what.find("1000 rows for 128815 tokens"), std::string::npos);
}

TEST(TokenizerGguf, NanoIsQwen2ToLlamaCpp) {
  const Folder folder("r1_nano_tokenizer");
  const Tokenizer nano = Tokenizer::open(fs::path(R1_SOURCE_DIR) / "models/nano").value();
  EXPECT_EQ(nano.pre(), "qwen2");
  EXPECT_FALSE(nano.roles().add_bos);
  const Tokenizer back = written_and_read(folder, nano.to_gguf().value());
  const Json cases = read_json(kData / "extra_cases.json").value();
  for (const Json& text : *cases.find("texts")->array()) {
    EXPECT_EQ(nano.encode(*text.string()), back.encode(*text.string())) << dump(text);
  }
  EXPECT_EQ(nano.find("<think>"), back.find("<think>"));
}

// ---- hostile files

constexpr const char* kTokens = "tokenizer.ggml.tokens";

// All bytes, "ab", "abc" and a control token.
struct Small {
  std::vector<std::string> tokens, merges = {"a b"};
  std::vector<i32> types;
  std::string model = "gpt2", pre = "qwen2";
  std::function<void(TestGguf&)> more = [](TestGguf&) {};

  Small() {
    for (int b = 0; b < 256; ++b) tokens.push_back(to_alphabet(std::string(1, static_cast<char>(b))));
    for (const char* t : {"ab", "abc", "<|x|>"}) tokens.push_back(t);
    types.assign(tokens.size(), 1);
    types.back() = 3;
  }
  Small with(const std::function<void(Small&)>& change) const {
    Small changed = *this;
    change(changed);
    return changed;
  }
  Result<Tokenizer> open(const Folder& folder) const {
    TestGguf g;
    g.text("general.architecture", "qwen2");
    if (!model.empty()) g.text("tokenizer.ggml.model", model);
    if (!pre.empty()) g.text("tokenizer.ggml.pre", pre);
    if (!tokens.empty()) g.texts(kTokens, tokens);
    if (!types.empty()) g.numbers("tokenizer.ggml.token_type", types);
    g.texts("tokenizer.ggml.merges", merges);
    more(g);
    const fs::path path = folder.path / "t.gguf";
    EXPECT_TRUE(write_file(path, g.bytes()));
    return Tokenizer::open(path);
  }
};

TEST(TokenizerGguf, RefusesHostileVocabularies) {
  const Folder folder("r1_hostile_vocabularies");
  const Small good;
  const auto fine = good.open(folder);
  ASSERT_TRUE(fine) << fine.error().what;
  EXPECT_EQ(fine->encode("ab<|x|>", Special::recognise), (std::vector<i32>{256, 258}));
  const auto roles = [](const char* key, u32 id) {
    return [=](Small& s) { s.more = [=](TestGguf& g) { g.number(fmt::format("tokenizer.ggml.{}", key), id); }; };
  };
  const std::pair<std::function<void(Small&)>, const char*> bad[] = {
      {[](Small& s) { s.model = "llama"; }, "tokenizer.ggml.model: \"llama\", only \"gpt2\""},
      {[](Small& s) { s.model = ""; }, "tokenizer.ggml.model"},
      {[](Small& s) { s.pre = "chameleon"; }, "\"chameleon\" is not known"},
      {[](Small& s) { s.pre = ""; }, "tokenizer.ggml.pre: missing, as in files from before May 2024"},
      {[](Small& s) { s.tokens.clear(); }, "tokenizer.ggml.tokens"},
      {[](Small& s) { s.tokens = {"a"}, s.types = {1}; }, "no token for byte"},
      {[](Small& s) { s.tokens[256] = "<|x|>"; }, "is token 256 and token 258"},
      {[](Small& s) { s.tokens[257] = "ab"; }, "\"ab\" is token 256 and token 257"},
      {[](Small& s) { s.tokens[258] = std::string(1025, '|'); }, "token 258 has 1025 bytes, at most 1024"},
      {[](Small& s) { s.tokens[257] = std::string(65537, 'x'); }, "65537 bytes"},
      {[](Small& s) { s.tokens[257] = "ab\xff"; }, "token 257 is not UTF-8 at byte 2"},
      {[](Small& s) { s.types.pop_back(); }, "token_type: 258 entries for 259 tokens"},
      {[](Small& s) { s.types[3] = 7; }, "token 3 has type 7, expected 0 to 6"},
      {[](Small& s) { s.types[3] = -1; }, "token 3 has type -1"},
      {[](Small& s) {
         s.types.clear();
         s.more = [](TestGguf& g) { g.texts("tokenizer.ggml.token_type", {"x"}); };
       },
       "token_type"},
      {[](Small& s) { s.more = [](TestGguf& g) {
                        g.numbers("tokenizer.ggml.scores", {1, 2});
                      }; },
       "scores: 2 entries for 259 tokens"},
      {[](Small& s) { s.merges = {"ab"}; }, "merges[0]: expected two tokens"},
      {[](Small& s) { s.merges = {""}; }, "merges[0]: expected two tokens"},
      {[](Small& s) {
         s.merges = {"a b", "a qq"};
       },
       "merges[1]: \"a qq\" names a token"},
      {[](Small& s) { s.merges = {"b a"}; }, "merges[0]: \"b a\" names a token or makes one"},
      {[](Small& s) { s.merges = {"a b c"}; }, "merges[0]"},
      {roles("bos_token_id", 259), "bos_token_id: token 259 of 259"},
      {roles("eos_token_id", 1u << 31), "eos_token_id: token 2147483648 of 259"},
      {roles("fim_pad_token_id", 1000), "fim_pad_token_id: token 1000 of 259"},
      {[](Small& s) { s.more = [](TestGguf& g) { g.text("tokenizer.ggml.eos_token_id", "x"); }; }, "eos_token_id"},
      {[](Small& s) { s.more = [](TestGguf& g) { g.number("tokenizer.ggml.add_bos_token", 1); }; }, "add_bos_token"},
  };
  for (const auto& [change, expected] : bad) {
    const auto tokenizer = good.with(change).open(folder);
    ASSERT_FALSE(tokenizer) << expected;
    const std::string& what = tokenizer.error().what;
    EXPECT_NE(what.find(expected), std::string::npos) << expected << " not in: " << what;
    EXPECT_NE(what.find("t.gguf"), std::string::npos) << what;
  }
}

TEST(TokenizerGguf, ReadsWhatOlderWritersLeft) {
  const Folder folder("r1_older_vocabularies");
  const auto none = Small()
                        .with([](Small& s) {
                          s.more = [](TestGguf& g) { g.number("tokenizer.ggml.padding_token_id", 0xFFFFFFFFu); };
                        })
                        .open(folder);
  ASSERT_TRUE(none) << none.error().what;
  EXPECT_FALSE(none->roles().pad);
  // Padding rows, which old files call user-defined, are not tokens. Neither is a row without text.
  const auto padded = Small()
                          .with([](Small& s) {
                            for (const char* t : {"[PAD259]", "", "[PAD7]"})
                              s.tokens.push_back(t), s.types.push_back(4);
                          })
                          .open(folder);
  ASSERT_TRUE(padded) << padded.error().what;
  EXPECT_EQ(padded->encode("[PAD259]", Special::recognise).size(), 8u);
  EXPECT_EQ(padded->encode("[PAD7]", Special::recognise), std::vector<i32>{261});
  EXPECT_EQ(padded->bytes_of(260), "");
  const auto plain =
      Small().with([](Small& s) { s.types.clear(); }).open(folder);  // without types, all tokens are normal
  ASSERT_TRUE(plain) << plain.error().what;
  EXPECT_FALSE(plain->find("<|x|>"));
}

TEST(TokenizerGguf, TheNameOfThePreTokenizerSaysWhetherMergesAreIgnoredAndBosIsAdded) {
  const Folder folder("r1_pre_tokenizer_names");
  const auto named = [&](const char* pre) {
    return Small()
        .with([&](Small& s) {
          s.pre = pre;
          s.more = [](TestGguf& g) { g.number("tokenizer.ggml.bos_token_id", 258u); };
        })
        .open(folder)
        .value();
  };
  // No merge makes "abc".
  for (const char* pre : {"llama-bpe", "falcon3", "pixtral", "tekken", "minicpm5"})
    EXPECT_EQ(named(pre).encode("abc"), std::vector<i32>{257}) << pre;
  for (const char* pre : {"smaug-bpe", "dbrx", "smollm", "gpt-2", "gpt-4o", "seed-coder", "viking", "default", "qwen2"})
    EXPECT_EQ(named(pre).encode("abc"), (std::vector<i32>{256, 'c'})) << pre;
  EXPECT_TRUE(named("llama-bpe").roles().add_bos);
  EXPECT_FALSE(named("tekken").roles().add_bos);
}

// The byte 4 is in no token, as in SmolLM2's vocabulary. Hugging Face's library merges across the gap, llama.cpp does
// not.
TEST(TokenizerGguf, DropsAByteThatTheVocabularyLeavesOut) {
  const Folder folder("r1_vocabulary_without_a_byte");
  const Tokenizer gguf =
      Small().with([](Small& s) { s.tokens[4] = "zz", s.merges = {"? !"}, s.tokens[257] = "?!"; }).open(folder).value();
  EXPECT_EQ(gguf.encode("x\4?\4!?!"), (std::vector<i32>{'x', '?', '!', 257}));
  EXPECT_EQ(gguf.encode("\4"), std::vector<i32>{});
  const std::string json = gguf.to_json();
  EXPECT_EQ(Tokenizer::parse(json, "t").value().encode("x\4?\4!?!"), (std::vector<i32>{'x', 257, 257}));
  std::string with_unknown = json;
  const std::string_view none = "\"unk_token\": null";
  with_unknown.replace(with_unknown.find(none), none.size(), "\"unk_token\": \"zz\"");
  EXPECT_EQ(Tokenizer::parse(with_unknown, "t").value().encode("?\4!"), (std::vector<i32>{'?', 4, '!'}));
}

TEST(TokenizerGguf, WritesTheNameThatFitsPatternsAndMerges) {
  const Folder folder("r1_pre_tokenizer_names_written");
  for (const char* pre : {"llama-bpe", "smaug-bpe", "tekken", "gpt-4o", "smollm", "viking"}) {
    const Tokenizer there = Small().with([&](Small& s) { s.pre = pre; }).open(folder).value();
    const Tokenizer folder_form = Tokenizer::parse(there.to_json(), "t").value();
    EXPECT_EQ(folder_form.pre(), pre);
    EXPECT_EQ(folder_form.encode("abc 12"), there.encode("abc 12")) << pre;
    Metadata m = folder_form.to_gguf().value();
    EXPECT_EQ(value_of(m, "tokenizer.ggml.pre").text, pre);
  }
  std::string json = Small().open(folder).value().to_json();
  const std::string_view flag = "\"ignore_merges\": false";
  json.replace(json.find(flag), flag.size(), "\"ignore_merges\": true");
  const auto refused = Tokenizer::parse(json, "t").value().to_gguf();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what,
            "the tokenizer's ignore_merges is true, but GGUF's name for its patterns, qwen2, means false");
}

}  // namespace
}  // namespace r1
