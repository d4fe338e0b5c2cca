// For tests: the whole server with the model that ships, over loopback.
#pragma once
#include "core/threads/thread_pool.hpp"
#include "serve/api.hpp"
#include "serve/http_server.hpp"
#include "serve/test_client.hpp"

namespace r1 {

// Waits until the model is loaded.
inline ServedModels::Lease loaded_model(ServedModels& models, i64 index = 0) {
  const auto claim = models.claim(index, [] {});
  R1_CHECK(claim, "too many claims");
  for (;;) {
    ServedModels::Seen seen = models.look(*claim);
    R1_CHECK(!seen.failure, "{}", seen.failure ? seen.failure->what : "");
    if (seen.model) return std::move(seen.model);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

struct ModelServer {
  ModelServer(std::vector<ServedModels::Entry> entries, const ServedModels::Options& options, ApiOptions api_options)
      : pool(2), api(local(std::move(api_options)), keys), models(std::move(entries), pool, options) {
    model = loaded_model(models);
    api.set_models(&models);
    HttpOptions http;
    http.port = 0;
    auto started = HttpServer::start(http, api);
    R1_CHECK(started, "{}", started ? "" : started.error().what);
    server = std::move(*started);
  }
  // With the model that ships alone.
  ModelServer(ServedModel::Names names, const EngineHostOptions& host, ApiOptions api_options)
      : ModelServer(std::vector<ServedModels::Entry>{{std::move(names), nano()}},
                    ServedModels::Options{.session = {.max_sequences = 4}, .host = host}, std::move(api_options)) {}
  ~ModelServer() { api.end_streams(); }

  static std::filesystem::path nano() { return std::filesystem::path(R1_SOURCE_DIR) / "models/nano"; }
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
  ServedModels models;        // go before the API, which counts the ends of their requests
  ServedModels::Lease model;  // the first
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
