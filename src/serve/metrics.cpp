#include "serve/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

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

struct Metrics::Families {
  prometheus::Registry registry;

  prometheus::Counter& counter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
  }
  prometheus::Gauge& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }
  prometheus::Histogram& histogram(const char* name, const char* help,
                                   const prometheus::Histogram::BucketBoundaries& b) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, b);
  }

  // By class of status and by cause: no label holds a client's text.
  prometheus::Family<prometheus::Counter>& responses =
      prometheus::BuildCounter().Name("r1_http_responses_total").Help("answers by class of status").Register(registry);
  prometheus::Family<prometheus::Counter>& ended =
      prometheus::BuildCounter().Name("r1_requests_total").Help("requests to the model that ended").Register(registry);
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
  prometheus::Gauge& waiting = gauge("r1_requests_waiting", "requests that the engine has not taken up");
  prometheus::Gauge& running = gauge("r1_sequences_running", "sequences that run");
  prometheus::Gauge& pages = gauge("r1_kv_pages", "pages of the KV cache");
  prometheus::Gauge& pages_used = gauge("r1_kv_pages_in_use", "pages that running sequences hold");
  prometheus::Gauge& pages_cached = gauge("r1_kv_pages_cached", "pages that only wait for their prefix to come again");
  prometheus::Gauge& refused = gauge("r1_requests_refused", "requests for which the queue was full, since the start");
  prometheus::Gauge& steps = gauge("r1_engine_steps", "forward passes since the start");
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::http_response(int status) {
  const std::string kind = status ? std::to_string(status / 100) + "xx" : "left";
  families_->responses.Add({{"class", kind}}).Increment();
}

void Metrics::request_ended(const RequestEnd& end) {
  Families& f = *families_;
  const auto count = [](i64 n) { return static_cast<double>(n); };
  f.ended.Add({{"cause", name_of(end.cause)}}).Increment();
  f.prompt_tokens.Increment(count(end.usage.prompt_tokens));
  f.cached_tokens.Increment(count(end.usage.cached_tokens));
  f.tokens.Increment(count(end.usage.completion_tokens));
  f.reasoning.Increment(count(end.usage.reasoning_tokens));
  f.prompts.Observe(count(end.usage.prompt_tokens));
  f.lengths.Observe(count(end.usage.completion_tokens));
  f.queued.Observe(end.timings.queued_seconds);
  f.first.Observe(end.timings.queued_seconds + end.timings.prompt_seconds);
  f.decode.Observe(end.timings.decode_seconds);
}

std::string Metrics::text(const HostStatus& host) {
  Families& f = *families_;
  f.waiting.Set(static_cast<double>(host.queued));
  f.running.Set(static_cast<double>(host.running));
  f.pages.Set(static_cast<double>(host.pages));
  f.pages_used.Set(static_cast<double>(host.pages_in_use));
  f.pages_cached.Set(static_cast<double>(host.pages_cached));
  f.refused.Set(static_cast<double>(host.refused));
  f.steps.Set(static_cast<double>(host.engine.steps));
  return prometheus::TextSerializer().Serialize(f.registry.Collect());
}

}  // namespace r1
