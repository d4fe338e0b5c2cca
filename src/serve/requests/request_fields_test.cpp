// The fields of a request, one by one, from the tables that the server itself checks them with.
#include <gtest/gtest.h>

#include "serve/requests/generation_fields.hpp"
#include "serve/requests/think_fields.hpp"
#include "serve/requests/tool_fields.hpp"

namespace r1 {
namespace {

Json json(std::string_view text) {
  auto parsed = parse_json(text, "test");
  R1_CHECK(parsed, "{}", parsed ? "" : parsed.error().what);
  return std::move(*parsed);
}

std::vector<FieldRule> all_rules() {
  std::vector<FieldRule> rules;
  for (const auto table : {generation_rules(), think_rules()}) rules.insert(rules.end(), table.begin(), table.end());
  return rules;
}

ApiStatus read_all(const Json& body) {
  R1_TRY(read_generation_fields(body));
  R1_TRY(read_think_fields(body, {}));
  return {};
}

// Values that a field of this kind does not take.
std::vector<Json> wrong_values(const FieldRule& rule) {
  const Json text("1"), truth(true), array(Json::Array{}), object(Json::Object{}), number(0.5), integer(1);
  const double beyond = std::max(1.0, std::abs(rule.high) * 1e-3);
  switch (rule.kind) {
    case JsonKind::boolean: return {text, integer, number, array, object};
    case JsonKind::integer:
      if (rule.high > 9e18) return {text, truth, number, array, object, Json(1e30)};
      return {text,       truth,
              number,     array,
              object,     Json(static_cast<i64>(rule.low) - 1),
              Json(1e30), Json(static_cast<i64>(rule.high) + 1)};
    case JsonKind::number: {
      std::vector<Json> values{text,       truth, array, object, Json(rule.low - 0.001), Json(rule.high + beyond),
                               Json(1e300)};
      if (rule.without_low) values.push_back(Json(rule.low));
      return values;
    }
    case JsonKind::text: {
      std::vector<Json> values{integer, truth, array, object};
      if (rule.high > 0) values.push_back(std::string(static_cast<size_t>(rule.high) + 1, 'a'));
      return values;
    }
    case JsonKind::object: return {text, integer, truth, array};
    case JsonKind::array: return {text, integer, truth, object};
    case JsonKind::text_or_array: return {integer, truth, object};
    case JsonKind::refused: return {text, integer, truth, array, object};
  }
  return {};
}

TEST(RequestFields, EveryFieldRefusesWhatItDoesNotTakeAndNamesItself) {
  size_t refused = 0;
  for (const FieldRule& rule : all_rules())
    for (const Json& value : wrong_values(rule)) {
      Json body = Json::Object{};
      body.set(rule.name, value);
      const ApiStatus read = read_all(body);
      ASSERT_FALSE(read) << dump(body).substr(0, 200);
      EXPECT_EQ(read.error().status, 400);
      EXPECT_EQ(read.error().param, rule.name);
      EXPECT_NE(read.error().message.find(rule.name), std::string::npos) << read.error().message;
      EXPECT_LT(read.error().message.size(), 300u);
      ++refused;
    }
  EXPECT_GT(refused, 100u);
}

TEST(RequestFields, NullMeansAbsentAndUnknownFieldsAreIgnored) {
  Json body = Json::Object{};
  for (const FieldRule& rule : all_rules()) body.set(rule.name, Json());
  body.set("service_tier", "auto");
  body.set("metadata", Json(Json::Object{}));
  EXPECT_TRUE(read_all(body));
}

TEST(RequestFields, TheLimitsThemselvesAreTaken) {
  for (const FieldRule& rule : all_rules()) {
    if (rule.kind != JsonKind::integer && rule.kind != JsonKind::number) continue;
    for (const double limit : {rule.low, rule.high}) {
      if (std::abs(limit) > 9e18 || (rule.without_low && limit == rule.low)) continue;
      Json body = Json::Object{};
      body.set(rule.name, rule.kind == JsonKind::integer ? Json(static_cast<i64>(limit)) : Json(limit));
      EXPECT_TRUE(read_all(body)) << dump(body);
    }
  }
}

TEST(RequestFields, ValuesArriveWhereTheyBelong) {
  const auto f = read_generation_fields(json(
      R"({"model":"m","temperature":0.25,"top_p":0.5,"top_k":7,"min_p":0.125,"repetition_penalty":1.5,"seed":-3,"n":2,
          "max_tokens":9,"max_completion_tokens":8,"stop":["a","b"],"stream":true,"ignore_eos":true,
          "stream_options":{"include_usage":true},
          "logit_bias":{"5":-100,"6":2.5},"presence_penalty":1,"frequency_penalty":-1,"user":"u","cache_salt":"s"})"));
  ASSERT_TRUE(f);
  EXPECT_EQ(f->model, "m");
  EXPECT_EQ(f->sampling.temperature, 0.25);
  EXPECT_EQ(f->sampling.top_p, 0.5);
  EXPECT_EQ(f->sampling.top_k, 7);
  EXPECT_EQ(f->sampling.min_p, 0.125);
  EXPECT_EQ(f->sampling.repetition_penalty, 1.5);
  EXPECT_EQ(f->sampling.seed, static_cast<u64>(-3));
  EXPECT_EQ(f->samples, 2);
  EXPECT_EQ(f->max_tokens, 8);
  EXPECT_EQ(f->stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(f->stream && f->include_usage && f->ignore_eos);
  EXPECT_EQ(f->logit_bias, (std::vector<std::pair<i32, float>>{{5, -100}, {6, 2.5f}}));
  EXPECT_EQ(f->presence_penalty, 1);
  EXPECT_EQ(f->frequency_penalty, -1);
  EXPECT_EQ(f->cache_salt, "s");
  EXPECT_EQ(read_generation_fields(json(R"({"stop":"x"})"))->stop, std::vector<std::string>{"x"});
}

TEST(RequestFields, ListsAndMapsAreCheckedInside) {
  struct Case {
    const char *body, *word;
  };
  for (const auto& [body, word] : {
           Case{R"({"stop":["a",""]})", "stop[1]"},
           Case{R"({"stop":["a",3]})", "stop[1]"},
           Case{R"({"stop":""})", "stop"},
           Case{R"({"stop":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]})", "17"},
           Case{R"({"logit_bias":{"x":1}})", "logit_bias"},
           Case{R"({"logit_bias":{"-1":1}})", "logit_bias"},
           Case{R"({"logit_bias":{"99999999999":1}})", "logit_bias"},
           Case{R"({"logit_bias":{"1":101}})", "101"},
           Case{R"({"logit_bias":{"1":"2"}})", "logit_bias.1"},
           Case{R"({"stream_options":{}})", "stream"},
           Case{R"({"resumable":true})", "stream"},
           Case{R"({"stream":true,"stream_options":{"include_usage":1}})", "stream_options.include_usage"},
           Case{R"({"thinking":{"type":"maybe"}})", "maybe"},
           Case{R"({"thinking":{"budget_tokens":-2}})", "thinking.budget_tokens"},
           Case{R"({"reasoning_effort":"extreme"})", "extreme"},
           Case{R"({"chat_template_kwargs":{"enable_thinking":1}})", "chat_template_kwargs.enable_thinking"},
           Case{R"({"chat_template_kwargs":{"chat_template":"x"}})", "chat_template"},
       }) {
    const ApiStatus read = read_all(json(body));
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().status, 400);
    EXPECT_NE(read.error().message.find(word), std::string::npos) << body << ": " << read.error().message;
  }
}

TEST(ThinkFields, TheOneThatGoesFirstDecides) {
  struct Case {
    const char* body;
    std::optional<bool> server, on;
    std::optional<i64> budget;
  };
  for (const Case& c : {
           Case{"{}", {}, {}, {}},
           Case{"{}", false, false, {}},
           Case{R"({"chat_template_kwargs":{"enable_thinking":true}})", false, true, {}},
           Case{R"({"chat_template_kwargs":{"thinking":false}})", true, false, {}},
           Case{R"({"chat_template_kwargs":{"enable_thinking":true},"reasoning_effort":"none"})", {}, false, {}},
           Case{R"({"thinking":{"type":"enabled"},"reasoning_effort":"none"})", {}, true, {}},
           Case{R"({"thinking":{"type":"disabled"},"reasoning_effort":"high"})", {}, false, {}},
           Case{R"({"reasoning_effort":"low"})", {}, true, 2048},
           Case{R"({"reasoning_effort":"low","thinking_token_budget":7})", {}, true, 7},
           Case{R"({"thinking":{"type":"enabled","budget_tokens":5},"thinking_token_budget":7})", {}, true, 5},
           Case{R"({"thinking_budget_tokens":-1})", {}, {}, {}},
           Case{R"({"thinking_budget_tokens":0})", {}, false, 0},
       }) {
    const auto read = read_think_fields(json(c.body), c.server);
    ASSERT_TRUE(read) << c.body;
    EXPECT_EQ(read->on, c.on) << c.body;
    EXPECT_EQ(read->budget, c.budget) << c.body;
  }
}

TEST(ToolFields, FunctionsAreNamedOnceAndOnlyOnRequest) {
  constexpr const char* kAdd = R"("tools":[{"type":"function","function":{"name":"add","parameters":{}}}])";
  const auto tools = read_tool_fields(json(fmt::format("{{{}}}", kAdd)));
  ASSERT_TRUE(tools);
  EXPECT_EQ(tools->names(), std::vector<std::string>{"add"});
  EXPECT_FALSE(tools->must_call || tools->one_call);
  EXPECT_TRUE(tools->tools.array());
  const auto none = read_tool_fields(json(fmt::format(R"({{{},"tool_choice":"none"}})", kAdd)));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->functions.empty() && none->tools.is_null());
  const auto forced = read_tool_fields(
      json(fmt::format(R"({{{},"tool_choice":{{"type":"function","function":{{"name":"add"}}}}}})", kAdd)));
  ASSERT_TRUE(forced);
  EXPECT_TRUE(forced->must_call && forced->one_call);
  const auto required = read_tool_fields(json(fmt::format(R"({{{},"tool_choice":"required"}})", kAdd)));
  ASSERT_TRUE(required);
  EXPECT_TRUE(required->must_call && !required->one_call);
  for (const char* body : {
           R"({"tools":3})",
           R"({"tools":[3]})",
           R"({"tools":[{"type":"web_search"}]})",
           R"({"tools":[{"type":"function"}]})",
           R"({"tools":[{"type":"function","function":{"name":"a b"}}]})",
           R"({"tools":[{"type":"function","function":{"name":"a","parameters":3}}]})",
           R"({"tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"a"}}]})",
           R"({"tool_choice":"required"})",
           R"({"tool_choice":3})",
           R"({"tools":[{"type":"function","function":{"name":"a","strict":1}}]})",
           R"({"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":"all"})",
           R"({"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":{"type":"function"}})",
           R"({"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":
               {"type":"function","function":{"name":"b"}}})",
           R"({"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":
               {"type":"allowed_tools","allowed_tools":{"mode":"any","tools":[]}}})",
       }) {
    const auto refused = read_tool_fields(json(body));
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().status, 400);
    EXPECT_NE(refused.error().message.find("tool"), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace r1
