// Why a request is refused, in the terms of the API: a status, OpenAI's kind and code of error, and a sentence.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/error.hpp"
#include "formats/json.hpp"
#include "serve/http.hpp"

namespace r1 {

struct [[nodiscard]] ApiError {
  int status = 400;
  std::string code{};     // "invalid_value"
  std::string message{};  // for people: the field, the value and what is allowed
  std::string param{};    // the path of the field; empty: the request as a whole
  int retry_after = 0;    // seconds; 0: the same request would fail again

  const char* type() const;  // "invalid_request_error", by the status
};

template <class T>
using ApiResult = tl::expected<T, ApiError>;
using ApiStatus = ApiResult<void>;

// A refusal because of a field of the request.
tl::unexpected<ApiError> bad_field(std::string param, std::string message, std::string code = "invalid_value");
tl::unexpected<ApiError> api_fail(int status, std::string code, std::string message);

// The API in whose form an error is written: OpenAI's {"error": {"message", "type", "param", "code"}}, Anthropic's
// {"type": "error", "error": {"type", "message"}}, or ollama's {"error": "..."}.
enum class Dialect : u8 { openai, anthropic, ollama };

Json to_json(const ApiError& error, Dialect dialect = Dialect::openai);
HttpHead head_of(const ApiError& error);
std::unique_ptr<Reply> reply_of(const ApiError& error, Dialect dialect = Dialect::openai);

namespace detail {
template <class T>
T take(ApiResult<T>&& r) {
  return std::move(*r);
}
inline void take(ApiStatus&&) {}
}  // namespace detail

}  // namespace r1
