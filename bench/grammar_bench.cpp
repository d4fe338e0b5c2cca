// What masks cost: documents that fit a schema are tokenized, and every token's mask is made and applied to logits.
//   grammar_bench TOKENIZER [NAME]   TOKENIZER: a folder, tokenizer.json or .gguf; NAME: only the grammars with this
//   name
// Prints CPU time of this thread: compiling; then for each token mean, median, 99th percentile and the worst. "cold"
// has new automata, as the first request with a vocabulary; "warm" has those that earlier requests left, and each token
// the least time of five runs.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "formats/json.hpp"
#include "grammar/gbnf.hpp"
#include "grammar/grammar_matcher.hpp"
#include "grammar/json_schema.hpp"
#include "grammar/regex.hpp"
#include "infer/sampler.hpp"
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
constexpr const char* kSums =
    "12 +(a_1 *34 -value) /7 = result\n(((x)))*98765 = 4\n"
    "total/(count -1) *scale_factor +offset = mean\n(a+b)*(a-b) = x\n((width *height) -(2*border))/100 = area\n";

// Each word may belong to any of the readings that are open, and each operator may bind in several ways.
constexpr const char* kAmbiguous = R"gbnf(root ::= item+
item ::= name | call | list | phrase
name ::= word
call ::= word "(" root? ")" " "? | item2 "." word
item2 ::= word | "(" root ")"
list ::= word ("," " "? word)+ | "(" item ("," " "? item)* ")"
phrase ::= word (" " word)* ("." " "?)? | "(" phrase ")" | "\"" phrase "\"" " "?
word ::= [a-zA-Z] [a-zA-Z0-9_]* " "?)gbnf";
constexpr const char* kPhrases =
    "the quick brown fox(jumps, over) the lazy dog. \"a phrase\" and (one, two, (three four))(six)seven";

constexpr const char* kLogLine =
    "(\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2} \\[(debug|info|warning|error)\\] [a-z_]+"
    "(\\.[a-z_]+)*: [^\\n]{1,200}\\n)+";
constexpr const char* kLog =
    "2024-05-06 07:08:09 [info] server.http: listens at port 8080 of all addresses\n"
    "2024-05-06 07:08:12 [warning] cache: 12 of 64 pages are free, which is less than the limit of 20\n"
    "2024-05-06 07:09:00 [error] engine.step_loop: the model's logits are no distribution: a NaN among them\n";

constexpr const char* kFreeStrings = R"({"type": "object", "properties": {
  "title": {"type": "string"}, "summary": {"type": "string"}, "answer": {"type": "string", "maxLength": 2000},
  "sources": {"type": "array", "items": {"type": "string"}}},
  "required": ["title", "summary", "answer", "sources"], "additionalProperties": false})";
constexpr const char* kArticle = R"({"title": "How rivers find the sea: \"downhill\" is not the whole story",
 "summary": "Water follows the steepest path, but rock, silt and plants change that path every year.",
 "answer": "A river begins where rain gathers.\nSand wears down its bed (1 mm a year) \u2014 deltas grow by 16 m.",
 "sources": ["https://example.org/rivers?id=42", "Geology of deltas, 3rd edition, p. 117"]})";

// Fifty properties of different types, and a document that has all of them.
std::pair<Json, Json> large_schema() {
  Json properties = Json::Object{}, required = Json::Array{}, document = Json::Object{};
  for (int i = 0; i < 50; ++i) {
    const std::string name =
        fmt::format("{}_{}", std::array{"customer", "order", "price", "is_open", "kind"}[i % 5], i);
    const auto add = [&](Json schema, Json value) {
      properties.set(name, std::move(schema)), document.set(name, std::move(value));
      if (i % 3 != 0) required.push(name);
    };
    switch (i % 5) {
      case 0: add(Json::object({{"type", "string"}}), fmt::format("Customer of the {}th street", i)); break;
      case 1: add(Json::object({{"type", "integer"}, {"minimum", 0}, {"maximum", 5000 + i}}), 37 * i); break;
      case 2: add(Json::object({{"type", "number"}}), i + 0.25); break;
      case 3: add(Json::object({{"type", "boolean"}}), i % 2 == 0); break;
      default: add(Json::object({{"enum", Json::array({"new", "sent by post", "paid", i})}}), "sent by post");
    }
  }
  Json schema = Json::object({{"type", "object"}, {"additionalProperties", false}});
  schema.set("properties", std::move(properties)), schema.set("required", std::move(required));
  return {std::move(schema), std::move(document)};
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

struct Times {
  std::vector<double> made, taken;  // for each token: the mask made; also applied, and the token taken
};

Result<Times> time_tokens(std::shared_ptr<const GrammarProgram> program, const Tokenizer& tokenizer,
                          std::span<const i32> tokens) {
  Times times;
  std::vector<float> logits(program->trie().vocabulary());
  GrammarMatcher matcher(std::move(program));
  for (const i32 token : tokens) {
    const double start = cpu_seconds();
    const auto allowed = matcher.allowed();
    const double mask = cpu_seconds();
    mask_logits(logits, allowed);
    const bool fits = allowed[token / 64] >> token % 64 & 1;
    const bool taken = matcher.push_token(token);
    times.taken.push_back(cpu_seconds() - start);
    times.made.push_back(mask - start);
    if (!fits || !taken)
      return fail(Errc::corrupt, "the token {} is not allowed {}", quoted_text(tokenizer.bytes_of(token)),
                  matcher.failure());
  }
  if (!matcher.is_complete()) return fail(Errc::corrupt, "the text is not complete");
  return times;
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
  Times cold = R1_TRY(time_tokens(program, tokenizer, tokens)), warm = R1_TRY(time_tokens(program, tokenizer, tokens));
  for (int run = 1; run < 5; ++run) {
    const Times again = R1_TRY(time_tokens(program, tokenizer, tokens));
    for (size_t i = 0; i < tokens.size(); ++i) {
      warm.made[i] = std::min(warm.made[i], again.made[i]);
      warm.taken[i] = std::min(warm.taken[i], again.taken[i]);
    }
  }
  print_times("cold", "made", std::move(cold.made));
  print_times("cold", "made, applied, token taken", std::move(cold.taken));
  print_times("warm", "made", std::move(warm.made));
  print_times("warm", "made, applied, token taken", std::move(warm.taken));
  return {};
}

Status run_all(int argc, char** argv) {
  if (argc != 2 && argc != 3) return fail(Errc::usage, "grammar_bench TOKENIZER [NAME]");
  const std::string_view wanted = argc == 3 ? argv[2] : "";
  const Tokenizer tokenizer = R1_TRY(Tokenizer::open(argv[1]));
  const double begin = cpu_seconds();
  const auto lexicon = std::make_shared<Lexicon>(TokenTrie::of(tokenizer));
  fmt::print("{} tokens, {} nodes, made in {:.0f} ms\n", lexicon->trie().vocabulary(), lexicon->trie().size(),
             1e3 * (cpu_seconds() - begin));
  const Json schema = R1_TRY(parse_json(kSchema, "schema")), document = R1_TRY(parse_json(kDocument, "document"));
  const auto text_of = [&](const char* name, const Grammar& grammar, const std::string& text) -> Status {
    if (!wanted.empty() && wanted != name) return {};
    auto done = measure(name, grammar, tokenizer, lexicon, text);
    return done ? done : tl::unexpected(std::move(done).error().in(name));
  };
  const auto document_of = [&](const char* name, const Json& of, const std::string& text) -> Status {
    return text_of(name, R1_TRY(read_json_schema(of)), text);
  };
  R1_TRY(document_of("schema, compact", schema, dump(document)));
  R1_TRY(document_of("schema, indented", schema, dump(document, 2)));
  const auto [large, fields] = large_schema();
  R1_TRY(document_of("schema of 50 properties", large, dump(fields, 2)));
  R1_TRY(document_of("schema of free strings", R1_TRY(parse_json(kFreeStrings, "schema")),
                     dump(R1_TRY(parse_json(kArticle, "document")))));
  R1_TRY(text_of("json object", json_object_grammar(), dump(document, 2)));
  Grammar log;
  log.root = log.add("root", R1_TRY(read_regex(kLogLine, RegexForm::whole)));
  R1_TRY(text_of("regular expression", log, kLog));
  R1_TRY(text_of("calculator (GBNF)", R1_TRY(read_gbnf(kCalculator)), kSums));
  return text_of("ambiguous (GBNF)", R1_TRY(read_gbnf(kAmbiguous)), kPhrases);
}

}  // namespace
}  // namespace r1

int main(int argc, char** argv) {
  const r1::Status done = r1::run_all(argc, argv);
  if (!done) fmt::print(stderr, "grammar_bench: {}\n", done.error().what);
  return done ? 0 : 1;
}
