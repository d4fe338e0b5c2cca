#include "text/pretokenizer/pretokenizer.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "text/pretokenizer/patterns.hpp"

namespace r1 {
namespace {

using Pieces = std::vector<std::string>;

Pieces cut(const PreTokenizer& cuts, std::string_view text) {
  Pieces pieces;
  cuts.split(text, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

PreTokenizer by_patterns(std::span<const std::string_view> patterns) {
  PreTokenizer made;
  for (const std::string_view pattern : patterns) EXPECT_TRUE(made.add(pattern)) << pattern;
  return made;
}

// The same patterns in other words, so that they are not known by their text and PCRE2 cuts.
PreTokenizer by_pcre2(std::span<const std::string_view> patterns) {
  PreTokenizer made;
  for (const std::string_view pattern : patterns) EXPECT_TRUE(made.add(fmt::format("(?:{})", pattern))) << pattern;
  EXPECT_EQ(made.pre(false), "");
  return made;
}

struct Pair {
  std::string name;
  PreTokenizer ours, pcre2;
};

// Every list that has a scanner.
const std::vector<Pair>& scanned() {
  static const std::vector<Pair> all = [] {
    std::vector<Pair> pairs;
    for (const KnownPatterns& known : all_known_patterns()) {
      if (!known.scan) continue;
      pairs.push_back({fmt::format("{} {}", known.pre, known.patterns[0].substr(0, 12)), by_patterns(known.patterns),
                       by_pcre2(known.patterns)});
    }
    return pairs;
  }();
  return all;
}

std::string escaped(const Pieces& pieces) {
  std::string out;
  for (const std::string& piece : pieces) {
    out += '[';
    for (const char c : piece) {
      const u8 byte = static_cast<u8>(c);
      out += byte > 0x20 && byte < 0x7F ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
    }
    out += ']';
  }
  return out;
}

void expect_same(const Pair& pair, std::string_view text) {
  const Pieces ours = cut(pair.ours, text), theirs = cut(pair.pcre2, text);
  ASSERT_EQ(ours, theirs) << pair.name << "\n ours  " << escaped(ours) << "\n pcre2 " << escaped(theirs);
}

// The splitmix64 generator. It gives the same numbers on every machine.
struct Random {
  u64 state;
  u64 operator()(u64 below) {
    state += 0x9E3779B97F4A7C15u;
    u64 z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % below;
  }
};

std::string utf8(u32 code_point) {
  std::string s;
  append_utf8(code_point, s);
  return s;
}

// What has made pre-tokenizers differ: every kind of white space and line break, what \s of PCRE2 takes too (U+180E),
// contractions in every case and with the long s, numbers of all three kinds, marks, what lies at the ends of the
// ideographs' and kana's ranges (unassigned, marks, punctuation and symbols among them), controls, unassigned, private,
// beyond the BMP, and bytes that are no UTF-8.
const Pieces& nasty() {
  static const Pieces all = [] {
    Pieces s = {"'s",   "'S",       "'t",    "'re",  "'Re",   "'VE",      "'m",
                "'lL",  "'l",       "'d",    "'",    "s",     "LL",       "e",
                "a",    "Zz",       "0",     "7",    "12345", ".",        ",",
                "!?",   "_",        "$",     "+",    "^",     "`",        "|",
                "~",    "<",        "-",     "\\",   "[",     "]",        "\"",
                " ",    "  ",       "     ", "\t",   "\n",    "\r",       "\r\n",
                "\n\n", "\v",       "\f",    "\xff", "\xc3",  "\xe4\xb8", "\xed\xa0\x80",
                "\xf5", "\xc0\x80", "\x80"};
    s.push_back(std::string(1, '\0'));
    for (const u32 c :
         {0x01u,    0x1Cu,    0x7Fu,    0x85u,    0xA0u,    0xADu,    0x1680u, 0x180Eu, 0x2000u, 0x200Au, 0x200Bu,
          0x200Du,  0x2028u,  0x2029u,  0x202Fu,  0x205Fu,  0x3000u,  0xFEFFu, 0x17Fu,  0x212Au, 0xE9u,   0xDFu,
          0x1C5u,   0x2B0u,   0x5D0u,   0x301u,   0x903u,   0x20DDu,  0xBDu,   0x2167u, 0x663u,  0x3007u, 0x3021u,
          0x2460u,  0x1D7CEu, 0x4DFFu,  0x4E00u,  0x9FA5u,  0x9FA6u,  0x3040u, 0x3041u, 0x3097u, 0x3099u, 0x309Bu,
          0x309Fu,  0x30A0u,  0x30FBu,  0x30FCu,  0x30FFu,  0x3100u,  0x303Fu, 0x3002u, 0x300Cu, 0x2018u, 0x201Fu,
          0xFF01u,  0xFF21u,  0xFF5Eu,  0x7FFu,   0x800u,   0xAC00u,  0xD7A3u, 0xD7FFu, 0xE000u, 0x378u,  0x10FFFFu,
          0x1F642u, 0x1F3FDu, 0x20000u, 0x10400u, 0x1E922u, 0xE0100u, 0x1D165u}) {
      s.push_back(utf8(c));
    }
    return s;
  }();
  return all;
}

TEST(PreTokenizer, ScannersCutWhatTheirPatternsCut) {
  Random random{1};
  for (const Pair& pair : scanned()) {
    for (int round = 0; round < 6000; ++round) {
      std::string text;
      // Texts of few distinct symbols make matches of several symbols in a row likely.
      Pieces some;
      for (u64 i = 0, n = 2 + random(8); i < n; ++i) some.push_back(nasty()[random(nasty().size())]);
      for (u64 i = 0, n = 1 + random(24); i < n; ++i) text += some[random(some.size())];
      expect_same(pair, text);
      if (HasFatalFailure()) return;
    }
    for (int round = 0; round < 300; ++round) {
      std::string text;
      for (int i = 0; i < 60; ++i) text += nasty()[random(nasty().size())];
      expect_same(pair, text);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(PreTokenizer, ScannersCutLongRunsAndEveryBytePairAsTheirPatternsDo) {
  for (const Pair& pair : scanned()) {
    for (const std::string& unit : nasty()) {
      std::string run;
      for (int i = 0; i < 300; ++i) run += unit;
      for (const char* tail : {"", "a", "1", "\n", ".", "\xff"}) expect_same(pair, run + tail);
    }
    for (int pattern = 0; pattern < 0x10000; ++pattern) {
      const std::string pair_of_bytes = {static_cast<char>(pattern >> 8), static_cast<char>(pattern)};
      expect_same(pair, pair_of_bytes);
      if (HasFatalFailure()) return;
    }
  }
}

// PCRE2 10.42 knows Unicode 14, utf8proc 2.8 Unicode 15: what is unassigned to PCRE2 is left out.
TEST(PreTokenizer, ScannersSeeEveryAssignedCharacterAsPcre2Does) {
  PreTokenizer unassigned;
  ASSERT_TRUE(unassigned.add(R"(\p{Cn})"));
  for (const Pair& pair : scanned()) {
    if (!pair.name.starts_with("qwen2") && !pair.name.starts_with("deepseek"))
      continue;  // the other patterns distinguish no further classes of characters
    std::string text;
    i64 seen = 0;
    for (u32 c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      const std::string s = utf8(c);
      if (cut(unassigned, "a" + s).size() == 2) continue;
      ++seen;
      text += "b" + s + s + " " + s + "1" + s;
      if (text.size() > 4000) {
        expect_same(pair, text);
        text.clear();
        if (HasFatalFailure()) return;
      }
    }
    expect_same(pair, text);
    EXPECT_GT(seen, 280'000);
  }
}

TEST(PreTokenizer, PublishedListsAreKnownByTheirExactText) {
  for (const KnownPatterns& known : all_known_patterns()) {
    const bool ignored = known.merges == KnownPatterns::Merges::ignored;
    EXPECT_EQ(by_patterns(known.patterns).pre(ignored), known.pre);
    EXPECT_EQ(PreTokenizer::named(known.pre).value().pre(ignored), known.pre);
    std::vector<std::string> almost(known.patterns.begin(), known.patterns.end());
    almost.back() += "|x";
    EXPECT_EQ(by_patterns(std::vector<std::string_view>(almost.begin(), almost.end())).pre(ignored), "");
    std::vector<std::string_view> longer = known.patterns;
    longer.push_back("x");
    EXPECT_EQ(by_patterns(longer).pre(ignored), "");
  }
  EXPECT_EQ(PreTokenizer::named("deepseek-r1-qwen").value().pre(false), "qwen2");
  EXPECT_EQ(PreTokenizer::named("llama3").value().pre(true), "llama-bpe");
  EXPECT_EQ(PreTokenizer::named("llama3").value().pre(false),
            "smaug-bpe");  // the same patterns, but merges are applied
  EXPECT_EQ(PreTokenizer::named("qwen2").value().pre(true), "");
  EXPECT_EQ(PreTokenizer().pre(false), "");
  EXPECT_NE(PreTokenizer::named("chameleon").error().what.find("\"chameleon\""), std::string::npos);
}

TEST(PreTokenizer, EveryOtherNameMeansTheListThatLlamaCppGivesIt) {
  // llama.cpp, src/llama-vocab.cpp at d32676d7: names with one LLAMA_VOCAB_PRE_TYPE, or with types in one `case`.
  const std::pair<const char*, std::vector<const char*>> groups[] = {
      {"llama-bpe", {"llama3", "llama-v3", "falcon3", "pixtral", "midm-2.0"}},
      {"smaug-bpe", {"dbrx"}},
      {"deepseek-v3", {"joyai-llm"}},
      {"qwen2", {"deepseek-r1-qwen", "megrez", "kormo"}},
      {"gpt-2", {"mellum", "a.x-4.0", "trillion", "gigachat", "olmo", "phi-2"}},
      {"smollm", {"starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}},
      {"gpt-4o", {"llama4", "kanana2"}}};
  for (const auto& [name, others] : groups) {
    for (const char* other : others) EXPECT_EQ(known_patterns(other), known_patterns(name)) << other;
  }
  // The names for which llama.cpp sets ignore_merges and add_bos.
  for (const KnownPatterns& known : all_known_patterns()) {
    EXPECT_EQ(known.merges == KnownPatterns::Merges::ignored,
              known.pre == "llama-bpe" || known.pre == "tekken" || known.pre == "minicpm5")
        << known.pre;
    EXPECT_EQ(known.add_bos, known.pre == "llama-bpe") << known.pre;
  }
}

Json data_file(const char* name) {
  return read_json(std::filesystem::path(R1_SOURCE_DIR) / "tests/data/tokenizers" / name).value();
}

void expect_pieces(const PreTokenizer& cuts, const Json::Array& texts, const Json& expected, const std::string& name) {
  ASSERT_EQ(expected.array()->size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    Pieces pieces;
    for (const Json& piece : *(*expected.array())[i].array()) pieces.push_back(*piece.string());
    EXPECT_EQ(cut(cuts, *texts[i].string()), pieces) << name << " case " << i;
  }
}

TEST(PreTokenizer, CutsTheReferencesTextsAsTheReferenceDoes) {
  const Json cases = data_file("pretokenize_cases.json");
  const Json::Array& texts = *cases.find("texts")->array();
  ASSERT_EQ(texts.size(), 228u);
  for (const char* name : {"deepseek-llm", "deepseek-coder", "deepseek-v3", "qwen2", "llama-bpe"})
    expect_pieces(PreTokenizer::named(name).value(), texts, *cases.find(name), name);
}

// "gguf" holds the pieces of llama.cpp's expressions, "json" those of the published tokenizer.json, both cut by Hugging
// Face's tokenizers library.
TEST(PreTokenizer, CutsAsTheTokenizersLibraryDoes) {
  const Json cases = data_file("pretokenize_hf_cases.json");
  const Json::Array& texts = *cases.find("texts")->array();
  ASSERT_EQ(texts.size(), 264u);
  const auto has_gguf_form_only = [](std::string_view pre) {
    return pre == "seed-coder" || pre == "viking" || pre == "default";
  };
  size_t compared = 0;
  std::string_view previous;
  for (const KnownPatterns& known : all_known_patterns()) {
    const std::string pre = known.pre == "smaug-bpe" ? "llama-bpe" : std::string(known.pre);
    if (pre.starts_with("deepseek")) continue;
    const bool second = known.pre == previous;  // the GGUF's form of a list comes first
    previous = known.pre;
    const Json* forms = cases.find(pre);
    ASSERT_TRUE(forms) << pre;
    const PreTokenizer cuts = by_patterns(known.patterns);
    if (!second) expect_pieces(cuts, texts, *forms->find("gguf"), pre + ", gguf"), ++compared;
    const bool one_form = pre == "gpt-2" || pre == "smollm";
    if (second || one_form) expect_pieces(cuts, texts, *forms->find("json"), pre + ", json"), ++compared;
    EXPECT_EQ(!forms->find("json"), has_gguf_form_only(pre)) << pre;
  }
  EXPECT_EQ(compared, 19u);
}

// Two lists are written in other words than llama.cpp's, so that PCRE2 need not remember every letter of a word.
TEST(PreTokenizer, RewrittenExpressionsCutAsLlamaCppsOwnText) {
  const std::string upper = R"(((?=[\p{L}])([^a-z])))", lower = R"(((?=[\p{L}])([^A-Z])))";
  const std::string contraction = R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?)";
  const std::string rest = R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const auto words = [&](const std::string& after) {
    const std::string before = R"([^\r\n\p{L}\p{N}]?)";
    return before + upper + "*" + lower + "+" + after + "|" + before + upper + "+" + lower + "*" + after;
  };
  const std::pair<const char*, std::string> lists[] = {{"tekken", words("") + R"(|\p{N})" + rest},
                                                       {"gpt-4o", words(contraction) + R"(|\p{N}{1,3})" + rest}};
  Random random{7};
  for (const auto& [name, theirs] : lists) {
    const std::string_view pattern = theirs;
    const Pair pair{name, PreTokenizer::named(name).value(), by_patterns(std::span(&pattern, 1))};
    ASSERT_EQ(pair.pcre2.pre(false), "");
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (u64 i = 0, n = 1 + random(24); i < n; ++i) text += nasty()[random(nasty().size())];
      expect_same(pair, text);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(PreTokenizer, EscapesThatOnigurumaReadsOtherwiseAreRefusedByName) {
  for (const char* escape :
       {"\\h", "\\H", "\\K", "\\R", "\\X", "\\O", "\\g<1>", "\\Z", "\\v", "\\w", "\\b", "\\Q", "\\N", "\\xff"}) {
    const Status added = PreTokenizer().add(fmt::format("(a){}+", escape));
    ASSERT_FALSE(added) << escape;
    EXPECT_NE(added.error().what.find(std::string(escape, 2) + " means"), std::string::npos) << added.error().what;
  }
  for (const char* same : {"\\\\h", "\\x{e9}", "\\x41", "(a)\\1", "\\A\\d\\.\\n\\z", "\\P{Lu}\\S"})
    EXPECT_TRUE(PreTokenizer().add(same)) << same;
  EXPECT_TRUE(PreTokenizer().add("\\h", PreTokenizer::Kind::literal));
}

TEST(PreTokenizer, Pcre2CutsLongTextInOneRun) {
  // This would take minutes if the UTF-8 of the whole text were checked at every match, or if \s+$ were tried from
  // every space.
  for (const KnownPatterns& known : all_known_patterns()) {
    const PreTokenizer cuts = by_patterns(known.patterns);
    for (const char* unit : {"ab 1, \u4f60\u597d", "a", "A", "\u00e9", "\u4f60", "\u0301", "1", " ", "\n", "!", "$"}) {
      std::string text;
      for (int i = 0; i < 20'000; ++i) text += unit;
      std::string again;
      for (const std::string& piece : cut(cuts, text)) again += piece;
      EXPECT_EQ(again, text) << known.pre;
    }
  }
}

}  // namespace
}  // namespace r1
