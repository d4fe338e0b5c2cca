// Restricts the answer of a request to a grammar. The thinking stays free, except that no stop token may end the sample
// inside it. The answer may end where the grammar is complete, and nowhere else.
#pragma once
#include <memory>

#include "grammar/grammar.hpp"
#include "grammar/lexeme.hpp"
#include "session/session.hpp"

namespace r1 {

class AnswerGrammars {
 public:
  // The tokenizer must outlive this object and the requests. Takes 0.1 s for a vocabulary of 128,000 tokens.
  explicit AnswerGrammars(const Tokenizer& tokenizer);
  // Sets the constraint of the request, whose other members are set already, and leaves room for the answer: the
  // thinking is closed when 1,024 tokens are left of max_tokens, or half of them if that is less. `context` is the
  // engine's. Any thread may call it; it is slow enough to be kept off the engine's thread.
  // Errors: those of GrammarProgram::compile.
  Status constrain(CompletionRequest& request, const Grammar& grammar, i64 context) const;

 private:
  const Tokenizer& tokenizer_;
  std::shared_ptr<Lexicon> lexicon_;
  std::vector<i32> line_breaks_;  // the tokens of one or two line breaks, which models write behind the thinking
};

}  // namespace r1
