#include "serve/api.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "core/text.hpp"
#include "formats/utf8.hpp"
#include "serve/models/pending_reply.hpp"
#include "serve/page_files.hpp"
#include "serve/requests/fields.hpp"

namespace r1 {
namespace {

enum class Needs : u8 { nothing, model };

struct Route {
  std::string_view method, path;  // without /v1 or /beta in front, which every path may have
  Endpoint endpoint;
  Needs needs = Needs::nothing;   // model: the one that the body names
  EarlyEndpoint early = nullptr;  // see early_chat
};

// A path that ends with a slash stands for all that begin with it.
constexpr Route kRoutes[] = {
    {"POST", "/chat/completions", chat_completions, Needs::model, early_chat},
    {"POST", "/chat/completions/control", control_completion},
    {"POST", "/completions", text_completions, Needs::model},
    {"GET", "/streams/", resume_stream},
    {"POST", "/streams/", cancel_stream},
    {"DELETE", "/streams/", cancel_stream},
    {"POST", "/responses", responses, Needs::model},
    {"POST", "/embeddings", embeddings},
    {"POST", "/messages", messages, Needs::model},
    {"POST", "/messages/count_tokens", count_tokens, Needs::model},
    {"POST", "/api/chat", ollama_chat, Needs::model},
    {"POST", "/api/generate", ollama_generate, Needs::model},
    {"GET", "/api/tags", ollama_tags},
    {"GET", "/api/version", ollama_version},
    {"GET", "/models", list_models},
    {"GET", "/models/", one_model},
    {"POST", "/tokenize", tokenize, Needs::model},
    {"POST", "/detokenize", detokenize, Needs::model},
    {"POST", "/apply-template", apply_template, Needs::model},
    {"GET", "/props", props},
};
constexpr std::string_view kHealth = "/health", kMetrics = "/metrics";

// "/v1/models" and "/beta/models" as "/models".
std::string_view route_path(std::string_view path) {
  for (const std::string_view base : {"/v1/", "/beta/"})
    if (path.starts_with(base)) return path.substr(base.size() - 1);
  return path;
}

// Whose clients use a path.
Dialect dialect_of(std::string_view path) {
  path = route_path(path);
  if (path.starts_with("/api/")) return Dialect::ollama;
  return path.starts_with("/messages") ? Dialect::anthropic : Dialect::openai;
}

bool matches(const Route& route, std::string_view path) {
  return route.path.ends_with('/') ? path.starts_with(route.path) && path.size() > route.path.size()
                                   : path == route.path;
}

std::string_view method_of(const HttpRequest& head) {
  return head.method == "HEAD" ? "GET" : std::string_view(head.method);
}

const Route* route_of(const HttpRequest& head) {
  const std::string_view path = route_path(head.path);
  for (const Route& route : kRoutes)
    if (matches(route, path) && route.method == method_of(head)) return &route;
  return nullptr;
}

// The methods that a path has, for Allow; empty if there is no such path.
std::string methods_of(const HttpRequest& head, bool with_metrics) {
  const std::string_view path = route_path(head.path);
  if (path == kHealth || (with_metrics && path == kMetrics) || page_file(head.path)) return "GET, HEAD";
  std::string methods;
  for (const Route& route : kRoutes)
    if (matches(route, path))
      methods.append(methods.empty() ? "" : ", ").append(route.method == "GET" ? "GET, HEAD" : route.method);
  return methods;
}

bool is_json(const std::string& type) {
  std::string media = lower_case(type.substr(0, type.find(';')));
  while (media.ends_with(' ') || media.ends_with('\t')) media.pop_back();
  return media == "application/json";
}

// A body must be what it says: a form on a page of strangers can send text, but no JSON.
ApiStatus check_body_type(const HttpRequest& head) {
  const std::string* const type = head.field("content-type");
  if (!type || !is_json(*type))
    return api_fail(415, "unsupported_media_type",
                    fmt::format("Content-Type: {}, expected application/json", type ? quoted_text(*type) : "missing"));
  const std::string* const coding = head.field("content-encoding");
  if (coding && *coding != "identity")
    return api_fail(415, "unsupported_media_type",
                    fmt::format("Content-Encoding: {}; bodies must not be compressed", quoted_text(*coding)));
  return {};
}

ApiError not_there(std::string code, std::string message) { return {503, std::move(code), std::move(message), {}, 1}; }

std::vector<ModelStatus> model_states(ServedModels& models) {
  std::vector<ModelStatus> out;
  for (i64 i = 0; i < models.count(); ++i) {
    const ServedModels::View view = models.view(i);
    out.push_back({models.entry(i).names.id, view.model != nullptr, view.loads,
                   view.model ? view.model->host().status() : HostStatus()});
  }
  return out;
}

std::unique_ptr<Reply> answer_with_model(Serving serving, const Route& route, HttpRequest request, Json body,
                                         Wake wake) {
  const Dialect dialect = dialect_of(request.path);
  constexpr FieldRule kModelRules[] = {{"model", JsonKind::text, 0, 256}};
  if (const ApiStatus fine = check_fields(body, kModelRules); !fine) return reply_of(fine.error(), dialect);
  const std::string name = model_name(body, dialect);
  const auto index = model_named(serving.models, name);
  if (!index) return reply_of(index.error(), dialect);
  const ServedModels::Entry& entry = serving.models.entry(*index);
  // Checked before the claim: a chat with a wrong field should not make another model leave.
  std::unique_ptr<AnswerFormat> early;
  if (route.early && !serving.models.is_loaded(*index)) {
    auto format = route.early(serving, request, body, name.empty() ? entry.names.id : name);
    if (!format) return reply_of(format.error(), dialect);
    early = std::move(*format);
  }
  const auto claim = serving.models.claim(*index, wake);
  if (!claim)
    return reply_of({429, "queue_full", fmt::format("too many requests wait for the model {}", entry.names.id), {}, 5},
                    dialect);
  serving.model = serving.models.look(*claim).model;
  if (serving.model) {
    EndpointResult reply = route.endpoint(serving, request, body, std::move(wake));
    return reply ? std::move(*reply) : reply_of(reply.error(), dialect);
  }
  auto start = [endpoint = route.endpoint, serving, request = std::move(request), body = std::move(body),
                wake = std::move(wake)](ServedModels::Lease model) mutable {
    serving.model = std::move(model);
    return endpoint(serving, request, body, wake);
  };
  return std::make_unique<PendingReply>(serving.models, claim, entry, dialect, std::move(start), std::move(early));
}

}  // namespace

Api::Api(ApiOptions options, const ApiKeys& keys)
    : options_(std::move(options)), keys_(keys), running_(options_.resume) {}

ApiStatus Api::check_access(const HttpRequest& head) const {
  if (!host_allowed(head, options_.access)) {
    const std::string* const host = head.field("host");
    return api_fail(403, "host_not_allowed",
                    fmt::format("Host: {}; this server does not go by that name (--allowed-host adds one)",
                                host ? quoted_text(*host) : "missing"));
  }
  if (origin_of(head, options_.access) == Origin::foreign)
    return api_fail(403, "origin_not_allowed",
                    fmt::format("Origin: {}; pages from there may not use this server (--allow-origin adds one)",
                                quoted_text(*head.field("origin"))));
  return {};
}

std::unique_ptr<Reply> Api::refuse(const HttpRequest& head) {
  const Dialect dialect = dialect_of(head.path);
  if (const ApiStatus access = check_access(head); !access) return reply_of(access.error(), dialect);
  if (head.method == "OPTIONS") return preflight(head);
  const std::string_view path = route_path(head.path);
  const std::string methods = methods_of(head, options_.metrics);
  if (methods.empty())
    return reply_of(
        {404, "not_found",
         fmt::format("{} {}: there is no such path", printable(head.method, 16), printable(head.path, 200))},
        dialect);
  // Of these paths methods_of() knows whether they are there.
  const bool is_plain = path == kHealth || path == kMetrics || page_file(head.path);
  if (is_plain ? method_of(head) != "GET" : !route_of(head)) {
    const ApiError error{
        405, "method_not_allowed",
        fmt::format("{} {}: this path takes {}", printable(head.method, 16), printable(head.path, 200), methods)};
    HttpHead refused = head_of(error);
    refused.fields.emplace_back("Allow", methods);
    return whole_reply(std::move(refused), dump(to_json(error, dialect)));
  }
  if (path == kHealth) return health();
  if (const PageFile* const file = page_file(head.path)) return page_reply(*file, head);
  if (!keys_.accepts(key_of(head)))
    return reply_of({401, "invalid_api_key", "the API key is missing or wrong; send it as Authorization: Bearer KEY"},
                    dialect);
  if (head.method == "POST")
    if (const ApiStatus type = check_body_type(head); !type) return reply_of(type.error(), dialect);
  if (draining_ && head.method == "POST")
    return reply_of(not_there("shutting_down", "the server is shutting down"), dialect);
  if (!models_) return reply_of(not_there("loading", "the model is being loaded"), dialect);
  return nullptr;
}

// Compiling a grammar can take seconds. A request may have one if the name of such a field occurs in its body; \u
// counts, because an escape can spell a name. The search costs little compared with parsing.
bool Api::is_slow(const HttpRequest& request) const {
  for (const char* mark : {"format\"", "grammar\"", "guided_regex\"", "tools\"", "\\u"})
    if (request.body.find(mark) != request.body.npos) return true;
  return false;
}

std::unique_ptr<Reply> Api::answer(HttpRequest request, Wake wake) {
  const Dialect dialect = dialect_of(request.path);
  ServedModels& models = *models_.load();
  if (route_path(request.path) == kMetrics)
    return whole_reply({.content_type = "text/plain; version=0.0.4; charset=utf-8"},
                       metrics_.text(model_states(models)));
  if (options_.log_prompts && !request.body.empty())
    std::fputs(fmt::format("{} {} {}\n", utc_time(std::time(nullptr)), request.id,
                           printable(request.body, request.body.size()))
                   .c_str(),
               stderr);
  const Route* const route = route_of(request);
  Json body;
  if (route->method == "POST") {
    auto parsed = parse_json(request.body, "the body");
    if (!parsed) return reply_of({400, "invalid_json", parsed.error().what}, dialect);
    if (!parsed->object())
      return reply_of({400, "invalid_json", fmt::format("the body is {}, expected an object", parsed->describe())},
                      dialect);
    body = std::move(*parsed);
    request.body = {};
  }
  const Serving serving{options_.endpoints, models, metrics_, running_, std::time(nullptr)};
  if (route->needs == Needs::model)
    return answer_with_model(serving, *route, std::move(request), std::move(body), std::move(wake));
  EndpointResult reply = route->endpoint(serving, request, body, std::move(wake));
  return reply ? std::move(*reply) : reply_of(reply.error(), dialect);
}

std::unique_ptr<Reply> Api::fault(int status, std::string_view code, std::string_view message) {
  return reply_of({status, std::string(code), std::string(message)});
}

std::unique_ptr<Reply> Api::health() const {
  const char* const status = draining_ ? "shutting_down" : models_ ? "ok" : "loading";
  if (!draining_ && models_) return json_reply(Json::object({{"status", status}}));
  HttpHead head{.status = 503, .content_type = std::string(kJsonType), .fields = {{"Retry-After", "1"}}};
  return whole_reply(std::move(head), dump(Json::object({{"status", status}})));
}

// What a browser asks before a page of another origin may send JSON. Without a listed origin it is told nothing, and
// then does not send it.
std::unique_ptr<Reply> Api::preflight(const HttpRequest& head) const {
  HttpHead allowed{.status = 204, .content_type = {}};
  if (origin_of(head, options_.access) == Origin::listed) {
    allowed.fields = {{"Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"},
                      {"Access-Control-Max-Age", "600"}};
    std::string names =
        "Authorization, Content-Type, X-Api-Key, OpenAI-Beta, OpenAI-Organization, OpenAI-Project, Last-Event-ID, "
        "anthropic-version, anthropic-beta, anthropic-dangerous-direct-browser-access";
    for (const char* name :
         {"arch", "async", "custom-poll-interval", "helper-method", "lang", "os", "package-version", "poll-helper",
          "raw-response", "read-timeout", "retry-count", "runtime", "runtime-version", "timeout"})
      names += fmt::format(", x-stainless-{}", name);
    allowed.fields.emplace_back("Access-Control-Allow-Headers", names);
    if (head.field("access-control-request-private-network"))
      allowed.fields.emplace_back("Access-Control-Allow-Private-Network", "true");
  }
  return whole_reply(std::move(allowed), {});
}

HttpFields Api::fields_for(const HttpRequest& head) {
  HttpFields fields{{"x-request-id", head.id}};
  if (origin_of(head, options_.access) == Origin::listed && host_allowed(head, options_.access)) {
    fields.emplace_back("Access-Control-Allow-Origin", *head.field("origin"));
    fields.emplace_back("Access-Control-Expose-Headers", "x-request-id, retry-after");
    fields.emplace_back("Vary", "Origin");
  }
  return fields;
}

void Api::finished(const HttpRequest& head, int status, i64 bytes, double seconds) {
  metrics_.http_response(status);
  if (options_.log == LogFormat::none) return;
  const std::string method = printable(head.method, 16), path = printable(head.path, 200);
  std::string line;
  if (options_.log == LogFormat::json)
    line = dump(Json::object({{"time", utc_time(std::time(nullptr))},
                              {"method", method},
                              {"path", path},
                              {"status", status},
                              {"bytes", bytes},
                              {"seconds", seconds},
                              {"request", head.id}}));
  else
    line = fmt::format("{} {} {} {} {} bytes {:.3f} s {}", utc_time(std::time(nullptr)), method, path,
                       status ? fmt::format("{}", status) : "left", bytes, seconds, head.id);
  std::fputs((line + "\n").c_str(), stderr);
}

}  // namespace r1
