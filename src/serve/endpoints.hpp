// What the paths of the API do. An endpoint gets the body of the request as JSON (null for GET) and returns the reply,
// or why there is none.
#pragma once
#include <optional>
#include <string>

#include "serve/api_error.hpp"
#include "serve/http.hpp"
#include "serve/metrics.hpp"
#include "serve/running_answers.hpp"
#include "serve/served_model.hpp"

namespace r1 {

struct EndpointOptions {
  std::string fingerprint;                  // of the build: "r1_0.1.0_avx512"
  std::optional<bool> thinking{};           // of requests that do not say; absent: they think if the model can
  bool reasoning_alias = false;             // the thinking also as "reasoning", as vLLM and ollama name it
  std::optional<i64> default_max_tokens{};  // of requests that do not say; absent: the model's advice
};

// What an endpoint works with.
struct Serving {
  const EndpointOptions& options;
  ServedModel& model;
  Metrics& metrics;
  RunningAnswers& running;
};

using EndpointResult = ApiResult<std::unique_ptr<Reply>>;
using Endpoint = EndpointResult (*)(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);

EndpointResult chat_completions(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult text_completions(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult responses(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult control_completion(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult resume_stream(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult cancel_stream(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult list_models(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult one_model(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult tokenize(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult detokenize(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult apply_template(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult props(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult messages(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult count_tokens(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult ollama_chat(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult ollama_generate(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult ollama_tags(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult ollama_version(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);
EndpointResult embeddings(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake);

// A complete answer in JSON.
std::unique_ptr<Reply> json_reply(const Json& json);

// Errors: 404, if the request asks for another model.
ApiStatus check_model(const Serving& serving, const std::string& name);

}  // namespace r1
