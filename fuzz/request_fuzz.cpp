// Fuzzes requests of the HTTP API. The first line of the input is the path, the rest the body. The server parses it
// and starts an answer of the model that ships; then the reply is destroyed, which cancels the answer.
#include <string_view>

#include "serve/http.hpp"
#include "serve/test_server.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace r1;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ModelServer& server = model_server();
  const size_t line = std::min(text.find('\n'), text.size());
  HttpRequest request;
  request.id = "1";
  request.method = "POST";
  request.path = normal_path(text.substr(0, line));
  request.fields = {{"host", "127.0.0.1"}, {"content-type", "application/json"}};
  if (server.api.refuse(request)) return 0;
  request.body = text.substr(std::min(line + 1, text.size()));
  if (const auto reply = server.api.answer(std::move(request), [] {})) (void)reply->next();
  return 0;
}
