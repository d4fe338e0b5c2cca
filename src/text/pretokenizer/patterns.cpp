#include "text/pretokenizer/patterns.hpp"

#include <algorithm>

#include "text/pretokenizer/pretokenizer.hpp"

namespace r1 {
namespace {

// Escaped because some of these characters change when an editor normalizes them, and the ranges with them.

constexpr std::string_view kQwen2Gguf =
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+)"
    R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+)"
    R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3Gguf =
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kDigitsByThree = R"(\p{N}{1,3})", kDigits = R"(\p{N}+)", kDigit = R"(\p{N})";
constexpr std::string_view kV3Cjk = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
constexpr std::string_view kV3Words =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]"
    "+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";
// Newer models cut a word before a capital that follows small letters. In llama.cpp every letter beyond ASCII counts as
// both, and marks are no part of a word; it writes "a letter that is not a to z" as ((?=[\p{L}])([^a-z])), which makes
// PCRE2 remember every letter of a word.
constexpr std::string_view kTekkenGguf =
    R"([^\r\n\p{L}\p{N}]?[^\P{L}a-z]*[^\P{L}A-Z]+|[^\r\n\p{L}\p{N}]?[^\P{L}a-z]+[^\P{L}A-Z]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kTekken = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
                                     R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
                                     R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt4oGguf =
    R"([^\r\n\p{L}\p{N}]?[^\P{L}a-z]*[^\P{L}A-Z]+(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?)"
    R"(|[^\r\n\p{L}\p{N}]?[^\P{L}a-z]+[^\P{L}A-Z]*(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kSeedCoderGguf =
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1})"
    R"(| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kMiniCpm5Gguf =
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+)"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kMiniCpm5 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+)"
                                       R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kViking = " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+";
constexpr std::string_view kDefaultPunctuation = R"([\p{P}\$\+<=>\^~\|]+)";
constexpr std::string_view kNewline = "[\r\n]";
constexpr std::string_view kCjk = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";
constexpr std::string_view kLlmLetters =
    "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373"
    "\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f"
    "\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-"
    "\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-"
    "\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-"
    "\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-"
    "\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-"
    "\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a"
    "\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943]+";
constexpr std::string_view kLlmPunctuation = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+";
constexpr std::string_view kSpacesAtEnd = R"(\s+$)";

// Rows with "gguf" are the expressions of llama.cpp, src/llama-vocab.cpp at d32676d7. The others are those of the
// published tokenizer.json, which that file quotes; deepseek-v3, deepseek-llm and -coder are the same in both. GPT-2's
// expression ends with |\s+ in the Hugging Face library and without it in llama.cpp, which cuts the same pieces.
const std::vector<KnownPatterns>& table() {
  using Merges = KnownPatterns::Merges;
  static const std::vector<KnownPatterns> sets = {
      {"deepseek-v3", {kDigitsByThree, kV3Cjk, kV3Words}, scan_deepseek_v3},
      {"qwen2", {kQwen2Gguf}, scan_qwen2_gguf},
      {"qwen2", {kQwen2Pattern}, scan_qwen2},
      {"llama-bpe", {kLlama3Gguf}, scan_llama3_gguf, Merges::ignored, true},
      {"llama-bpe", {kLlama3}, scan_llama3, Merges::ignored, true},
      {"smaug-bpe", {kLlama3Gguf}, scan_llama3_gguf},
      {"smaug-bpe", {kLlama3}, scan_llama3},
      {"deepseek-llm", {kNewline, kLlmLetters, kLlmPunctuation, kSpacesAtEnd, kCjk, kDigits}, nullptr},
      {"deepseek-llm", {kNewline, kLlmLetters, kLlmPunctuation, kSpacesAtEnd, kCjk, kDigit}, nullptr},
      {"deepseek-coder", {kNewline, R"(\s?\p{L}+)", R"(\s?\p{P}+)", kCjk, kDigit}, nullptr},
      {"gpt-2", {kGpt2Pattern}, scan_gpt2},
      {"smollm", {kDigit, kGpt2Pattern}, scan_smollm},
      {"tekken", {kTekkenGguf}, nullptr, Merges::ignored},
      {"tekken", {kTekken}, nullptr, Merges::ignored},
      {"gpt-4o", {kGpt4oGguf}, nullptr},
      {"gpt-4o", {kGpt4o}, nullptr},
      {"seed-coder", {kSeedCoderGguf}, nullptr},
      {"minicpm5", {kDigitsByThree, kMiniCpm5Gguf}, nullptr, Merges::ignored},
      {"minicpm5", {kDigitsByThree, kMiniCpm5}, nullptr, Merges::ignored},
      {"viking", {kViking, kDigit}, nullptr},
      {"default", {kDefaultPunctuation, kGpt2Pattern, kDigits, "[0-9][0-9][0-9]"}, nullptr},
  };
  return sets;
}

// Names that llama.cpp gives the same expressions, of models that are Llama, Qwen2 or DeepSeek by their architecture or
// whose tokenizer such models have taken.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"deepseek-r1-qwen", "qwen2"}, {"megrez", "qwen2"},          {"kormo", "qwen2"},       {"llama3", "llama-bpe"},
    {"llama-v3", "llama-bpe"},     {"falcon3", "llama-bpe"},     {"pixtral", "llama-bpe"}, {"midm-2.0", "llama-bpe"},
    {"dbrx", "smaug-bpe"},         {"joyai-llm", "deepseek-v3"}, {"mellum", "gpt-2"},      {"a.x-4.0", "gpt-2"},
    {"trillion", "gpt-2"},         {"gigachat", "gpt-2"},        {"olmo", "gpt-2"},        {"phi-2", "gpt-2"},
    {"starcoder", "smollm"},       {"refact", "smollm"},         {"command-r", "smollm"},  {"codeshell", "smollm"},
    {"exaone", "smollm"},          {"minerva-7b", "smollm"},     {"kanana2", "gpt-4o"},    {"llama4", "gpt-4o"}};

}  // namespace

std::span<const KnownPatterns> all_known_patterns() { return table(); }

const KnownPatterns* known_patterns(std::string_view pre) {
  for (const auto& [alias, name] : kAliases) {
    if (alias == pre) pre = name;
  }
  const auto found = std::find_if(table().begin(), table().end(), [&](const KnownPatterns& k) { return k.pre == pre; });
  return found == table().end() ? nullptr : &*found;
}

const KnownPatterns* known_patterns(std::span<const std::string_view> patterns,
                                    std::optional<KnownPatterns::Merges> merges) {
  const auto found = std::find_if(table().begin(), table().end(), [&](const KnownPatterns& k) {
    return (!merges || k.merges == *merges) &&
           std::equal(k.patterns.begin(), k.patterns.end(), patterns.begin(), patterns.end());
  });
  return found == table().end() ? nullptr : &*found;
}

}  // namespace r1
