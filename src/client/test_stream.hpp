// For tests: the parts of an answer as a server with OpenAI's API streams it.
#pragma once
#include <functional>
#include <string>
#include <utility>

#include "hub/test_server.hpp"

namespace r1 {

inline void begin_stream(TestConnection& c) { c.head(200, {"Content-Type: text/event-stream; charset=utf-8"}); }

// An event with the delta, which is JSON, and the reason of the end, if there is one.
inline std::string chunk(const std::string& delta, const std::string& finish = "") {
  return fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{},\"finish_reason\":{}}}]}}\n\n", delta,
                     finish.empty() ? "null" : "\"" + finish + "\"");
}

// A handler that gives every request the same answer.
inline Mischief::Function always(std::function<void(TestConnection&)> answer) {
  return [answer = std::move(answer)](const TestRequest&, TestConnection& c) {
    answer(c);
    return true;
  };
}

}  // namespace r1
