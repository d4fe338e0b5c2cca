// Broken vocabularies: tokenizer.json, and the tokenizer.ggml keys of a GGUF.
#pragma once
#include "formats/json.hpp"
#include "formats/test_gguf.hpp"
#include "formats/test_hostile.hpp"
#include "text/pretokenizer/pretokenizer.hpp"
#include "text/tokenizer.hpp"

namespace r1::hostile {

inline const Kind kTokenizer{"tokenizer.json", [](const fs::path& f) { return status_of(Tokenizer::open(f)); }};
inline const Kind kVocabulary{"v.gguf", [](const fs::path& f) { return status_of(Tokenizer::open(f / "v.gguf")); }};

// The tokens of the 256 bytes, which a byte-level vocabulary must have, and the merged tokens "he" and "el".
inline std::vector<std::string> test_tokens() {
  std::vector<std::string> tokens;
  for (int b = 0; b < 256; ++b) tokens.push_back(to_alphabet(std::string(1, static_cast<char>(b))));
  tokens.insert(tokens.end(), {"he", "el"});
  return tokens;
}

// ---- tokenizer.json

inline Json test_vocabulary() {
  Json vocab = Json::Object{};
  i64 id = 0;
  for (const std::string& t : test_tokens()) vocab.set(t, id++);
  return vocab;
}
inline Json test_added(i64 id, const char* content) {
  return Json::object({{"id", id}, {"content", content}, {"special", true}});
}
inline Json byte_level() {
  return Json::object({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}});
}
inline Json test_model() {
  return Json::object({{"type", "BPE"},
                       {"vocab", test_vocabulary()},
                       {"merges", Json::array({Json::array({"h", "e"}), Json::array({"e", "l"})})}});
}
inline Json test_tokenizer() {
  return Json::object({{"added_tokens", Json::array({test_added(300, "<end>")})},
                       {"pre_tokenizer", byte_level()},
                       {"model", test_model()}});
}
inline std::string with(const char* key, Json value) { return dump(test_tokenizer().set(key, std::move(value))); }
inline std::string with_model(const char* key, Json value) {
  return with("model", test_model().set(key, std::move(value)));
}
inline std::string with_vocabulary(const char* token, Json id) {
  return with_model("vocab", test_vocabulary().set(token, std::move(id)));
}
inline std::string with_merge(Json merge) { return with_model("merges", Json::array({std::move(merge)})); }
inline std::string with_split(const char* regex) {
  const Json split =
      Json::object({{"type", "Split"}, {"pattern", Json::object({{"Regex", regex}})}, {"behavior", "Isolated"}});
  return with("pre_tokenizer",
              Json::object({{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level()})}}));
}
inline std::string replaced(std::string text, std::string_view what, std::string_view by) {
  return text.replace(text.find(what), what.size(), by);
}

inline std::vector<Case> tokenizer_cases() {
  const std::string good = dump(test_tokenizer());
  Json nested = Json::object({{"type", "NFC"}});
  for (int i = 0; i < 8; ++i) nested = Json::object({{"type", "Sequence"}, {"normalizers", Json::array({nested})}});
  const Json merges = Json::object({{"merges", Json::array({"h xyz"})}, {"vocab", test_vocabulary()}});
  const std::string merges_first = with("model", merges);
  return {
      {"tokenizer_well_formed", good, {}},
      {"tokenizer_split_well_formed", with_split("\\\\p{L}+"), {}},
      {"tokenizer_largest_id", with_vocabulary("zz", (1 << 22) - 1), {}},
      {"tokenizer_empty_file", "", {"tokenizer.json"}},
      {"tokenizer_cut_off", good.substr(0, good.size() / 2), {"tokenizer.json"}},
      {"tokenizer_an_array", "[]", {"tokenizer.json"}},
      {"tokenizer_nested",
       R"({"x": )" + std::string(10'000, '[') + std::string(10'000, ']') + "}",
       {"tokenizer.json", "deep"}},
      {"tokenizer_not_utf8", replaced(good, "<end>", "<\xff>"), {"tokenizer.json", "UTF-8"}},
      {"tokenizer_lone_surrogate", replaced(good, "<end>", "\\ud800"), {"added_tokens[0]"}},
      {"tokenizer_something_behind", good + "{}", {"tokenizer.json"}},
      {"tokenizer_section_too_large", with("x", Json(std::string(2 << 20, 'x'))), {": x:", "2097154", "1048576"}},
      {"tokenizer_without_a_model", dump(without(test_tokenizer(), "model")), {"model", "missing"}},
      {"tokenizer_model_twice",
       replaced(good, R"("pre_tokenizer")", R"("model": {}, "pre_tokenizer")"),
       {"model", "given twice"}},
      {"tokenizer_model_a_number", with("model", 1), {"model", "expected an object"}},
      {"tokenizer_model_of_another_type", with_model("type", "Unigram"), {"model.type", "Unigram"}},
      {"tokenizer_without_a_vocabulary", with("model", without(test_model(), "vocab")), {"model.vocab", "missing"}},
      {"tokenizer_vocabulary_empty", with_model("vocab", Json::Object{}), {"model.vocab", "no tokens"}},
      {"tokenizer_vocabulary_an_array", with_model("vocab", Json::Array{}), {"model.vocab", "expected an object"}},
      {"tokenizer_vocabulary_without_a_byte",
       with_model("vocab", without(test_vocabulary(), "!")),
       {"model.vocab", "byte 33"}},
      {"tokenizer_token_twice", replaced(good, R"("he": 256)", R"("el": 256)"), {"model.vocab", "el", "twice"}},
      {"tokenizer_id_twice", with_vocabulary("zz", 5), {"model.vocab", "id 5", "twice"}},
      {"tokenizer_id_negative", with_vocabulary("zz", -1), {"model.vocab", "zz", "id -1", "4194303"}},
      {"tokenizer_id_of_31_bits", with_vocabulary("zz", 2147483647), {"model.vocab", "zz", "id 2147483647", "4194303"}},
      {"tokenizer_id_of_65_bits",
       replaced(good, R"("he": 256)", R"("he": 18446744073709551872)"),
       {"model.vocab", "18446744073709551872"}},
      {"tokenizer_id_a_fraction", with_vocabulary("zz", 300.5), {"model.vocab", "zz", "300.5"}},
      {"tokenizer_id_a_string", with_vocabulary("zz", "300"), {"model.vocab", "zz"}},
      {"tokenizer_token_too_long", with_vocabulary(std::string(65'537, 'x').c_str(), 300), {"model.vocab"}},
      {"tokenizer_without_merges", with("model", without(test_model(), "merges")), {"model.merges", "missing"}},
      {"tokenizer_merges_an_object", with_model("merges", Json::Object{}), {"model.merges", "expected an array"}},
      {"tokenizer_merge_names_no_token",
       with_merge(Json::array({"h", "xyz"})),
       {"model.merges[0]", "xyz", "not in the vocabulary"}},
      {"tokenizer_merge_makes_no_token", with_merge("h h"), {"model.merges[0]", "not in the vocabulary"}},
      {"tokenizer_merge_of_three",
       with_merge(Json::array({"h", "e", "l"})),
       {"model.merges[0]", "expected two tokens"}},
      {"tokenizer_merge_without_a_space", with_merge("he"), {"model.merges[0]", "expected two tokens"}},
      {"tokenizer_merge_a_number", with_merge(7), {"model.merges[0]", "expected two tokens"}},
      {"tokenizer_merge_before_the_vocabulary_names_no_token", merges_first, {"model.merges[0]", "xyz"}},
      {"tokenizer_without_a_pre_tokenizer",
       dump(without(test_tokenizer(), "pre_tokenizer")),
       {"pre_tokenizer", "ByteLevel"}},
      {"tokenizer_pre_tokenizer_unknown",
       with("pre_tokenizer", Json::object({{"type", "Metaspace"}})),
       {"pre_tokenizer.type", "Metaspace"}},
      {"tokenizer_normalizer_unknown",
       with("normalizer", Json::object({{"type", "BertNormalizer"}})),
       {"normalizer.type", "BertNormalizer"}},
      {"tokenizer_normalizers_nested", with("normalizer", nested), {"Sequence"}},
      {"tokenizer_pattern_wrong", with_split("(a"), {"pattern", "(a"}},
      {"tokenizer_pattern_with_a_verb", with_split("(*LIMIT_MATCH=1000000000)a"), {"pattern", "control verb"}},
      {"tokenizer_pattern_of_hex_digits", with_split("[\\h]+"), {"pattern", "\\h means", "Oniguruma"}},
      {"tokenizer_pattern_of_words", with_split("a|\\\\\\w+"), {"pattern", "\\w means"}},
      {"tokenizer_pattern_that_moves_its_start", with_split("a\\Kb"), {"pattern", "\\K means"}},
      {"tokenizer_pattern_of_single_bytes", with_split("\\C"), {"pattern", "\\C"}},
      {"tokenizer_pattern_too_large",
       with_split("((((((a{900}){900}){900}){900}){900}){900})"),
       {"pattern", "too large"}},
      {"tokenizer_added_a_number",
       with("added_tokens", Json::array({1})),
       {"added_tokens[0]", "expected an object, found 1"}},
      {"tokenizer_added_without_an_id",
       with("added_tokens", Json::array({Json::object({{"content", "x"}})})),
       {"added_tokens[0]", "id", "missing"}},
      {"tokenizer_added_id_taken",
       with("added_tokens", Json::array({test_added(5, "<end>")})),
       {"added_tokens[0]", "<end>", "token 5"}},
      {"tokenizer_added_id_too_large",
       with("added_tokens", Json::array({test_added(1 << 22, "<end>")})),
       {"added_tokens[0]", "id", "4194304", "4194303"}},
      {"tokenizer_added_twice",
       with("added_tokens", Json::array({test_added(300, "<end>"), test_added(301, "<end>")})),
       {"added_tokens[1]", "<end>", "301"}},
      {"tokenizer_added_empty",
       with("added_tokens", Json::array({test_added(300, "")})),
       {"added_tokens[0]", "content", "0 bytes"}},
      {"tokenizer_added_too_long",
       with("added_tokens", Json::array({test_added(300, std::string(1025, 'x').c_str())})),
       {"added_tokens[0]", "1025 bytes", "1024"}},
  };
}

// ---- the tokenizer of a GGUF

inline TestGguf test_gguf_tokenizer() {
  TestGguf g;
  g.text("tokenizer.ggml.model", "gpt2")
      .text("tokenizer.ggml.pre", "qwen2")
      .texts("tokenizer.ggml.tokens", test_tokens());
  g.numbers("tokenizer.ggml.token_type", std::vector<i32>(258, 1)).texts("tokenizer.ggml.merges", {"h e", "e l"});
  return g;
}

inline std::vector<Case> gguf_tokenizer_cases() {
  const std::string t = "tokenizer.ggml.";
  const auto with_texts = [&](const char* key, const std::vector<std::string>& texts) {
    return with_pair(test_gguf_tokenizer(), t + key, TestGguf().texts(t + key, texts)).bytes();
  };
  const auto with_types = [&](const std::vector<i32>& types) {
    return with_pair(test_gguf_tokenizer(), t + "token_type", TestGguf().numbers(t + "token_type", types)).bytes();
  };
  const auto lacking = [&](const char* key) { return with_pair(test_gguf_tokenizer(), t + key, {}).bytes(); };
  std::vector<std::string> twice = test_tokens(), no_byte = test_tokens();
  twice.back() = "he", no_byte[33] = "zz";
  std::vector<i32> of_type_7(258, 1);
  of_type_7[9] = 7;
  return {
      {"vocabulary_well_formed", test_gguf_tokenizer().bytes(), {}},
      {"vocabulary_without_a_model", lacking("model"), {"tokenizer.ggml.model", "missing"}},
      {"vocabulary_of_another_model",
       with_pair(test_gguf_tokenizer(), t + "model", TestGguf().text(t + "model", "llama")).bytes(),
       {"tokenizer.ggml.model", "llama", "gpt2"}},
      {"vocabulary_without_a_pre_tokenizer", lacking("pre"), {"tokenizer.ggml.pre", "missing"}},
      {"vocabulary_pre_tokenizer_unknown",
       with_pair(test_gguf_tokenizer(), t + "pre", TestGguf().text(t + "pre", "later")).bytes(),
       {"tokenizer.ggml.pre", "later"}},
      {"vocabulary_without_tokens", lacking("tokens"), {"tokenizer.ggml.tokens", "missing"}},
      {"vocabulary_tokens_empty", with_texts("tokens", {}), {"tokenizer.ggml.tokens", "0 tokens"}},
      {"vocabulary_tokens_are_numbers",
       with_pair(test_gguf_tokenizer(), t + "tokens", TestGguf().numbers(t + "tokens", {1, 2})).bytes(),
       {"tokenizer.ggml.tokens", "array of strings", "2 x i32"}},
      {"vocabulary_token_twice", with_texts("tokens", twice), {"tokenizer.ggml.tokens", "he", "256", "257"}},
      {"vocabulary_without_a_byte", with_texts("tokens", no_byte), {"tokenizer.ggml.tokens", "byte 33"}},
      {"vocabulary_types_too_few", with_types(std::vector<i32>(257, 1)), {"tokenizer.ggml.token_type", "257", "258"}},
      {"vocabulary_types_are_texts",
       with_pair(test_gguf_tokenizer(), t + "token_type", TestGguf().texts(t + "token_type", {"1"})).bytes(),
       {"tokenizer.ggml.token_type", "expected integers"}},
      {"vocabulary_type_unknown", with_types(of_type_7), {"tokenizer.ggml.token_type", "token 9", "type 7"}},
      {"vocabulary_scores_too_few",
       test_gguf_tokenizer().array(t + "scores", kF32, 1, "1234").bytes(),
       {"tokenizer.ggml.scores", "1 entries", "258"}},
      {"vocabulary_without_merges", lacking("merges"), {"tokenizer.ggml.merges", "missing"}},
      {"vocabulary_merge_names_no_token",
       with_texts("merges", {"h e", "h xyz"}),
       {"tokenizer.ggml.merges[1]", "h xyz"}},
      {"vocabulary_merge_without_a_space",
       with_texts("merges", {"he"}),
       {"tokenizer.ggml.merges[0]", "expected two tokens", "he"}},
      {"vocabulary_merge_empty", with_texts("merges", {""}), {"tokenizer.ggml.merges[0]", "expected two tokens"}},
      {"vocabulary_bos_out_of_range",
       test_gguf_tokenizer().number(t + "bos_token_id", 258).bytes(),
       {"tokenizer.ggml.bos_token_id", "token 258 of 258"}},
      {"vocabulary_eos_is_text",
       test_gguf_tokenizer().text(t + "eos_token_id", "3").bytes(),
       {"tokenizer.ggml.eos_token_id", "expected an integer", "string"}},
      {"vocabulary_add_bos_is_a_number",
       test_gguf_tokenizer().number(t + "add_bos_token", 1).bytes(),
       {"tokenizer.ggml.add_bos_token", "expected bool", "u32"}},
  };
}

}  // namespace r1::hostile
