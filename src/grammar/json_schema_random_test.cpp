// Random walks through the masks of random schemas: every answer that is complete fits the schema, as a validator says
// that was written from the specification.
#include <gtest/gtest.h>

#include "grammar/json_schema.hpp"
#include "grammar/test_matching.hpp"
#include "grammar/test_random_schema.hpp"
#include "grammar/test_schema_validator.hpp"
#include "text/tokenizer.hpp"

namespace r1 {
namespace {

class Walk {
 public:
  Walk(std::shared_ptr<const GrammarProgram> program, u64 seed) : matcher_(std::move(program)), random_(seed) {}

  // A complete answer; empty if there is none after many tokens.
  std::string run(const TokenTrie& trie) {
    constexpr int kFree = 60, kMost = 3000;  // tokens; behind the first the walk looks for the end
    for (int step = 0; step < kMost; ++step) {
      const bool hurry = step >= kFree;
      if (matcher_.is_complete() && (hurry || random_() % 4 == 0)) return text_;
      const i32 token = next(trie, hurry);
      if (token < 0) return matcher_.is_complete() ? text_ : "";
      EXPECT_TRUE(matcher_.push_token(token)) << text_ << " and token " << token;
      text_ += trie.key(token);
    }
    return "";
  }

 private:
  i32 next(const TokenTrie& trie, bool hurry) {
    const std::vector<i32> all = tokens_of(matcher_.allowed());
    std::vector<i32> single, closing;
    for (const i32 token : all) {
      if (trie.key(token).size() != 1) continue;
      single.push_back(token);
      if (std::string_view("\"]}").find(trie.key(token)[0]) != std::string_view::npos) closing.push_back(token);
    }
    const auto any = [&](const std::vector<i32>& tokens) { return tokens[random_() % tokens.size()]; };
    if (all.empty()) return -1;
    if (hurry && !closing.empty()) return any(closing);
    return !single.empty() && random_() % 2 == 0 ? any(single) : any(all);
  }

  GrammarMatcher matcher_;
  std::mt19937_64 random_;
  std::string text_;
};

void walk_random_schemas(u64 first, u64 count) {
  const auto tokenizer = Tokenizer::open(std::filesystem::path(R1_SOURCE_DIR) / "models/nano");
  ASSERT_TRUE(tokenizer) << tokenizer.error().what;
  const auto lexicon = std::make_shared<Lexicon>(TokenTrie::of(*tokenizer));
  i64 schemas = 0, answers = 0, twice = 0, unfinished = 0;
  for (u64 seed = first; seed < first + count; ++seed) {
    RandomSchema random(seed);
    Json schema = random.make();
    auto grammar = read_json_schema(schema);
    if (!grammar || !check(*grammar)) continue;
    const auto program = GrammarProgram::compile(*grammar, lexicon);
    ASSERT_TRUE(program) << seed << ": " << program.error().what << "\n" << dump(schema);
    ++schemas;
    const SchemaValidator validator(schema);
    for (u64 sample = 0; sample < 3; ++sample) {
      Walk walk(*program, 1000 * seed + sample);
      const std::string text = walk.run(lexicon->trie());
      if (text.empty()) {
        ++unfinished;
        continue;
      }
      const auto value = parse_json(text, "answer");
      if (!value && value.error().what.find("duplicate key") != std::string::npos) {
        ++twice;  // names that the schema does not know may be written twice
        continue;
      }
      ASSERT_TRUE(value) << seed << ": " << value.error().what << "\n" << text << "\n" << dump(schema);
      ASSERT_TRUE(validator.fits(*value)) << seed << ": " << text << "\n" << dump(schema);
      ++answers;
    }
  }
  fmt::print("{} schemas, {} answers, {} with a name twice, {} unfinished\n", schemas, answers, twice, unfinished);
  EXPECT_GT(schemas, static_cast<i64>(count) * 6 / 10);
  EXPECT_GT(answers, schemas * 27 / 10);
}

TEST(JsonSchemaRandom, CompleteAnswersFitTheirSchemas) { walk_random_schemas(0, 300); }

TEST(JsonSchemaRandom_slow, CompleteAnswersFitTheirSchemas) { walk_random_schemas(1000, 10'000); }

}  // namespace
}  // namespace r1
