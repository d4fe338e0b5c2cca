// Answers in a given form from the model that ships, over loopback.
#include <gtest/gtest.h>

#include "serve/test_server.hpp"

namespace r1 {
namespace {

Json post_json(std::string_view path, const Json& body) {
  return json_of(model_server().ask(post_text(path, dump(body))));
}

Json chat_body(std::initializer_list<Json::Member> more) {
  Json body =
      Json::object({{"messages", Json::array({Json::object({{"role", "user"}, {"content", "What is 3 + 4?"}})})},
                    {"seed", 5},
                    {"max_tokens", 400}});
  for (const auto& [name, value] : more) body.set(name, value);
  return body;
}

// The text of an answer, and how it ended; the error's message if there is one.
std::pair<std::string, std::string> answer_of(const Json& reply) {
  if (const Json* error = reply.find("error")) return {dump(*error), "error"};
  const Json* const choices = reply.find("choices");
  if (!choices) return {dump(reply), ""};
  const Json& choice = (*choices->array())[0];
  const Json* const message = choice.find("message");
  return {*(message ? message->find("content") : choice.find("text"))->string(),
          *choice.find("finish_reason")->string()};
}

Json schema_format(std::string_view schema) {
  return Json::object({{"type", "json_schema"},
                       {"json_schema", Json::object({{"name", "x"}, {"schema", *parse_json(schema, "schema")}})}});
}

TEST(StructuredOutput, AnAnswerFitsTheSchemaAndIsTheSameAgain) {
  const Json body = chat_body({{"response_format", schema_format(R"({"type": "object",
      "properties": {"result": {"type": "integer", "minimum": 0, "maximum": 99}, "sure": {"type": "boolean"}},
      "required": ["result", "sure"], "additionalProperties": false})")}});
  const auto [text, finish] = answer_of(post_json("/v1/chat/completions", body));
  ASSERT_EQ(finish, "stop") << text;
  const auto json = parse_json(text, "answer");
  ASSERT_TRUE(json) << text;
  ASSERT_TRUE(json->find("result") && json->find("result")->integer()) << text;
  EXPECT_LE(*json->find("result")->integer(), 99);
  EXPECT_TRUE(json->find("sure") && json->find("sure")->boolean()) << text;
  EXPECT_EQ(answer_of(post_json("/v1/chat/completions", body)).first, text);
}

TEST(StructuredOutput, GrammarsAndExpressionsRestrictChatsAndTexts) {
  const auto chat = answer_of(post_json("/v1/chat/completions", chat_body({{"grammar", "root ::= \"yes\" | \"no\""}})));
  EXPECT_TRUE(chat.first == "yes" || chat.first == "no") << chat.first;
  const auto text = answer_of(post_json(
      "/v1/completions", Json::object({{"prompt", "3 + 4 ="}, {"guided_regex", " [0-9]{2}"}, {"max_tokens", 20}})));
  EXPECT_EQ(text.second, "stop") << text.first;
  ASSERT_EQ(text.first.size(), 3u) << text.first;
  EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(text.first[1]))) << text.first;
}

TEST(StructuredOutput, OllamasFormatDoesToo) {
  Json body = chat_body({{"stream", false}, {"format", *parse_json(R"({"enum": ["seven", "eight"]})", "schema")}});
  const Json reply = post_json("/api/chat", body);
  const Json* const message = reply.find("message");
  ASSERT_TRUE(message && message->find("content")) << dump(reply);
  const std::string text = *message->find("content")->string();
  EXPECT_TRUE(text == "\"seven\"" || text == "\"eight\"") << text;
}

const char* const kAddParameters = R"({"type": "object", "properties": {"a": {"type": "integer", "maximum": 99},
    "b": {"type": "integer", "maximum": 99}}, "required": ["a", "b"], "additionalProperties": false})";

Json add_function() { return Json::object({{"name", "add"}, {"parameters", *parse_json(kAddParameters, "schema")}}); }

void expect_arguments(const Json& arguments) {
  ASSERT_TRUE(arguments.object()) << dump(arguments);
  EXPECT_EQ(arguments.object()->size(), 2u) << dump(arguments);
  for (const char* name : {"a", "b"})
    EXPECT_TRUE(arguments.find(name) && arguments.find(name)->integer()) << dump(arguments);
}

TEST(StructuredOutput, ACallThatIsForcedComes) {
  const Json tools = Json::array({Json::object({{"type", "function"}, {"function", add_function()}})});
  const Json named = Json::object({{"type", "function"}, {"function", Json::object({{"name", "add"}})}});
  for (const Json& choice : {Json("required"), named}) {
    const Json reply = post_json(
        "/v1/chat/completions", chat_body({{"tools", tools}, {"tool_choice", choice}, {"parallel_tool_calls", false}}));
    EXPECT_EQ(member_at(reply, {"choices", "0", "finish_reason"}), Json("tool_calls")) << dump(reply);
    const Json message = member_at(reply, {"choices", "0", "message"});
    EXPECT_TRUE(message.find("content") && message.find("content")->is_null()) << dump(reply);
    EXPECT_TRUE(message.find("reasoning_content")) << "the thinking is free";
    ASSERT_EQ(member_at(message, {"tool_calls"}).array()->size(), 1u) << dump(reply);
    EXPECT_EQ(member_at(message, {"tool_calls", "0", "function", "name"}), Json("add"));
    const Json arguments = member_at(message, {"tool_calls", "0", "function", "arguments"});
    ASSERT_TRUE(arguments.string()) << dump(reply);
    expect_arguments(*parse_json(*arguments.string(), "arguments"));
  }
}

TEST(StructuredOutput, TheOtherDialectsForceCallsToo) {
  Json flat = add_function();
  flat.set("type", "function");
  const Json response = post_json(
      "/v1/responses", Json::object({{"input", "What is 3 + 4?"},
                                     {"tools", Json::array({flat})},
                                     {"tool_choice", Json::object({{"type", "function"}, {"name", "add"}})}}));
  const Json output = member_at(response, {"output"});
  ASSERT_TRUE(output.array() && !output.array()->empty()) << dump(response);
  const Json& call = output.array()->back();
  EXPECT_EQ(member_at(call, {"type"}), Json("function_call")) << dump(response);
  ASSERT_TRUE(member_at(call, {"arguments"}).string()) << dump(response);
  expect_arguments(*parse_json(*member_at(call, {"arguments"}).string(), "arguments"));

  const Json add = Json::object({{"name", "add"}, {"input_schema", *parse_json(kAddParameters, "schema")}});
  const Json message =
      post_json("/v1/messages",
                chat_body({{"seed", 5},
                           {"tools", Json::array({add})},
                           {"tool_choice", Json::object({{"type", "any"}, {"disable_parallel_tool_use", true}})}}));
  EXPECT_EQ(member_at(message, {"stop_reason"}), Json("tool_use")) << dump(message);
  const Json content = member_at(message, {"content"});
  ASSERT_TRUE(content.array() && !content.array()->empty()) << dump(message);
  expect_arguments(member_at(content.array()->back(), {"input"}));
}

TEST(StructuredOutput, WhatCannotBeUsedIsRefusedByNameAndPlace) {
  const struct {
    const char* field;
    Json value;
    const char* message;
  } cases[] = {
      {"response_format", Json::object({{"type", "xml"}}), "known: text, json_object, json_schema"},
      {"response_format", Json::object({{"type", "json_schema"}}), "schema: missing"},
      {"response_format", schema_format(R"({"properties": {"a": {"not": {}}}})"),
       "#/properties/a: the keyword not is not supported"},
      {"grammar", "root ::= x", "uses the rule x, but does not define it"},
      {"guided_regex", "(", "expected )"},
      {"guided_regex", 3, "guided_regex: 3"},
      {"tool_choice", "required", "there are no tools"},
  };
  for (const auto& c : cases) {
    const auto [text, finish] = answer_of(post_json("/v1/chat/completions", chat_body({{c.field, c.value}})));
    EXPECT_EQ(finish, "error") << c.field;
    EXPECT_NE(text.find(c.message), std::string::npos) << text;
  }
  const Json format = Json::object({{"type", "json_schema"}, {"schema", Json::object({{"not", true}})}});
  const Json responses =
      post_json("/v1/responses", Json::object({{"input", "hello"}, {"text", Json::object({{"format", format}})}}));
  EXPECT_EQ(member_at(responses, {"error", "param"}), Json("text.format.schema")) << dump(responses);
  // Where each dialect has the fields of a function.
  const Json schema = *parse_json(R"({"properties": {"a": {"not": {}}}})", "schema");
  const Json open = Json::object({{"name", "f"}, {"parameters", schema}});
  Json flat = open;
  flat.set("type", "function");
  const Json anthropic = Json::object({{"name", "f"}, {"input_schema", schema}});
  const auto named = [](const char* name) { return Json::object({{"type", "function"}, {"name", name}}); };
  const struct {
    const char* path;
    Json body;
    const char* message;
  } tools[] = {
      {"/v1/chat/completions",
       chat_body({{"tools", Json::array({Json::object({{"type", "function"}, {"function", open}})})},
                  {"tool_choice", "required"}}),
       "tools[0].function.parameters: #/properties/a"},
      {"/v1/responses", Json::object({{"input", ""}, {"tools", Json::array({flat})}, {"tool_choice", named("f")}}),
       "tools[0].parameters: #/properties/a"},
      {"/v1/responses", Json::object({{"input", ""}, {"tools", Json::array({flat})}, {"tool_choice", named("g")}}),
       "tool_choice.name: \"g\" is none"},
      {"/v1/messages",
       chat_body({{"tools", Json::array({anthropic})}, {"tool_choice", Json::object({{"type", "any"}})}}),
       "tools[0].input_schema: #/properties/a"},
      {"/v1/messages", chat_body({{"tools", Json::array({Json::object({{"name", "a b"}})})}}), "tools[0].name: "},
  };
  for (const auto& c : tools) {
    const Json message = member_at(post_json(c.path, c.body), {"error", "message"});
    ASSERT_TRUE(message.string()) << c.message;
    EXPECT_EQ(message.string()->find(c.message), 0u) << *message.string();
  }
  EXPECT_TRUE(post_json("/v1/messages/count_tokens", tools[3].body).find("input_tokens")) << "no grammar is compiled";
  const auto endless = answer_of(post_json("/v1/chat/completions", chat_body({{"grammar", "root ::= \"a\" root"}})));
  EXPECT_NE(endless.first.find("grammar: rule root: it can never end"), std::string::npos) << endless.first;
  const auto two =
      answer_of(post_json("/v1/chat/completions", chat_body({{"grammar", "root ::= \"a\""}, {"guided_regex", "a"}})));
  EXPECT_NE(two.first.find("only one of them"), std::string::npos) << two.first;
}

}  // namespace
}  // namespace r1
