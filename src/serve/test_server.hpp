// For tests: the whole server with the model that ships, over loopback.
#pragma once
#include "core/threads/thread_pool.hpp"
#include "serve/api.hpp"
#include "serve/http_server.hpp"
#include "serve/test_client.hpp"

namespace r1 {

struct ModelServer {
  ModelServer(ServedModel::Names names, const EngineHostOptions& host, ApiOptions options)
      : pool(2), api(local(std::move(options)), keys) {
    auto session = Session::open(std::filesystem::path(R1_SOURCE_DIR) / "models/nano", pool, {.max_sequences = 4});
    R1_CHECK(session, "{}", session ? "" : session.error().what);
    model = std::make_unique<ServedModel>(std::move(names), std::move(*session), host);
    api.set_model(model.get());
    HttpOptions http;
    http.port = 0;
    auto started = HttpServer::start(http, api);
    R1_CHECK(started, "{}", started ? "" : started.error().what);
    server = std::move(*started);
  }
  ~ModelServer() { api.end_streams(); }

  static ApiOptions local(ApiOptions options) {
    options.access.bound_address = "127.0.0.1";
    options.log = LogFormat::none;
    return options;
  }
  TestAnswer ask(std::string_view bytes) const {
    TestClient client(server->port());
    client.send(bytes);
    return client.read();
  }

  ThreadPool pool;
  ApiKeys keys;
  Api api;
  std::unique_ptr<ServedModel> model;  // goes before the API, which counts the ends of its requests
  std::unique_ptr<HttpServer> server;
};

// One for all tests of a program, because reading the model takes longer than most of them.
inline ModelServer& model_server() {
  static ModelServer instance({"nano"}, {}, {});
  return instance;
}

// The member of that name, or its member; null if there is none.
inline Json member_at(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* value = &json;
  for (const std::string_view step : path) {
    const bool is_index = step.size() == 1 && step[0] >= '0' && step[0] <= '9';
    const size_t index = static_cast<size_t>(step[0] - '0');
    if (!is_index) value = value->find(step);
    else value = value->array() && value->array()->size() > index ? &(*value->array())[index] : nullptr;
    if (!value) return {};
  }
  return *value;
}
inline Json json_of(const TestAnswer& answer) {
  auto parsed = parse_json(answer.body, "answer");
  EXPECT_TRUE(parsed) << answer.body;
  return parsed ? std::move(*parsed) : Json();
}

}  // namespace r1
