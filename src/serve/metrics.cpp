#include "serve/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace r1 {
namespace {

// Seconds. Large models on small machines take an hour for a prompt.
const prometheus::Histogram::BucketBoundaries kSeconds{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600};
const prometheus::Histogram::BucketBoundaries kTokens{16, 64, 256, 1024, 4096, 16384, 65536};

const char* name_of(EndCause cause) {
  switch (cause) {
    case EndCause::complete: return "complete";
    case EndCause::cancelled: return "cancelled";
    case EndCause::shut_down: return "shut_down";
    case EndCause::failed: break;
  }
  return "failed";
}

}  // namespace

// The series of one model. Their label is the name that the server's owner gave it.
struct ModelSeries {
  using Labels = prometheus::Labels;
  ModelSeries(prometheus::Registry& registry_, const std::string& model)
      : registry(registry_), labels{{"model", model}} {}

  prometheus::Registry& registry;
  const prometheus::Labels labels;

  // The registry returns the family of that name if it is there already.
  prometheus::Counter& counter(const char* name, const char* help) const {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
  }
  prometheus::Gauge& gauge(const char* name, const char* help) const {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
  }
  prometheus::Histogram& histogram(const char* name, const char* help,
                                   const prometheus::Histogram::BucketBoundaries& b) const {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, b);
  }

  prometheus::Counter& prompt_tokens = counter("r1_prompt_tokens_total", "tokens of prompts");
  prometheus::Counter& cached_tokens = counter("r1_cached_tokens_total", "tokens of prompts found in the cache");
  prometheus::Counter& tokens = counter("r1_generation_tokens_total", "tokens drawn");
  prometheus::Counter& reasoning = counter("r1_reasoning_tokens_total", "tokens drawn inside the thinking");
  prometheus::Histogram& queued = histogram("r1_request_queue_seconds", "from arrival to the first step", kSeconds);
  prometheus::Histogram& first =
      histogram("r1_time_to_first_token_seconds", "from arrival to the first token", kSeconds);
  prometheus::Histogram& decode = histogram("r1_request_decode_seconds", "from the first token to the last", kSeconds);
  prometheus::Histogram& prompts = histogram("r1_request_prompt_tokens", "tokens of a request's prompt", kTokens);
  prometheus::Histogram& lengths = histogram("r1_request_generation_tokens", "tokens of a request's answer", kTokens);
  prometheus::Gauge& loaded = gauge("r1_model_loaded", "1 if the model is loaded");
  prometheus::Gauge& loads = gauge("r1_model_loads", "how often the model was loaded since the start");
  prometheus::Gauge& waiting = gauge("r1_requests_waiting", "requests that the engine has not taken up");
  prometheus::Gauge& running = gauge("r1_sequences_running", "sequences that run");
  prometheus::Gauge& pages = gauge("r1_kv_pages", "pages of the KV cache");
  prometheus::Gauge& pages_used = gauge("r1_kv_pages_in_use", "pages that running sequences hold");
  prometheus::Gauge& pages_cached = gauge("r1_kv_pages_cached", "pages that only wait for their prefix to come again");
  prometheus::Gauge& refused =
      gauge("r1_requests_refused", "requests for which the queue was full, since the model was loaded");
  prometheus::Gauge& steps = gauge("r1_engine_steps", "forward passes since the model was loaded");
  prometheus::Gauge& drafts = gauge("r1_drafts", "guessed tokens that were checked since the model was loaded");
  prometheus::Gauge& accepted = gauge("r1_drafts_accepted", "guessed tokens that were right");
};

struct Metrics::Families {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  // By class of status and by cause: no label holds a client's text.
  prometheus::Family<prometheus::Counter>& responses =
      prometheus::BuildCounter().Name("r1_http_responses_total").Help("answers by class of status").Register(registry);
  prometheus::Family<prometheus::Counter>& ended =
      prometheus::BuildCounter().Name("r1_requests_total").Help("requests to the model that ended").Register(registry);
  std::mutex mutex;
  std::map<std::string, ModelSeries> models;

  ModelSeries& of(const std::string& model) {
    const std::lock_guard lock(mutex);
    return models.try_emplace(model, registry, model).first->second;
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::http_response(int status) {
  const std::string kind = status ? std::to_string(status / 100) + "xx" : "left";
  families_->responses.Add({{"class", kind}}).Increment();
}

void Metrics::request_ended(const std::string& model, const RequestEnd& end) {
  ModelSeries& s = families_->of(model);
  const auto count = [](i64 n) { return static_cast<double>(n); };
  families_->ended.Add({{"cause", name_of(end.cause)}, {"model", model}}).Increment();
  s.prompt_tokens.Increment(count(end.usage.prompt_tokens));
  s.cached_tokens.Increment(count(end.usage.cached_tokens));
  s.tokens.Increment(count(end.usage.completion_tokens));
  s.reasoning.Increment(count(end.usage.reasoning_tokens));
  s.prompts.Observe(count(end.usage.prompt_tokens));
  s.lengths.Observe(count(end.usage.completion_tokens));
  s.queued.Observe(end.timings.queued_seconds);
  s.first.Observe(end.timings.queued_seconds + end.timings.prompt_seconds);
  s.decode.Observe(end.timings.decode_seconds);
}

std::string Metrics::text(const std::vector<ModelStatus>& models) {
  for (const ModelStatus& model : models) {
    const HostStatus& host = model.host;
    ModelSeries& s = families_->of(model.model);
    s.loaded.Set(model.loaded);
    s.loads.Set(static_cast<double>(model.loads));
    s.waiting.Set(static_cast<double>(host.queued));
    s.running.Set(static_cast<double>(host.running));
    s.pages.Set(static_cast<double>(host.pages));
    s.pages_used.Set(static_cast<double>(host.pages_in_use));
    s.pages_cached.Set(static_cast<double>(host.pages_cached));
    s.refused.Set(static_cast<double>(host.refused));
    s.steps.Set(static_cast<double>(host.engine.steps));
    s.drafts.Set(static_cast<double>(host.engine.drafts));
    s.accepted.Set(static_cast<double>(host.engine.accepted_drafts));
  }
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace r1
