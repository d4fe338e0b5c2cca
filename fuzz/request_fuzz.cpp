// Fuzzes requests of the HTTP API. The first line of the input is the path, the rest the body; the server reads it as
// far as an answer of the model that ships, which is cancelled at once.
#include <filesystem>
#include <string_view>

#include "core/threads/thread_pool.hpp"
#include "serve/api.hpp"
#include "serve/http.hpp"

namespace {

struct Server {
  Server() : pool(1), api(quiet(), keys) {
    auto session = r1::Session::open(std::filesystem::path(R1_SOURCE_DIR) / "models/nano", pool, {.max_sequences = 2});
    if (!session) std::abort();
    model =
        std::make_unique<r1::ServedModel>(r1::ServedModel::Names{"nano"}, std::move(*session), r1::EngineHostOptions{});
    api.set_model(model.get());
  }
  static r1::ApiOptions quiet() {
    r1::ApiOptions options;
    options.log = r1::LogFormat::none;
    return options;
  }

  r1::ThreadPool pool;
  r1::ApiKeys keys;
  r1::Api api;
  std::unique_ptr<r1::ServedModel> model;  // goes before the API, which counts the ends of its requests
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Server server;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  r1::HttpRequest request;
  request.id = "1";
  request.method = "POST";
  request.path = r1::normal_path(text.substr(0, line));
  request.fields = {{"host", "127.0.0.1"}, {"content-type", "application/json"}};
  if (server.api.refuse(request)) return 0;
  request.body = text.substr(std::min(line + 1, text.size()));
  if (const auto reply = server.api.answer(std::move(request), [] {})) (void)reply->next();
  return 0;
}
