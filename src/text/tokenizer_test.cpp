#include "text/tokenizer.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "formats/json.hpp"

namespace r1 {
namespace {

const std::filesystem::path kData = std::filesystem::path(R1_SOURCE_DIR) / "tests/data/tokenizers";

const Tokenizer& tokenizer_of(const std::string& name) {
  static std::map<std::string, Tokenizer> open;
  auto found = open.find(name);
  if (found == open.end()) {
    auto tokenizer = Tokenizer::open(kData / name);
    if (!tokenizer) ADD_FAILURE() << tokenizer.error().what, std::abort();
    found = open.emplace(name, std::move(*tokenizer)).first;
  }
  return found->second;
}

std::vector<i32> ids_of(const Json& json) {
  std::vector<i32> ids;
  for (const Json& id : *json.array()) ids.push_back(static_cast<i32>(*id.integer()));
  return ids;
}

void expect_cases(const std::string& name, const char* texts_key, const char* ids_key, size_t count) {
  const Tokenizer& tokenizer = tokenizer_of(name);
  const Json cases = read_json(kData / name / "cases.json").value();
  const Json::Array &texts = *cases.find(texts_key)->array(), &ids = *cases.find(ids_key)->array();
  ASSERT_EQ(texts.size(), count);
  ASSERT_EQ(ids.size(), count);
  for (size_t i = 0; i < count; ++i) {
    const std::string& text = *texts[i].string();
    const std::vector<i32> got = tokenizer.encode(text, Tokenizer::Special::recognise);
    EXPECT_EQ(got, ids_of(ids[i])) << name << " case " << i << ": " << dump(texts[i]);
    EXPECT_EQ(tokenizer.decode(got), text) << name << " case " << i;
  }
}

TEST(Tokenizer, GivesTheReferencesIdsForMinimind) { expect_cases("minimind", "texts", "ids", 228); }
TEST(Tokenizer, GivesTheReferencesIdsForDeepSeekR1) { expect_cases("deepseek-r1", "texts", "ids", 228); }
TEST(Tokenizer, GivesTheReferencesIdsAroundAddedTokens) {
  expect_cases("deepseek-r1", "special_texts", "special_ids", 7);
}

TEST(Tokenizer, EveryByteStringComesBackAsItWas) {
  for (const char* name : {"minimind", "deepseek-r1"}) {
    const Tokenizer& tokenizer = tokenizer_of(name);
    u32 random = 1;
    for (int round = 0; round < 300; ++round) {
      std::string bytes;
      for (int i = 0; i < round; ++i) bytes += static_cast<char>((random = random * 1664525u + 1013904223u) >> 24);
      EXPECT_EQ(tokenizer.decode(tokenizer.encode(bytes)), bytes) << name << " round " << round;
    }
    EXPECT_EQ(tokenizer.decode(tokenizer.encode("ab\xff\xfe\xe4\xb8 cd")), "ab\xff\xfe\xe4\xb8 cd");
  }
}

TEST(Tokenizer, AddedTokensAreTextUnlessAskedFor) {
  const Tokenizer& tokenizer = tokenizer_of("deepseek-r1");
  const i32 user = tokenizer.find("<｜User｜>").value();
  EXPECT_EQ(user, 128803);
  EXPECT_EQ(tokenizer.encode("<｜User｜>", Tokenizer::Special::recognise), std::vector<i32>{user});
  for (const i32 id : tokenizer.encode("a<｜User｜>b")) EXPECT_FALSE(tokenizer.is_added(id)) << id;
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a<｜User｜>b")), "a<｜User｜>b");
  EXPECT_FALSE(tokenizer.find("nothing"));
  EXPECT_EQ(tokenizer.size(), 128815);
  EXPECT_EQ(tokenizer.bytes_of(128815), "");
  EXPECT_EQ(tokenizer.bytes_of(-1), "");
}

TEST(Tokenizer, MegabytesWithoutASpaceTakeNoQuadraticTime) {
  // Quadratic merging of a million symbols would take hours, and the time limit of the whole binary would stop it.
  const Tokenizer& tokenizer = tokenizer_of("deepseek-r1");
  constexpr size_t kMany = 1'000'000;
  std::string letters, marks = "e";
  for (u32 random = 1; letters.size() < kMany;) {
    letters += static_cast<char>('a' + ((random = random * 1664525u + 1013904223u) >> 8) % 26);
  }
  while (marks.size() < kMany) marks += "\u0301";
  for (const std::string& text :
       {std::string(kMany, 'a'), std::string(kMany, ' '), std::string(kMany, '\n'), std::string(kMany, '<'),
        std::string(kMany, '\x01'), std::string(kMany, '\xff'), std::string(kMany, ' ') + "a", letters, marks}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, Tokenizer::Special::recognise)), text);
  }
}

TEST(Tokenizer, ThreadsThatShareOneGetTheSameIds) {
  // All threads compute at the same time what encode computes at its first use: whether the bytes of a token merge to
  // the token.
  const Tokenizer tokenizer = Tokenizer::open(kData / "minimind").value();
  const std::string text = dump(read_json(kData / "minimind/cases.json").value());
  const std::vector<i32> alone = tokenizer_of("minimind").encode(text);
  std::vector<std::vector<i32>> together(4);
  std::vector<std::thread> threads;
  for (auto& ids : together) threads.emplace_back([&] { ids = tokenizer.encode(text); });
  for (std::thread& t : threads) t.join();
  for (const auto& ids : together) EXPECT_EQ(ids, alone);
}

TEST(Tokenizer, LongPiecesAreMergedLikeShortOnes) {
  // Compares with merging by the definition, on random letters of lengths on both sides of the switch between the two
  // algorithms.
  const Tokenizer& tokenizer = tokenizer_of("minimind");
  const Json file = read_json(kData / "minimind/tokenizer.json").value();
  std::map<std::pair<std::string, std::string>, int> ranks;
  for (const Json& merge : *file.find("model")->find("merges")->array()) {
    const Json::Array& parts = *merge.array();
    ranks.emplace(std::pair(*parts[0].string(), *parts[1].string()), static_cast<int>(ranks.size()));
  }
  u32 random = 7;
  for (size_t length = 1; length < 80; ++length) {
    std::vector<std::string> symbols;
    std::string text;
    for (size_t i = 0; i < length; ++i) {
      text += "etaoinsrhld"[(random = random * 1664525u + 1013904223u) % 997 % 11];
      symbols.emplace_back(1, text.back());
    }
    for (;;) {
      auto best = ranks.end();
      size_t at = 0;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        const auto it = ranks.find({symbols[i], symbols[i + 1]});
        if (it != ranks.end() && (best == ranks.end() || it->second < best->second)) best = it, at = i;
      }
      if (best == ranks.end()) break;
      symbols[at] += symbols[at + 1];
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    std::vector<std::string> got;
    for (const i32 id : tokenizer.encode(text)) got.emplace_back(tokenizer.bytes_of(id));
    EXPECT_EQ(got, symbols) << text;
  }
}

// ---- small files of our own

// All bytes, "ab", "abc", and whatever is put in for the other keys.
Json small_file() {
  Json vocab = Json::Object{};
  const Json reference = read_json(kData / "minimind/tokenizer.json").value();
  i64 id = 0;
  for (const auto& [token, old] : *reference.find("model")->find("vocab")->object()) {
    if (*old.integer() >= 36 && id < 256) vocab.set(token, id++);  // the 36 added tokens come first, then the bytes
  }
  vocab.set("ab", 256).set("abc", 257);
  return Json::object({{"added_tokens", Json::Array{}},
                       {"normalizer", Json()},
                       {"pre_tokenizer", Json::object({{"type", "ByteLevel"}, {"add_prefix_space", false}})},
                       {"model", Json::object({{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::array({"a b"})}})}});
}

Json with_model(const char* key, Json value) {
  Json file = small_file(), model = *file.find("model");
  return file.set("model", model.set(key, std::move(value)));
}

Json with_added(i64 id, const char* content, bool normalized = false, bool strip = false) {
  return small_file().set("added_tokens", Json::array({Json::object({{"id", id},
                                                                     {"content", content},
                                                                     {"normalized", normalized},
                                                                     {"lstrip", strip},
                                                                     {"rstrip", strip},
                                                                     {"special", true}})}));
}

std::string error_of(const Json& file) {
  const auto tokenizer = Tokenizer::parse(dump(file), "t");
  return tokenizer ? "no error" : tokenizer.error().what;
}

TEST(Tokenizer, IgnoreMergesTakesAWholePieceThatIsAToken) {
  const Tokenizer merging = Tokenizer::parse(dump(small_file()), "t").value();
  const Tokenizer ignoring = Tokenizer::parse(dump(with_model("ignore_merges", true)), "t").value();
  EXPECT_EQ(merging.encode("abc").size(), 2u);
  EXPECT_EQ(ignoring.encode("abc"), std::vector<i32>{257});
}

TEST(Tokenizer, ComposesTextOnlyWhenTheFileSaysNfc) {
  const Tokenizer plain = Tokenizer::parse(dump(small_file()), "t").value();
  const Tokenizer nfc =
      Tokenizer::parse(dump(small_file().set("normalizer", Json::object({{"type", "NFC"}}))), "t").value();
  EXPECT_EQ(plain.decode(plain.encode("e\u0301\xff")), "e\u0301\xff");
  EXPECT_EQ(nfc.decode(nfc.encode("e\u0301\xff")), "\u00e9\xff");
  std::string marks = "e";  // a run of marks longer than any script has is not reordered, because that would take the
                            // square of its length
  for (int i = 0; i < 100'000; ++i) marks += i % 2 ? "\u0301" : "\u0323";
  EXPECT_EQ(nfc.decode(nfc.encode(marks + "e\u0301")), marks + "\u00e9");
}

TEST(Tokenizer, AddedTokensStripWhatTheFileSays) {
  const auto decoded = [](const Json& file, const char* text) {
    const Tokenizer t = Tokenizer::parse(dump(file), "t").value();
    return t.decode(t.encode(text, Tokenizer::Special::recognise));
  };
  EXPECT_EQ(decoded(with_added(258, "<x>", false, true), "a \u3000<x> \n b <x"), "a<x>b <x");
  EXPECT_EQ(decoded(with_added(258, "<x>", false, false), "a <x> b"), "a <x> b");
}

TEST(Tokenizer, AddedTokensMatchAsTheReferencesDo) {
  // The rules of Hugging Face's tokenizers library: single words, matches inside white space that another match
  // includes, longest match first.
  const auto token = [](i64 id, const char* content, const char* flag) {
    return Json::object({{"id", id}, {"content", content}, {"normalized", false}, {"special", false}, {flag, true}});
  };
  const Json added = Json::array({token(258, "dog", "single_word"), token(259, "<r>", "rstrip"), token(260, "  ", "x"),
                                  token(261, "<r>>", "x"), token(262, "\u0416", "x")});
  const Tokenizer t = Tokenizer::parse(dump(small_file().set("added_tokens", added)), "t").value();
  const auto ids = [&](const char* text) { return t.encode(text, Tokenizer::Special::recognise); };
  const auto byte = [&](char c) { return t.encode(std::string(1, c))[0]; };
  EXPECT_EQ(ids("dog"), std::vector<i32>{258});
  EXPECT_EQ(ids("(dog)"), (std::vector<i32>{byte('('), 258, byte(')')}));
  for (const char* word : {"dogs", "\u00e9dog", "dog\u0301", "dog_", "3dog"}) {
    for (const i32 id : ids(word)) EXPECT_NE(id, 258) << word;
  }
  EXPECT_EQ(ids("<r>>"), std::vector<i32>{261});
  EXPECT_EQ(ids("<r> x"), (std::vector<i32>{259, byte('x')}));
  EXPECT_EQ(ids("<r>  x"), (std::vector<i32>{259, 260, byte('x')}));
  EXPECT_EQ(t.encode("<r>\u0416"),
            (std::vector<i32>{byte('<'), byte('r'), byte('>'), 262}));  // as_text recognises the single letter only
}

TEST(Tokenizer, TokenizerConfigNamesTheRoles) {
  const std::string file = dump(with_added(258, "<x>"));
  const auto roles = [&](const char* config) { return Tokenizer::parse(file, "t", config).value().roles(); };
  EXPECT_EQ(roles(R"({"bos_token": "<x>", "add_bos_token": true})").bos, 258);
  EXPECT_TRUE(roles(R"({"bos_token": "<x>", "add_bos_token": true})").add_bos);
  EXPECT_FALSE(roles(R"({"bos_token": "<x>", "tokenizer_class": "PreTrainedTokenizerFast"})").add_bos);
  EXPECT_TRUE(roles(R"({"bos_token": {"content": "<x>"}, "tokenizer_class": "LlamaTokenizerFast"})").add_bos);
  EXPECT_FALSE(roles(R"({"bos_token": "<y>", "add_bos_token": true})").add_bos);  // there is no such token
  EXPECT_EQ(roles(R"({"eos_token": "<x>", "bos_token": null})").ends, std::vector<i32>{258});
  for (const char* bad : {"[]", "{", R"({"bos_token": 3})", R"({"bos_token": {}})", R"({"add_bos_token": 1})"}) {
    const auto tokenizer = Tokenizer::parse(file, "t", bad);
    ASSERT_FALSE(tokenizer) << bad;
    EXPECT_NE(tokenizer.error().what.find("tokenizer_config.json"), std::string::npos) << tokenizer.error().what;
  }
}

TEST(Tokenizer, MergesMayComeBeforeTheVocabulary) {
  const Json file = small_file(), model = *file.find("model");
  const Json turned =
      Json::object({{"merges", *model.find("merges")}, {"type", "BPE"}, {"vocab", *model.find("vocab")}});
  const Tokenizer t = Tokenizer::parse(dump(small_file().set("model", turned)), "t").value();
  EXPECT_EQ(t.encode("ab"), std::vector<i32>{256});
}

TEST(Tokenizer, RefusesFilesCutAnywhereAndTextThatIsNotOneObject) {
  const std::string whole = dump(with_added(258, "<x>"));
  ASSERT_TRUE(Tokenizer::parse(whole, "t"));
  for (size_t bytes = 0; bytes < whole.size(); bytes += bytes < 200 ? 1 : 7) {
    EXPECT_FALSE(Tokenizer::parse(whole.substr(0, bytes), "t")) << bytes;
    EXPECT_FALSE(Tokenizer::parse(whole.substr(0, bytes) + "}", "t")) << bytes;
  }
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = whole;
    const size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& bad :
       {whole + "{}", whole + "x", std::string("[") + whole + "]", std::string("null"), std::string("3"),
        replaced("\"model\"", "\"model\":{},\"model\""), replaced("\"merges\"", "\"merges\":[],\"merges\""),
        replaced("\"vocab\"", "\"vocab\":{},\"vocab\""), replaced("\"type\"", "\"type\":1,\"type\""),
        replaced("\"ab\"", "\"ab\":999,\"ab\""), replaced("\"ab\"", "\"\\ud800\""), replaced("\"ab\"", "\"\xff\""),
        replaced("256", "256.5"), replaced("256", "1e3"), replaced("256", "0x1"),
        replaced("256", "99999999999999999999"), replaced("256", "{}"), replaced("256,", "256"),
        replaced("\"normalizer\"", "\"added_tokens\":[],\"normalizer\"")}) {
    const auto tokenizer = Tokenizer::parse(bad, "t");
    ASSERT_FALSE(tokenizer) << bad.substr(0, 60);
    EXPECT_TRUE(tokenizer.error().what.starts_with("t: ")) << tokenizer.error().what;
  }
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_FALSE(Tokenizer::parse(replaced("\"normalizer\"", "\"x\":" + deep + ",\"normalizer\""), "t"));
}

TEST(Tokenizer, RefusesHostileFiles) {
  EXPECT_EQ(error_of(small_file()), "no error");
  EXPECT_EQ(error_of(with_added(258, "<x>")), "no error");
  const std::vector<std::pair<Json, const char*>> bad = {
      {with_model("merges", Json::array({"a q1"})), "merges[0]"},
      {with_model("merges", Json::array({"a"})), "merges[0]: expected two tokens"},
      {with_model("merges", Json::array({"b a"})), "merges[0]"},  // "ba" is not a token
      {with_model("merges", Json::array({3})), "merges[0]"},
      {with_model("merges", "a b"), "merges: expected an array"},
      {with_model("merges", Json()), "merges: expected an array"},
      {with_model("merges", Json::array({Json::array({"a"})})), "merges[0]: expected two tokens"},
      {with_model("merges", Json::array({Json::array({"a", "b", "c"})})), "merges[0]: expected two tokens"},
      {with_model("merges", Json::array({Json::array({"a", 1})})), "merges[0]: expected two tokens"},
      {with_model("merges", Json::array({"a b", "a b c"})), "merges[1]: expected two tokens"},
      {with_model("dropout", 0.5), "not supported"},
      {with_model("continuing_subword_prefix", "##"), "not supported"},
      {with_model("type", std::string((1 << 20) + 1, 'x')), "at most 1048576"},
      {small_file().set("added_tokens", 3), "added_tokens: expected an array"},
      {small_file().set("added_tokens", Json::array({3})), "added_tokens[0]"},
      {small_file().set("model", 3), "model: expected an object"},
      {with_model("vocab", Json::array({"a"})), "vocab: expected an object"},
      {with_model("vocab", Json::object({{"a", 0}})), "no token for byte"},
      {with_model("vocab", Json::object({{"a", -1}})), "with id -1"},
      {with_model("vocab", Json::object({{"a", i64{1} << 40}})), "with id 1099511627776"},
      {with_model("vocab", Json::object({{"a", 0}, {"b", 0}})), "given twice"},
      {with_model("vocab", Json::object({{"a", "0"}})), "with id \"0\""},
      {with_model("type", "Unigram"), "only BPE"},
      {with_model("byte_fallback", true), "not supported"},
      {with_added(-1, "<x>"), "added_tokens[0]"},
      {with_added(i64{1} << 40, "<x>"), "added_tokens[0]"},
      {with_added(5, "<x>"), "id is taken"},
      {with_added(258, "ab"), "text is taken"},
      {with_added(258, ""), "0 bytes"},
      {with_added(258, std::string(1025, 'x').c_str()), "1025 bytes"},
      {small_file().set("pre_tokenizer", Json()), "no ByteLevel"},
      {small_file().set("pre_tokenizer", Json::object({{"type", "Whitespace"}})), "Whitespace"},
      {small_file().set("normalizer", Json::object({{"type", "Lowercase"}})), "only NFC"},
      {small_file().set("model", Json()), "model: missing"},
  };
  for (const auto& [file, expected] : bad) {
    EXPECT_NE(error_of(file).find(expected), std::string::npos) << expected << " not in: " << error_of(file);
  }
}

TEST(Tokenizer, RefusesPatternsThatDoNotCompileAndSurvivesThoseThatExplode) {
  const auto with_pattern = [](const char* regex) {
    const Json split =
        Json::object({{"type", "Split"}, {"pattern", Json::object({{"Regex", regex}})}, {"behavior", "Isolated"}});
    const Json bytes = Json::object({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}});
    return small_file().set("pre_tokenizer",
                            Json::object({{"type", "Sequence"}, {"pretokenizers", Json::array({split, bytes})}}));
  };
  for (const char* bad : {"(", "\\C", "(*LIMIT_MATCH=1)a", "[", "(?P<"}) {
    EXPECT_NE(error_of(with_pattern(bad)), "no error") << bad;
  }
  const Json split =
      Json::object({{"type", "Split"}, {"pattern", Json::object({{"String", "x"}})}, {"behavior", "Isolated"}});
  Json steps = Json::Array{};
  for (int i = 0; i < 65; ++i) steps.push(split);
  const auto sequence = [](Json all) {
    return small_file().set("pre_tokenizer", Json::object({{"type", "Sequence"}, {"pretokenizers", std::move(all)}}));
  };
  EXPECT_NE(error_of(sequence(steps)).find("more than 64 patterns"), std::string::npos);
  Json inverted = split;
  EXPECT_NE(error_of(sequence(Json::array({inverted.set("invert", true)}))).find("invert"), std::string::npos);
  const Tokenizer exploding = Tokenizer::parse(dump(with_pattern("(a+)+$")), "t").value();
  const std::string text = std::string(40, 'a') + "b";
  EXPECT_EQ(exploding.decode(exploding.encode(text)), text);
}

}  // namespace
}  // namespace r1
