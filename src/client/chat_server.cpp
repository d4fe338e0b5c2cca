#include "client/chat_server.hpp"

#include <algorithm>
#include <utility>

#include "client/event_stream.hpp"
#include "core/network/api_keys.hpp"
#include "core/text.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr size_t kMostObject = size_t{16} << 20;  // bytes of an answer that is one object
constexpr i64 kMostContext = i64{1} << 40;

bool is_page(const HttpAnswer& answer, std::string_view body) {
  const std::string* type = find_header(answer.headers, "content-type");
  return (type && type->starts_with("text/html")) || trimmed(body).starts_with("<!") ||
         trimmed(body).starts_with("<html");
}

std::string no_api(const HttpAnswer& answer, std::string_view body) {
  const std::string what = is_page(answer, body)   ? "an HTML page"
                           : trimmed(body).empty() ? "an empty answer"
                                                   : quoted_text(body);
  return fmt::format("{}, which is not OpenAI's API: its address often ends in /v1", what);
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Status append_limited(std::string& body, std::span<const std::byte> bytes, const std::string& url) {
  if (body.size() + bytes.size() > kMostObject)
    return fail(Errc::corrupt, "{}: an answer of more than {} bytes", url, kMostObject);
  body += text_of(bytes);
  return {};
}

// A model's own limit, under the name of r1 serve or that of vLLM.
i64 context_of(const Json& model) {
  for (const char* name : {"context_length", "max_model_len"})
    if (const Json* value = model.find(name); value && value->integer())
      return std::clamp<i64>(*value->integer(), 0, kMostContext);
  return 0;
}

// Says what helps against a certificate of an authority that is not known.
Result<HttpAnswer> advised(Result<HttpAnswer> answer) {
  if (answer || answer.error().what.find("certificate") == std::string::npos) return answer;
  return fail(answer.error().code, "{} (the variable CURL_CA_BUNDLE names a file of authorities to trust)",
              answer.error().what);
}

}  // namespace

Result<ChatServer> ChatServer::open(ServerAddress address, std::string key, const std::atomic<bool>* stop) {
  R1_TRY(check_api_key(key, "--api-key-file or R1_API_KEY"));
  HttpLimits limits;
  limits.stall = std::chrono::hours(24 * 365);  // a server may compute a long prompt without a word
  limits.direct = address.loopback;
  const bool has_key = !key.empty();
  HttpClient client = R1_TRY(HttpClient::create(address.base, std::move(key), limits, stop));
  return ChatServer(std::move(address), has_key, std::move(client));
}

Error ChatServer::refusal(const HttpAnswer& a, const Result<Json>& body) const {
  if (a.status == 0) {
    const char* advice = "";
    if (a.broken.find("wrong version number") != a.broken.npos)
      advice = ": the server does not encrypt; its address begins with http://";
    else if (!a.unreachable && !address_.encrypted && a.url.ends_with("/models"))  // the first request
      advice = " (if the server encrypts, its address begins with https://)";
    return {Errc::io, fmt::format("{}: {}{}", a.url, a.broken, advice)};
  }
  const std::string status = fmt::format("{}: status {}", a.url, a.status);
  if (const std::string* to = find_header(a.headers, "location"); to && a.status < 400)
    return {Errc::io, fmt::format("{}: it redirects to {}: give that address", status, quoted_text(*to))};
  if (!body && a.status != 401 && a.status != 403)
    return {Errc::io, fmt::format("{}: {}", status, no_api(a, a.refused_body))};
  Error error = error_of(body ? server_error(*body) : ServerError{}, status);
  if (a.status == 401)
    error.what += has_key_ ? " (the server does not accept the key of --api-key-file or R1_API_KEY)"
                           : " (--api-key-file FILE or the variable R1_API_KEY gives a key)";
  return error;
}

Result<std::vector<ServerModel>> ChatServer::models() {
  std::string text;
  const std::string url = address_.base + "/models";
  const HttpBody body{{}, [&](std::span<const std::byte> bytes) { return append_limited(text, bytes, url); }};
  const HttpAnswer a = R1_TRY(advised(client_.request(url, {}, nullptr, body)));
  if (a.status < 200 || a.status > 299) {
    const auto refused = parse_json(a.refused_body, a.url);
    Error error = refusal(a, refused);
    // A page for people says that there is no API at all.
    const bool no_list = a.status == 404 || a.status == 405 || a.status == 501;
    if (no_list && refused) error.code = Errc::unsupported;
    return tl::unexpected(std::move(error));
  }
  if (!a.broken.empty()) return fail(Errc::io, "{}: {}", a.url, a.broken);
  const auto json = parse_json(text, a.url);
  if (!json || !json->object()) return fail(Errc::corrupt, "{}: {}", a.url, no_api(a, text));
  std::vector<ServerModel> out;
  const Json* list = json->find("data");
  if (!list || !list->array())
    return fail(Errc::corrupt, "{}: data: expected an array of models, found {}", a.url,
                list ? list->describe() : "nothing");
  for (const Json& model : *list->array()) {
    if (const Json* id = model.find("id"); id && id->string()) out.push_back({*id->string(), context_of(model)});
    // r1 serve names the other names of its model here.
    if (const Json* aliases = model.find("aliases"); aliases && aliases->array())
      for (const Json& alias : *aliases->array())
        if (alias.string()) out.push_back({*alias.string(), context_of(model)});
  }
  return out;
}

Result<ChatReply> ChatServer::chat(Json request, const OnReplyText& on_text) {
  request.set("stream", true);
  request.set("stream_options", Json::object({{"include_usage", true}}));
  const std::string sent = dump(request), url = address_.base + "/chat/completions";
  EventStream stream(url);
  ReplyReader reader;
  std::string object;  // of a server that does not stream
  bool streams = false, page = false;
  const auto on_data = [&](std::string_view data) { return reader.read(data, url, on_text); };
  const HttpBody body{[&](const HttpAnswer& a) {
                        const std::string* type = find_header(a.headers, "content-type");
                        streams = type && type->starts_with("text/event-stream");
                        page = is_page(a, "");
                        return Status();
                      },
                      [&](std::span<const std::byte> bytes) -> Status {
                        if (!streams) return append_limited(object, bytes, url);
                        return stream.push(text_of(bytes), on_data);
                      }};
  const std::vector<std::string> headers{"Content-Type: application/json",
                                         "Accept: text/event-stream, application/json"};
  const HttpAnswer a = R1_TRY(advised(client_.request(url, headers, &sent, body)));
  if (a.status < 200 || a.status > 299) return tl::unexpected(refusal(a, parse_json(a.refused_body, a.url)));
  if (!streams && a.broken.empty()) {
    const auto json = parse_json(object, url);
    if (page || !json) return fail(Errc::corrupt, "{}: {}", a.url, no_api(a, object));
    R1_TRY(reader.read_object(*json, url, on_text));
  }
  if (reader.reply().finish.empty() && !reader.done())
    return fail(Errc::io, "{}: the server left in the middle of the answer{}{}", a.url, a.broken.empty() ? "" : ": ",
                a.broken);
  return reader.reply();
}

}  // namespace r1
