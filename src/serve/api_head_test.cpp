// What the head of a request alone decides, without a server.
#include <gtest/gtest.h>

#include "serve/api.hpp"

namespace r1 {
namespace {

int refusal_of(Api& api, std::string_view method, std::string_view path, HttpFields fields) {
  HttpRequest head;
  head.id = "id", head.method = method, head.path = path, head.fields = std::move(fields);
  head.fields.emplace_back("host", "localhost");
  head.fields.emplace_back("content-type", "application/json; charset=utf-8");
  const auto reply = api.refuse(head);
  return reply ? reply->next().head->status : 0;
}

TEST(Api, EverythingButHealthNeedsTheKey) {
  ApiKeys keys;
  ASSERT_TRUE(keys.load({}, "secret"));
  ApiOptions options;
  options.log = LogFormat::none;
  options.metrics = true;
  Api api(options, keys);
  for (const auto& [method, path] :
       std::initializer_list<std::pair<const char*, const char*>>{{"POST", "/v1/chat/completions"},
                                                                  {"POST", "/completions"},
                                                                  {"POST", "/tokenize"},
                                                                  {"POST", "/detokenize"},
                                                                  {"POST", "/apply-template"},
                                                                  {"GET", "/v1/models"},
                                                                  {"GET", "/models/nano"},
                                                                  {"GET", "/props"},
                                                                  {"GET", "/metrics"},
                                                                  {"GET", "/v1/streams/0123"},
                                                                  {"DELETE", "/v1/streams/0123"},
                                                                  {"POST", "/v1/streams/0123/cancel"},
                                                                  {"POST", "/v1/chat/completions/control"},
                                                                  {"POST", "/v1/responses"},
                                                                  {"POST", "/v1/embeddings"}}) {
    EXPECT_EQ(refusal_of(api, method, path, {}), 401) << path;
    EXPECT_EQ(refusal_of(api, method, path, {{"authorization", "Bearer wrong"}}), 401) << path;
    EXPECT_EQ(refusal_of(api, method, path, {{"authorization", "Bearer secret"}}), 503) << path << ": no model yet";
    EXPECT_EQ(refusal_of(api, method, path, {{"x-api-key", "secret"}}), 503) << path;
  }
  EXPECT_EQ(refusal_of(api, "GET", "/health", {}), 503);
  EXPECT_EQ(refusal_of(api, "OPTIONS", "/v1/chat/completions", {}), 204);
}

TEST(Api, MetricsAreThereOnRequestOnly) {
  const ApiKeys keys;
  Api api({}, keys);
  EXPECT_EQ(refusal_of(api, "GET", "/metrics", {}), 404);
}

TEST(Api, AServerThatEndsTakesNoNewWork) {
  const ApiKeys keys;
  Api api({}, keys);
  api.drain();
  EXPECT_EQ(refusal_of(api, "POST", "/v1/chat/completions", {}), 503);
  EXPECT_EQ(refusal_of(api, "GET", "/health", {}), 503);
}

}  // namespace
}  // namespace r1
