// The parts of a reward besides accuracy, each by itself. Format gates and does not add: a completion without the form
// gets nothing for its answer, so form alone is worth nothing.
//
// Lengths are in tokens. All functions are pure and linear in their input, with the exception of sorting n-grams.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"

namespace r1 {

// <think>...</think> and an answer: one <think> at the start (white space may precede it), one </think> behind it, and
// something other than white space after that. `completion` holds the whole turn: if the template of the chat ends the
// prompt with <think>, put it in front.
bool has_think_format(std::string_view completion);
// Exactly <think>\n...\n</think>\n<answer>\n...\n</answer>, nothing before or after.
bool has_think_answer_format(std::string_view completion);
// The same, with a fenced block ```LANGUAGE ... ``` inside the answer.
bool has_code_format(std::string_view completion, std::string_view language);
// A quarter for each of "<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>" that occurs exactly once.
double tag_count(std::string_view completion);

// The share of words in the target language among the words of a chain of thought. A Han character is a word, and so is
// a run of letters of another script. Numbers, symbols, code between backticks and formulas between dollars are left
// out. 0 if there are no words.
enum class Language { english, chinese };  // Latin letters without others; Han
double language_consistency(std::string_view thinking, Language language);

// DAPO's soft overlong punishment (arXiv:2503.14476): 0 up to `limit` - `cache` tokens, then falling to -1 at `limit`.
double soft_overlong(i64 length, i64 limit, i64 cache);

// A reward that follows half a cosine from `at_start` for an empty completion to `at_limit` for one of `limit` tokens.
double cosine_length(i64 length, i64 limit, double at_start, double at_limit);

// (1 - distinct n-grams / n-grams) · worst, with worst <= 0: of token ids, or of words in lower case. A text shorter
// than n has no n-grams and gets 0. Runs of Han characters are cut into words of two.
double repetition(std::span<const i64> ids, i64 n, double worst);
// These words, as hashes: runs of characters between white space in lower case, and pairs of Han characters.
std::vector<u64> words_as_hashes(std::string_view text);
double repetition(std::string_view text, i64 n, double worst);

}  // namespace r1
