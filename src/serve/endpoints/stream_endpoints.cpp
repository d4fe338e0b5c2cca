// Paths that act on an answer that is being written: /v1/streams/ID and /v1/chat/completions/control.
#include <charconv>

#include "formats/utf8.hpp"
#include "serve/access.hpp"
#include "serve/endpoints.hpp"
#include "serve/requests/fields.hpp"

namespace r1 {
namespace {

constexpr std::string_view kStreams = "/streams/", kCancel = "/cancel";

// The digits of an id that has the prefix of a dialect, as in "chatcmpl-0123".
std::string_view digits_of(std::string_view id) {
  const size_t prefix = id.find_last_of("-_");
  return prefix == id.npos ? id : id.substr(prefix + 1);
}

// The id in ".../streams/ID" and ".../streams/ID/cancel".
std::string_view stream_id(std::string_view path) {
  path.remove_prefix(path.find(kStreams) + kStreams.size());
  if (path.ends_with(kCancel)) path.remove_suffix(kCancel.size());
  return digits_of(path);
}

// The number of the last event that the client has: "after", else the field that browsers send, else 0.
ApiResult<i64> event_number(const HttpRequest& request) {
  std::string_view text = "0";
  if (const std::string* last = request.field("last-event-id")) text = *last;
  if (const auto after = request.parameter("after")) text = *after;
  i64 number = -1;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 0)
    return bad_field("after", fmt::format("after: {}, expected the number of an event", quoted_text(text)));
  return number;
}

}  // namespace

EndpointResult control_completion(const Serving& serving, const HttpRequest& request, const Json& body, Wake) {
  static constexpr FieldRule kRules[] = {{"id", JsonKind::text, 0, 128}, {"action", JsonKind::text, 0, 64}};
  R1_TRY(check_fields(body, kRules));
  const CheckedFields in(body);
  for (const char* name : {"id", "action"})
    if (!in.text(name)) return bad_field(name, fmt::format("{}: missing", name), "missing_required_parameter");
  if (*in.text("action") != "reasoning_end")
    return bad_field("action", fmt::format("action: {}, known: reasoning_end", quoted_text(*in.text("action"))));
  R1_TRY(serving.running.end_thinking(digits_of(*in.text("id")), key_of(request)));
  return json_reply(Json::object({{"id", *in.text("id")}, {"action", "reasoning_end"}, {"success", true}}));
}

EndpointResult resume_stream(const Serving& serving, const HttpRequest& request, const Json&, Wake wake) {
  const i64 after = R1_TRY(event_number(request));
  const auto stream = R1_TRY(serving.running.stream(stream_id(request.path), key_of(request)));
  if (request.method == "HEAD") return whole_reply({.content_type = "text/event-stream"}, {});
  return stream->reader(std::move(wake), after);
}

EndpointResult cancel_stream(const Serving& serving, const HttpRequest& request, const Json&, Wake) {
  if (request.method == "POST" && !request.path.ends_with(kCancel))
    return api_fail(404, "not_found", "POST: there is no such path; a stream is cancelled with /v1/streams/ID/cancel");
  const std::string_view id = stream_id(request.path);
  R1_TRY(serving.running.cancel_stream(id, key_of(request)));
  return json_reply(Json::object({{"id", id}, {"cancelled", true}}));
}

}  // namespace r1
