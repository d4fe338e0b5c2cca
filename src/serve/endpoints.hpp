// What the paths of the API do. An endpoint gets the body of the request as JSON (null for GET) and returns the reply,
// or why there is none.
#pragma once
#include <optional>
#include <string>

#include "serve/answers/answer_format.hpp"
#include "serve/api_error.hpp"
#include "serve/http.hpp"
#include "serve/metrics.hpp"
#include "serve/models/served_models.hpp"
#include "serve/running_answers.hpp"

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
  ServedModels& models;
  Metrics& metrics;
  RunningAnswers& running;
  i64 now = 0;                  // when the request arrived, in seconds since 1970
  ServedModels::Lease model{};  // the one that the request names; null if the path needs none
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

// The name of the model in a body; empty if there is none.
std::string model_name(const Json& body, Dialect dialect);

// The number of the model with this name; an empty name means the first model. Errors: 404, if no model has the name.
ApiResult<i64> model_named(const ServedModels& models, const std::string& name);

using EarlyFormat = ApiResult<std::unique_ptr<AnswerFormat>>;
// If the request asks for a stream, the format of its answer, so that the stream can begin before the model `model` is
// loaded; otherwise null. Errors: a field that is wrong.
EarlyFormat early_chat(const Serving& serving, const HttpRequest& request, const Json& body, const std::string& model);
using EarlyEndpoint = decltype(&early_chat);

}  // namespace r1
