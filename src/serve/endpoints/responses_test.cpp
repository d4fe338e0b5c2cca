// Answers of other kinds than OpenAI's chat: responses, majorities, gaps in a text.
#include "serve/test_server.hpp"

namespace r1 {
namespace {

Json posted(std::string_view path, std::string_view body) { return json_of(model_server().ask(post_text(path, body))); }
std::string string_at(const Json& json, std::initializer_list<std::string_view> path) {
  const Json value = member_at(json, path);
  return value.string() ? *value.string() : "";
}

TEST(Responses, AreTheAnswersOfAChatInAnotherForm) {
  const Json chat =
      posted("/v1/chat/completions", R"({"temperature":0,"messages":[{"role":"user","content":"What is 3 + 4?"}]})");
  const Json response = posted("/v1/responses", R"({"temperature":0,"input":"What is 3 + 4?"})");
  EXPECT_EQ(string_at(response, {"object"}), "response");
  EXPECT_EQ(string_at(response, {"status"}), "completed");
  EXPECT_EQ(string_at(response, {"output", "0", "type"}), "reasoning");
  EXPECT_EQ(string_at(response, {"output", "0", "content", "0", "text"}),
            string_at(chat, {"choices", "0", "message", "reasoning_content"}));
  EXPECT_EQ(string_at(response, {"output", "1", "role"}), "assistant");
  EXPECT_EQ(string_at(response, {"output", "1", "content", "0", "text"}),
            string_at(chat, {"choices", "0", "message", "content"}));
  EXPECT_EQ(member_at(response, {"usage", "total_tokens"}), member_at(chat, {"usage", "total_tokens"}));
}

TEST(Responses, AStreamNumbersItsEventsAndEndsWithTheWholeResponse) {
  const std::string body = R"({"temperature":0,"input":[{"role":"user","content":[{"type":"input_text",)"
                           R"("text":"What is 3 + 4?"}]}])";
  const Json whole = posted("/v1/responses", body + "}");
  const TestAnswer stream = model_server().ask(post_text("/v1/responses", body + R"(,"stream":true})"));
  std::vector<std::string> types;
  std::string deltas;
  Json last;
  for (size_t at = 0; at < stream.body.size();) {
    const size_t data = stream.body.find("\ndata: ", at), end = stream.body.find("\n\n", at);
    ASSERT_LT(data, end);
    const std::string type = stream.body.substr(at + 7, data - at - 7);
    last = *parse_json(stream.body.substr(data + 7, end - data - 7), "event");
    EXPECT_EQ(string_at(last, {"type"}), type);
    EXPECT_EQ(member_at(last, {"sequence_number"}), Json(std::ssize(types)));
    if (type == "response.output_text.delta") deltas += string_at(last, {"delta"});
    types.push_back(type);
    at = end + 2;
  }
  EXPECT_EQ(deltas, string_at(whole, {"output", "1", "content", "0", "text"}));
  types.erase(std::unique(types.begin(), types.end()), types.end());
  EXPECT_EQ(types, (std::vector<std::string>{
                       "response.created", "response.in_progress", "response.output_item.added",
                       "response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done",
                       "response.content_part.done", "response.output_item.done", "response.output_item.added",
                       "response.content_part.added", "response.output_text.delta", "response.output_text.done",
                       "response.content_part.done", "response.output_item.done", "response.completed"}));
  const Json output = member_at(last, {"response", "output"});
  EXPECT_EQ(string_at(output, {"1", "content", "0", "text"}), deltas);
}

TEST(Responses, AnAnswerThatIsCutOffIsIncomplete) {
  const Json response = posted("/v1/responses", R"({"max_output_tokens":3,"input":"What is 3 + 4?"})");
  EXPECT_EQ(string_at(response, {"status"}), "incomplete");
  EXPECT_EQ(string_at(response, {"incomplete_details", "reason"}), "max_output_tokens");
  EXPECT_EQ(string_at(response, {"output", "0", "status"}), "incomplete");
}

TEST(Responses, EarlierTurnsOfEveryKindAreRead) {
  const Json input = posted("/v1/responses", R"({"max_output_tokens":1,"instructions":"be brief","input":[
    {"type":"message","role":"user","content":"add 1 and 2"},
    {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
    {"type":"function_call","call_id":"c1","name":"add","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":"3"},
    {"type":"message","role":"assistant","content":[{"type":"output_text","text":"3"}]},
    {"role":"user","content":"and now?"}]})");
  EXPECT_EQ(string_at(input, {"error", "message"}).find("input["), std::string::npos) << dump(input);
  for (const auto& [body, param] : std::initializer_list<std::pair<const char*, const char*>>{
           {"{}", "input"},
           {R"({"input":"a","previous_response_id":"resp_1"})", "previous_response_id"},
           {R"({"input":"a","background":true})", "background"},
           {R"({"input":"a","truncation":"auto"})", "truncation"},
           {R"({"input":"a","text":{"format":"json_object"}})", "text.format"},
           {R"({"input":[{"type":"web_search_call"}]})", "input[0].type"},
           {R"({"input":[{"role":"user","content":[{"type":"input_image"}]}]})", "input[0]"}})
    EXPECT_EQ(string_at(posted("/v1/responses", body), {"error", "param"}), param) << body;
}

TEST(Votes, TheMajorityIsTheAnswerAndEveryVoteIsThere) {
  const Json answer =
      posted("/v1/chat/completions", R"({"votes":4,"seed":1,"messages":[{"role":"user","content":"What is 3 + 4?"}]})");
  const Json cast = member_at(answer, {"votes", "cast"});
  ASSERT_TRUE(cast.array()) << dump(answer);
  ASSERT_EQ(cast.array()->size(), 4u);
  const Json winner = member_at(answer, {"votes", "winner"});
  ASSERT_TRUE(winner.integer());
  const Json& won = (*cast.array())[static_cast<size_t>(*winner.integer())];
  EXPECT_EQ(member_at(answer, {"choices", "0", "message"}), member_at(won, {"message"}));
  i64 agreeing = 0;
  for (const Json& vote : *cast.array()) agreeing += member_at(vote, {"group"}) == winner;
  EXPECT_EQ(member_at(answer, {"votes", "agreeing"}), Json(agreeing));
  EXPECT_EQ(member_at(answer, {"choices"}).array()->size(), 1u);
  for (const char* more : {R"("n":2)", R"("stream":true)", R"("votes":65)", R"("tools":{})", R"("logprobs":true)"})
    EXPECT_EQ(model_server()
                  .ask(post_text("/v1/chat/completions",
                                 fmt::format(R"({{"votes":2,{},"messages":[{{"role":"user","content":"a"}}]}})", more)))
                  .status,
              400)
        << more;
}

TEST(Suffix, AModelWithoutTheTokensForItRefusesIt) {
  const Json refused = posted("/v1/completions", R"({"prompt":"a","suffix":"b"})");
  EXPECT_EQ(string_at(refused, {"error", "code"}), "not_supported");
  EXPECT_EQ(string_at(refused, {"error", "param"}), "suffix");
}

}  // namespace
}  // namespace r1
