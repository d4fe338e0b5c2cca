#include "serve/answers/answer_format.hpp"

namespace r1 {

Json usage_json(const RequestUsage& u) {
  const i64 missed = u.prompt_tokens - u.cached_tokens;
  return Json::object({{"prompt_tokens", u.prompt_tokens},
                       {"completion_tokens", u.completion_tokens},
                       {"total_tokens", u.prompt_tokens + u.completion_tokens},
                       {"prompt_tokens_details", Json::object({{"cached_tokens", u.cached_tokens}})},
                       {"completion_tokens_details", Json::object({{"reasoning_tokens", u.reasoning_tokens}})},
                       {"prompt_cache_hit_tokens", u.cached_tokens},
                       {"prompt_cache_miss_tokens", missed}});
}

Json timings_json(const RequestEnd& end) {
  const auto rate = [](i64 tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; };
  const i64 computed = end.usage.prompt_tokens - end.usage.cached_tokens, drawn = end.usage.completion_tokens;
  const RequestTimings& t = end.timings;
  return Json::object({{"cache_n", end.usage.cached_tokens},
                       {"prompt_n", computed},
                       {"prompt_ms", 1e3 * t.prompt_seconds},
                       {"prompt_per_second", rate(computed, t.prompt_seconds)},
                       {"predicted_n", drawn},
                       {"predicted_ms", 1e3 * t.decode_seconds},
                       {"predicted_per_second", rate(drawn, t.decode_seconds)}});
}

const char* finish_word(FinishReason reason, bool called) {
  if (reason == FinishReason::length) return "length";
  return called ? "tool_calls" : "stop";
}

std::string sse_event(std::string_view data) { return std::string("data: ").append(data).append("\n\n"); }

}  // namespace r1
