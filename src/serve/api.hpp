// The server's handler: routes, access, and errors in the form of the API.
#pragma once
#include <atomic>

#include "serve/access.hpp"
#include "serve/endpoints.hpp"
#include "serve/http.hpp"

namespace r1 {

enum class LogFormat { none, text, json };

struct ApiOptions {
  AccessRules access;
  EndpointOptions endpoints;
  ResumeLimits resume{};
  bool metrics = false;  // GET /metrics
  LogFormat log = LogFormat::text;
  bool log_prompts = false;  // the bodies of requests, too
};

class Api final : public HttpHandler {
 public:
  // `keys` must outlive the object.
  Api(ApiOptions options, const ApiKeys& keys);

  // Until this call, requests are refused with 503. `models` must outlive the server.
  void set_models(ServedModels* models) { models_ = models; }
  void drain() { draining_ = true; }  // refuses new work with 503
  // Ends the streams that wait for a reader. Must be called before the models are destroyed.
  void end_streams() { running_.end_streams(); }

  std::unique_ptr<Reply> refuse(const HttpRequest& head) override;
  std::unique_ptr<Reply> answer(HttpRequest request, Wake wake) override;
  bool is_slow(const HttpRequest& request) const override;
  std::unique_ptr<Reply> fault(int status, std::string_view code, std::string_view message) override;
  HttpFields fields_for(const HttpRequest& head) override;
  void finished(const HttpRequest& head, int status, i64 bytes, double seconds) override;

 private:
  ApiStatus check_access(const HttpRequest& head) const;
  std::unique_ptr<Reply> health() const;
  std::unique_ptr<Reply> preflight(const HttpRequest& head) const;

  const ApiOptions options_;
  const ApiKeys& keys_;
  Metrics metrics_;
  RunningAnswers running_;
  std::atomic<ServedModels*> models_{nullptr};
  std::atomic<bool> draining_{false};
};

}  // namespace r1
