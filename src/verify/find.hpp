// Finds the final answer in a text. docs/verify.md explains the order of trust.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/compare.hpp"

namespace r1 {

constexpr size_t kSearchedTail = 16'384;  // bytes at the end of a text in which an answer is looked for

struct FindOptions {
  bool latex = true;                 // boxes and LaTeX between dollars
  bool plain = true;                 // numbers and arithmetic outside of LaTeX
  bool choices = false;              // letters of multiple choice
  bool boxed = false;                // boxes only, and only closed ones: the safe setting for training
  std::vector<std::string> strings;  // what `choices` looks for instead of the letters A to J
  bool after_think = false;          // a text without </think> was cut off while thinking and has no answer

  bool operator==(const FindOptions&) const = default;
};

enum class FoundBy { whole, tag, box, hashes, anchor, span, number, choice, words };
std::string_view name_of(FoundBy rule);

struct FoundAnswer {
  ReadAnswer answer;
  FoundBy rule = FoundBy::whole;
};
// Nothing if there is no answer. `gold` says that the text is an expected answer: without any mark it is the answer.
std::optional<FoundAnswer> find_answer(std::string_view text, const FindOptions& options, bool gold);

// What follows the last </think>; the whole text if there is none.
std::string_view after_thinking(std::string_view text);

struct BoxContent {
  std::string_view content;
  size_t begin = 0, end = 0;  // of the whole \boxed{...} in the text
  bool closed = true;
};
std::vector<BoxContent> boxes_in(std::string_view text);

// The number behind #### in the last line, as the solutions of GSM8K end. Headings of Markdown begin with #### too.
std::optional<std::string_view> number_after_hashes(std::string_view text);

// The letter that a multiple-choice answer chooses: "(D) Alina" is D, "The answer is for sure D, not A" is D.
std::optional<std::string> find_choice(std::string_view text, const std::vector<std::string>& strings);

// Where the words are that announce an answer, in several languages: the ends of "answer", "答案", ... in lower case
// text.
std::vector<size_t> anchors_in(std::string_view lower_text);

struct TextSpan {
  size_t begin = 0, end = 0;  // with its delimiters
  std::string content;
  bool latex = false;
};
// Formulas between dollars, \( \), \[ \]; neighbours that a comma, "and" or "or" joins are one span.
std::vector<TextSpan> spans_in(std::string_view text);
// Numbers and arithmetic in plain text; one that is not well-formed is one piece too, so that no part of it is read.
std::vector<TextSpan> plain_numbers_in(std::string_view text);

}  // namespace r1
