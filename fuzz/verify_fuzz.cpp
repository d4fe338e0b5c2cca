// Fuzzes the maths verifier: the input is an expected and a given answer with a line of # between them. Both are
// compared as bare answers and as texts, with the limits of the program.
#include <string_view>

#include "verify/rewards.hpp"
#include "verify/verify.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace r1;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(text.find("\n#\n"), text.size());
  const std::string_view gold = text.substr(0, cut), given = text.substr(std::min(cut + 3, text.size()));
  VerifyOptions bare;
  bare.form = AnswerForm::bare;
  bare.compare.sets_match_relations = true;
  (void)verify_answer(gold, given, bare);
  bare.compare.strict = false;
  (void)verify_answer(gold, gold, bare);
  VerifyOptions choices;
  choices.find.choices = true;
  (void)verify_answer(gold, given, choices);
  (void)verify_answer(gold, given, {});
  (void)answer_matches(gold, given);
  (void)extract_answer(text);
  (void)language_consistency(text, Language::english);
  (void)repetition(text, 3, -1);
  return 0;
}
