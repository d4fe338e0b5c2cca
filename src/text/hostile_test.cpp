// Vocabularies that are made to break their readers. tests/hostile_test.cpp tries the same tables and bounds the memory
// that they cost.
#include "text/test_tokenizer_cases.hpp"

namespace r1::hostile {
namespace {

TEST_P(HostileFile, IsRefusedWithFileFieldAndNumbersOrLoadsIfWellFormed) {
  const auto& [kind, file] = GetParam();
  if (file.besides) file.besides(folder);
  expect_answer(file, opened(*kind, file.bytes), folder);
}

R1_HOSTILE(Tokenizer, kTokenizer, {tokenizer_cases()});
R1_HOSTILE(Vocabulary, kVocabulary, {gguf_tokenizer_cases()});

}  // namespace
}  // namespace r1::hostile
