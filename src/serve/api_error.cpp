#include "serve/api_error.hpp"

namespace r1 {

const char* ApiError::type() const {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404:
    case 405: return "not_found_error";
    case 408: return "timeout_error";
    case 429: return "rate_limit_error";
    case 500: return "server_error";
    case 501: return "not_supported_error";
    case 503: return "unavailable_error";
    default: return "invalid_request_error";
  }
}

namespace {

const char* anthropic_type(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404:
    case 405: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

tl::unexpected<ApiError> bad_field(std::string param, std::string message, std::string code) {
  return tl::unexpected(ApiError{400, std::move(code), std::move(message), std::move(param)});
}

tl::unexpected<ApiError> api_fail(int status, std::string code, std::string message) {
  return tl::unexpected(ApiError{status, std::move(code), std::move(message)});
}

Json to_json(const ApiError& error, Dialect dialect) {
  if (dialect == Dialect::ollama) return Json::object({{"error", error.message}});
  if (dialect == Dialect::anthropic)
    return Json::object(
        {{"type", "error"},
         {"error", Json::object({{"type", anthropic_type(error.status)}, {"message", error.message}})}});
  return Json::object({{"error", Json::object({{"message", error.message},
                                               {"type", error.type()},
                                               {"param", error.param.empty() ? Json() : Json(error.param)},
                                               {"code", error.code}})}});
}

HttpHead head_of(const ApiError& error) {
  HttpHead head{.status = error.status, .content_type = std::string(kJsonType)};
  if (error.status == 401) head.fields.emplace_back("WWW-Authenticate", "Bearer");
  if (error.retry_after > 0) head.fields.emplace_back("Retry-After", fmt::format("{}", error.retry_after));
  else if (error.status >= 500) head.fields.emplace_back("x-should-retry", "false");  // the clients of OpenAI read it
  return head;
}

std::unique_ptr<Reply> reply_of(const ApiError& error, Dialect dialect) {
  return whole_reply(head_of(error), dump(to_json(error, dialect)));
}

}  // namespace r1
