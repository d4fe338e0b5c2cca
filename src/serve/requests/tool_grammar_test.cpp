#include "serve/requests/tool_grammar.hpp"

#include "grammar/grammar_matcher.hpp"
#include "grammar/json_schema.hpp"
#include "session/test_session.hpp"

namespace r1 {
namespace {

constexpr const char* kTools =
    R"("tools":[{"type":"function","function":{"name":"add","parameters":{"properties":{"a":{"type":"integer"}},
       "required":["a"],"additionalProperties":false}}},{"type":"function","function":{"name":"now"}}])";
constexpr const char* kR1Call =
    "<｜tool▁call▁begin｜>function<｜tool▁sep｜>add\n```json\n{\"a\": 1}\n```<｜tool▁call▁end｜>";

Json parsed(const std::string& text) {
  auto json = parse_json(text, "test");
  R1_CHECK(json, "{}", text);
  return std::move(*json);
}

ApiResult<std::optional<Grammar>> grammar_of(const std::string& body, CallForm form, const Tokenizer& tokenizer,
                                             std::optional<Grammar> format = {}) {
  const auto tools = read_tool_fields(parsed("{" + body + "}"));
  R1_CHECK(tools, "{}", tools ? "" : tools.error().message);
  return tool_grammar(*tools, form, tokenizer, std::move(format));
}

// Whether the whole text is an answer. Marks that the tokenizer knows are pushed as tokens.
bool allows(const std::string& body, CallForm form, std::string_view text, const Tokenizer& tokenizer,
            std::optional<Grammar> format = {}) {
  const auto grammar = grammar_of(body, form, tokenizer, std::move(format));
  R1_CHECK(grammar && *grammar, "{}", grammar ? "no grammar" : grammar.error().message);
  auto program = GrammarProgram::compile(**grammar, std::make_shared<Lexicon>(TokenTrie::of(tokenizer)));
  R1_CHECK(program, "{}", program ? "" : program.error().what);
  GrammarMatcher matcher(*program);
  while (!text.empty()) {
    const size_t end = text.starts_with('<') ? text.find('>') : text.npos;
    const auto mark = end == text.npos ? std::nullopt : tokenizer.find(text.substr(0, end + 1));
    if (mark ? !matcher.push_token(*mark) : !matcher.push(static_cast<u8>(text[0]))) return false;
    text.remove_prefix(mark ? end + 1 : 1);
  }
  return matcher.is_complete();
}

// The tokenizer of the tests, and one in which Qwen's marks are tokens.
const Tokenizer& plain_tokenizer() {
  static const Tokenizer tokenizer = byte_tokenizer();
  return tokenizer;
}
const Tokenizer& marked_tokenizer() {
  static const Tokenizer tokenizer = [] {
    Json json = parsed(byte_tokenizer_json(Marks::none));
    Json added = Json::Array{};
    for (const std::string_view mark : {kHermesBegin, kHermesEnd})
      added.push(Json::object({{"id", 256 + added.array()->size()}, {"content", mark}, {"special", false}}));
    json.set("added_tokens", std::move(added));
    return std::move(*Tokenizer::parse(dump(json), "test"));
  }();
  return tokenizer;
}

struct Case {
  const char* choice;
  CallForm form;
  std::string text;
  bool allowed;
};

void expect(std::initializer_list<Case> cases) {
  for (const Case& c : cases)
    EXPECT_EQ(allows(fmt::format("{}{}", kTools, c.choice), c.form, c.text, plain_tokenizer()), c.allowed)
        << c.choice << ": " << c.text;
}

TEST(ToolGrammar, AForcedCallStandsInTheFormOfTheTemplate) {
  constexpr const char *kRequired = R"(,"tool_choice":"required")", *kBegin = "<｜tool▁calls▁begin｜>",
                       *kEnd = "<｜tool▁calls▁end｜>";
  const std::string bare = "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>";
  const std::string hermes = "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 12}}\n</tool_call>";
  expect({
      {kRequired, CallForm::deepseek, std::string(kBegin) + kR1Call + kEnd, true},
      {kRequired, CallForm::deepseek, std::string(kBegin) + kR1Call + "\n" + kR1Call + kEnd, true},
      {kRequired, CallForm::deepseek, std::string(kBegin) + kR1Call, false},
      {kRequired, CallForm::deepseek_bare, kBegin + bare + bare + kEnd, true},
      {kRequired, CallForm::deepseek_bare, std::string(kBegin) + kR1Call + kEnd, false},
      {kRequired, CallForm::hermes, hermes, true},
      {kRequired, CallForm::hermes, hermes + "\n" + hermes, true},
      {kRequired, CallForm::hermes, "Well. " + hermes, false},
      {kRequired, CallForm::hermes, "", false},
      {kRequired, CallForm::llama, "{\"name\": \"add\", \"parameters\": {\"a\": -3}}", true},
  });
}

TEST(ToolGrammar, ArgumentsFitTheSchemaAndTheChoiceNamesTheFunctions) {
  constexpr const char *kRequired = R"(,"tool_choice":"required")",
                       *kAdd = R"(,"tool_choice":{"type":"function","function":{"name":"add"}})",
                       *kNow = R"(,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required",
                           "tools":[{"type":"function","function":{"name":"now"}}]}})";
  const std::string add = "{\"name\": \"add\", \"parameters\": {\"a\": 1}}",
                    now = "{\"name\": \"now\", \"parameters\": {}}";
  expect({
      {kRequired, CallForm::llama, "{\"name\": \"add\", \"parameters\": {}}", false},
      {kRequired, CallForm::llama, "{\"name\": \"add\", \"parameters\": {\"a\": \"1\"}}", false},
      {kRequired, CallForm::llama, "{\"name\": \"now\", \"parameters\": {\"a\": 1}}", false},
      {kRequired, CallForm::llama, "{\"name\": \"sub\", \"parameters\": {}}", false},
      {kRequired, CallForm::llama, now, true},
      {kAdd, CallForm::llama, add, true},
      {kAdd, CallForm::llama, now, false},
      {kNow, CallForm::llama, now, true},
      {kNow, CallForm::llama, add, false},
  });
}

std::string times(int n, const std::string& call) {
  std::string out = call;
  while (--n > 0) out += "\n" + call;
  return out;
}

TEST(ToolGrammar, CallsAreCounted) {
  const std::string call = "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";
  constexpr const char *kOne = R"(,"tool_choice":"required","parallel_tool_calls":false)",
                       *kMaybe = R"(,"parallel_tool_calls":false)";
  expect({{kOne, CallForm::hermes, call, true},
          {kOne, CallForm::hermes, call + "\n" + call, false},
          {R"(,"tool_choice":"required")", CallForm::hermes, times(8, call), true},
          {R"(,"tool_choice":"required")", CallForm::hermes, times(9, call), false},
          {kMaybe, CallForm::hermes, "1 < 2 <tool", true},
          {kMaybe, CallForm::hermes, "Well.\n" + call, true},
          {kMaybe, CallForm::hermes, call + "\n" + call, false}});
}

TEST(ToolGrammar, StrictFunctionsFitAlsoWhereACallIsFree) {
  const std::string strict = R"("tools":[{"type":"function","function":{"name":"add","strict":true,"parameters":
      {"properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}},
      {"type":"function","function":{"name":"any","parameters":{"properties":{"a":{"type":"integer"}}}}}])";
  const auto call = [](const char* name, const char* arguments) {
    return fmt::format("<tool_call>\n{{\"name\": \"{}\", \"arguments\": {}}}\n</tool_call>", name, arguments);
  };
  for (const Tokenizer* tokenizer : {&plain_tokenizer(), &marked_tokenizer()}) {
    const auto fits = [&](const std::string& text) { return allows(strict, CallForm::hermes, text, *tokenizer); };
    EXPECT_TRUE(fits(""));
    EXPECT_TRUE(fits("a <<tool <tool_calm> ü \n< <tool_cal<tool_call"));
    EXPECT_TRUE(fits("Well.\n" + call("add", "{\"a\": 1}") + "\n" + call("any", "{\"b\": []}")));
    EXPECT_FALSE(fits(call("add", "{\"b\": 1}")));
    EXPECT_FALSE(fits("<tool_call>no call</tool_call>"));
    EXPECT_FALSE(fits("<<tool<tool_call>x"));
    EXPECT_FALSE(fits(call("add", "{\"a\": 1}") + " and more"));
  }
  EXPECT_TRUE(allows(strict, CallForm::llama, " so {\"name\": 1}", plain_tokenizer()));
  EXPECT_FALSE(allows(strict, CallForm::llama, " {\"name\": 1}", plain_tokenizer()));
  EXPECT_TRUE(allows(strict, CallForm::llama, "{\"name\": \"add\", \"parameters\": {\"a\": 1}}", plain_tokenizer()));
}

TEST(ToolGrammar, AnAnswerInAFormMayBeACallInstead) {
  const Grammar object = json_object_grammar();
  const std::string tools = kTools;
  EXPECT_TRUE(allows(tools, CallForm::hermes, "{\"x\": 1}", plain_tokenizer(), object));
  EXPECT_TRUE(allows(tools, CallForm::hermes, "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>",
                     plain_tokenizer(), object));
  EXPECT_FALSE(allows(tools, CallForm::hermes, "text", plain_tokenizer(), object));
}

TEST(ToolGrammar, WhatIsFreeStaysFreeAndWhatCannotBeForcedIsRefusedByName) {
  EXPECT_FALSE(grammar_of(kTools, CallForm::hermes, plain_tokenizer()).value());
  EXPECT_FALSE(grammar_of(kTools, CallForm::unknown, plain_tokenizer()).value());
  const auto tool = [](const char* schema) {
    return fmt::format(R"("tool_choice":"required","tools":[{{"type":"function","function":{{"name":"f",
                       "parameters":{}}}}}])",
                       schema);
  };
  const struct {
    std::string body;
    CallForm form;
    const char* message;
  } cases[] = {
      {tool(R"({"properties":{"a":{"not":{}}}})"), CallForm::hermes,
       "tools[0].function.parameters: #/properties/a: the keyword not is not supported"},
      {tool(R"({"type":"string"})"), CallForm::hermes, "the schema allows more than objects"},
      {tool(R"({"anyOf":[{"type":"object"},{"type":"null"}]})"), CallForm::hermes, "allows more than objects"},
      {tool("{}"), CallForm::unknown, "tool_choice: the chat template of this model"},
  };
  for (const auto& c : cases) {
    const auto refused = grammar_of(c.body, c.form, plain_tokenizer());
    ASSERT_FALSE(refused) << c.body;
    EXPECT_NE(refused.error().message.find(c.message), std::string::npos) << refused.error().message;
  }
  EXPECT_TRUE(
      grammar_of(tool(R"({"$ref":"#/$defs/o","$defs":{"o":{"type":"object"}}})"), CallForm::hermes, plain_tokenizer()));
  EXPECT_FALSE(grammar_of(tool("{}"), CallForm::hermes, plain_tokenizer(), json_object_grammar()));
}

}  // namespace
}  // namespace r1
