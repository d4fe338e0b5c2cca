// What masks cost: documents that fit a schema are tokenized, and every token's mask is made and applied to logits.
//   grammar_bench TOKENIZER   TOKENIZER: a folder, tokenizer.json or .gguf
// Prints CPU time of this thread: compiling; then for each token mean, median, 99th percentile and the worst. "cold"
// has new automata, as the first request with a vocabulary; "warm" has those that earlier requests left.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "formats/json.hpp"
#include "grammar/gbnf.hpp"
#include "grammar/grammar_matcher.hpp"
#include "grammar/json_schema.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

constexpr const char* kSchema = R"({"type": "object", "properties": {
  "name": {"type": "string", "minLength": 1, "maxLength": 80}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
  "email": {"type": "string", "format": "email"}, "born": {"type": "string", "format": "date"},
  "status": {"enum": ["active", "inactive", "unknown"]}, "tags": {"type": "array", "items": {"type": "string"}},
  "address": {"$ref": "#/$defs/address"}, "friends": {"type": "array", "items": {"$ref": "#"}, "maxItems": 20},
  "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "score": {"type": "number"}},
  "required": ["name", "age", "tags"], "additionalProperties": false,
  "$defs": {"address": {"type": "object", "properties": {"street": {"type": "string"}, "zip": {"type": "string",
  "pattern": "^[0-9]{5}$"}}, "required": ["street"]}}})";

constexpr const char* kDocument = R"({"name": "Ada Lovelace, Countess", "age": 36, "email": "ada@example.org",
 "born": "1815-12-10", "status": "inactive", "tags": ["mathematician", "writer", "the first programmer of all"],
 "address": {"street": "12 St James's Square, London \u2014 near the park", "zip": "12345", "country": "GB"},
 "friends": [{"name": "Charles Babbage", "age": 79, "tags": []}, {"name": "Mary Somerville", "age": 91,
 "tags": ["astronomer"], "note": "She introduced Ada to Charles Babbage, who was building his difference engine."}],
 "note": null, "score": 97.25})";

constexpr const char* kCalculator = R"gbnf(root ::= (expr "=" ws term "\n")+
expr ::= term ([-+*/] term)*
term ::= ident | num | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num ::= [0-9]+ ws
ws ::= [ \t\n]*)gbnf";
constexpr const char* kSums = "12 +(a_1 *34 -value) /7 = result\n(((x)))*98765 = 4\n";

// As the sampler does (infer/sampler.cpp).
void apply(std::span<const u64> allowed, std::vector<float>& logits) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  const i64 n = std::ssize(logits);
  for (i64 begin = 0, word = 0; begin < n; begin += 64, ++word) {
    const i64 end = std::min(begin + 64, n);
    if (allowed[word] == ~u64{0}) continue;
    if (allowed[word] == 0) std::fill(logits.begin() + begin, logits.begin() + end, kNever);
    else
      for (u64 rest = ~allowed[word]; rest; rest &= rest - 1)
        if (const i64 i = begin + std::countr_zero(rest); i < end) logits[i] = kNever;
  }
}

void print_times(const char* run, const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double t : times) sum += t;
  const auto at = [&](double share) {
    return 1e3 * times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
  };
  fmt::print("  {:<5} {:<27} {:4} tokens   mean {:6.3f} ms   p50 {:6.3f}   p99 {:6.3f}   max {:6.3f}\n", run, what,
             times.size(), 1e3 * sum / static_cast<double>(times.size()), at(0.5), at(0.99), at(1));
}

Status measure(const char* name, const Grammar& grammar, const Tokenizer& tokenizer, std::shared_ptr<Lexicon> lexicon,
               const std::string& text) {
  const double begin = cpu_seconds();
  const auto program = R1_TRY(GrammarProgram::compile(grammar, lexicon));
  const double compiled = cpu_seconds();
  program->warm();
  fmt::print("{}: compiled in {:.2f} ms, prepared in {:.2f} ms\n", name, 1e3 * (compiled - begin),
             1e3 * (cpu_seconds() - compiled));
  const std::vector<i32> tokens = tokenizer.encode(text);
  std::vector<float> logits(lexicon->trie().vocabulary());
  for (const char* run : {"cold", "warm"}) {
    std::vector<double> made, applied;
    GrammarMatcher matcher(program);
    for (const i32 token : tokens) {
      const double start = cpu_seconds();
      const auto allowed = matcher.allowed();
      const double mask = cpu_seconds();
      apply(allowed, logits);
      const bool fits = allowed[token / 64] >> token % 64 & 1;
      const bool taken = matcher.push_token(token);
      applied.push_back(cpu_seconds() - start);
      made.push_back(mask - start);
      if (!fits || !taken) return fail(Errc::corrupt, "{}: a token of the text is not allowed", name);
    }
    if (!matcher.is_complete()) return fail(Errc::corrupt, "{}: the text is not complete", name);
    print_times(run, "made", std::move(made));
    print_times(run, "made, applied, token taken", std::move(applied));
  }
  return {};
}

Status run_all(int argc, char** argv) {
  if (argc != 2) return fail(Errc::usage, "grammar_bench TOKENIZER");
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(argv[1]));
  const double begin = cpu_seconds();
  const auto lexicon = std::make_shared<Lexicon>(TokenTrie::of(tokenizer));
  fmt::print("{} tokens, {} nodes, made in {:.0f} ms\n", lexicon->trie().vocabulary(), lexicon->trie().size(),
             1e3 * (cpu_seconds() - begin));
  const Json schema = R1_TRY(parse_json(kSchema, "schema")), document = R1_TRY(parse_json(kDocument, "document"));
  R1_TRY(measure("schema, compact", R1_TRY(read_json_schema(schema)), tokenizer, lexicon, dump(document)));
  R1_TRY(measure("schema, indented", R1_TRY(read_json_schema(schema)), tokenizer, lexicon, dump(document, 2)));
  R1_TRY(measure("json object", json_object_grammar(), tokenizer, lexicon, dump(document, 2)));
  return measure("calculator (GBNF)", R1_TRY(read_gbnf(kCalculator)), tokenizer, lexicon, kSums);
}

}  // namespace
}  // namespace r1

int main(int argc, char** argv) {
  const r1::Status done = r1::run_all(argc, argv);
  if (!done) fmt::print(stderr, "grammar_bench: {}\n", done.error().what);
  return done ? 0 : 1;
}
