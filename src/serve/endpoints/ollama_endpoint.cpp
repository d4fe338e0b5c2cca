// ollama's paths. Their fields are translated into OpenAI's.
#include <algorithm>
#include <ctime>

#include "serve/generation_job.hpp"

namespace r1 {
namespace {

constexpr FieldNames kOllamaNames{.format = "format", .schema = "format"};
constexpr double kMostOptionTokens = 2147483647;
constexpr FieldRule kOllamaRules[] = {
    {"model", JsonKind::text, 0, 256}, {"messages", JsonKind::array},      {"prompt", JsonKind::text},
    {"system", JsonKind::text},        {"options", JsonKind::object},      {"stream", JsonKind::boolean},
    {"raw", JsonKind::boolean},        {"tools", JsonKind::array, 0, 128},
};
constexpr FieldRule kOptionRules[] = {
    {"temperature", JsonKind::number, 0, 2},
    {"top_p", JsonKind::number, 0, 1, true},
    {"top_k", JsonKind::integer, 0, kMostOptionTokens},
    {"min_p", JsonKind::number, 0, 1},
    {"seed", JsonKind::integer, -9.3e18, 9.3e18},
    {"num_predict", JsonKind::integer, -2, kMostOptionTokens},
    {"num_ctx", JsonKind::integer, 1, kMostOptionTokens},
    {"stop", JsonKind::text_or_array},
    {"repeat_penalty", JsonKind::number, 0, 100, true},
    {"presence_penalty", JsonKind::number, -2, 2},
    {"frequency_penalty", JsonKind::number, -2, 2},
};

ApiStatus translate_options(const Serving& serving, const Json& options, Json& out) {
  R1_TRY(check_fields(options, kOptionRules, "options"));
  const CheckedFields in(options);
  for (const char* name :
       {"temperature", "top_p", "top_k", "min_p", "seed", "stop", "presence_penalty", "frequency_penalty"})
    if (const Json* value = in.find(name)) out.set(name, *value);
  if (const Json* penalty = in.find("repeat_penalty")) out.set("repetition_penalty", *penalty);
  if (const auto most = in.integer("num_predict"); most && *most > 0) out.set("max_tokens", *most);
  const i64 context = serving.model->host().context();
  if (const auto wanted = in.integer("num_ctx"); wanted && *wanted > context)
    return bad_field("options.num_ctx",
                     fmt::format("options.num_ctx: {}, this model is served with {}", *wanted, context));
  return {};
}

ApiStatus translate_think(const Json& think, Json& out) {
  if (const bool* on = think.boolean()) {
    out.set("thinking", Json::object({{"type", *on ? "enabled" : "disabled"}}));
    return {};
  }
  if (!think.string())
    return bad_field("think", fmt::format("think: {}, expected true, false, low, medium or high", think.describe()));
  out.set("reasoning_effort", *think.string());
  return {};
}

// "json", or a schema.
ApiStatus translate_format(const Json& format, Json& out) {
  if (format.string() && format.string()->empty()) return {};
  if (format == Json("json")) {
    out.set("response_format", Json::object({{"type", "json_object"}}));
  } else if (format.object()) {
    out.set("response_format",
            Json::object({{"type", "json_schema"}, {"json_schema", Json::object({{"schema", format}})}}));
  } else {
    return bad_field("format", fmt::format("format: {}, expected \"json\" or a schema", format.describe()));
  }
  return {};
}

// The body with OpenAI's names. A stream is the default.
ApiResult<Json> from_ollama(const Serving& serving, const Json& body) {
  R1_TRY(check_fields(body, kOllamaRules));
  const CheckedFields in(body);
  Json out = Json::Object{};
  out.set("model", model_name(body, Dialect::ollama));
  out.set("stream", in.boolean("stream").value_or(true));
  for (const char* name : {"messages", "tools"})
    if (const Json* value = in.find(name)) out.set(name, *value);
  if (const Json* think = in.find("think")) R1_TRY(translate_think(*think, out));
  if (const Json* format = in.find("format")) R1_TRY(translate_format(*format, out));
  if (const Json* options = in.find("options")) R1_TRY(translate_options(serving, *options, out));
  return out;
}

// A call of a function in OpenAI's form: with an id, and the arguments as text.
void translate_call(Json& call, i64 number) {
  if (!call.object()) return;
  if (!call.find("id")) call.set("id", fmt::format("call_{}", number));
  const Json* const named = call.find("function");
  const Json* const arguments = named ? named->find("arguments") : nullptr;
  if (!arguments || !arguments->object()) return;
  Json function = *named;
  function.set("arguments", dump(*arguments));
  call.set("function", std::move(function));
}

// ollama's messages name the thinking "thinking". Its calls have no ids, and their arguments are objects. The results
// come in the order of the calls.
void translate_messages(Json& body) {
  const Json* const given = body.find("messages");
  if (!given || !given->array()) return;
  Json::Array messages = *given->array();
  i64 calls = 0, results = 0;
  for (Json& message : messages) {
    if (const Json* thinking = message.find("thinking"); thinking && !message.find("reasoning_content"))
      message.set("reasoning_content", *thinking);
    if (const Json* made = message.find("tool_calls"); made && made->array()) {
      Json::Array open = *made->array();
      for (Json& call : open) translate_call(call, calls++);
      message.set("tool_calls", std::move(open));
    }
    const Json* const role = message.find("role");
    if (role && role->string() && *role->string() == "tool" && !message.find("tool_call_id"))
      message.set("tool_call_id", fmt::format("call_{}", results++));
  }
  body.set("messages", std::move(messages));
}

// What is known of a model before it is loaded is its name only.
Json model_details(const ServedModels::View& view) {
  if (!view.model) return Json(Json::Object{});
  const ServedModel& model = *view.model;
  const ModelInfo& info = model.session().model().info();
  return Json::object({{"format", model.session().path().extension() == ".gguf" ? "gguf" : "safetensors"},
                       {"family", info.architecture},
                       {"parameter_size", fmt::format("{:.1f}M", static_cast<double>(info.parameters) / 1e6)},
                       {"quantization_level", ""}});
}

}  // namespace

EndpointResult ollama_chat(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  Json open = R1_TRY(from_ollama(serving, body));
  translate_messages(open);
  const GenerationFields fields = R1_TRY(fields_of(serving, open));
  GenerationJob job = R1_TRY(chat_job(serving, request, open, fields, kOllamaNames));
  job.format = ollama_format(job.header, fields.stream, OllamaForm::chat);
  return started(serving, std::move(job), std::move(wake));
}

EndpointResult ollama_generate(const Serving& serving, const HttpRequest& request, const Json& body, Wake wake) {
  Json open = R1_TRY(from_ollama(serving, body));
  const CheckedFields in(body);
  const std::string* const prompt = in.text("prompt");
  if (!prompt) return bad_field("prompt", "prompt: missing", "missing_required_parameter");
  const GenerationFields fields = R1_TRY(fields_of(serving, open));
  GenerationJob job;
  if (in.is_set("raw")) {
    job = R1_TRY(prompt_job(serving, request, serving.model->session().raw_prompt(*prompt), fields, {}));
    R1_TRY(constrain(serving, open, job.request, kOllamaNames));
  } else {
    Json messages = Json::Array{};
    if (const std::string* system = in.text("system"))
      messages.push(Json::object({{"role", "system"}, {"content", *system}}));
    messages.push(Json::object({{"role", "user"}, {"content", *prompt}}));
    open.set("messages", std::move(messages));
    job = R1_TRY(chat_job(serving, request, open, fields, kOllamaNames));
  }
  job.format = ollama_format(job.header, fields.stream, OllamaForm::generate);
  return started(serving, std::move(job), std::move(wake));
}

EndpointResult ollama_tags(const Serving& serving, const HttpRequest&, const Json&, Wake) {
  Json models = Json::Array{};
  for (i64 i = 0; i < serving.models.count(); ++i) {
    const ServedModel::Names& served = serving.models.entry(i).names;
    const Json details = model_details(serving.models.view(i));
    std::vector<std::string> names{served.id};
    names.insert(names.end(), served.aliases.begin(), served.aliases.end());
    for (const std::string& name : names)
      models.push(Json::object({{"name", name + ":latest"},
                                {"model", name + ":latest"},
                                {"modified_at", utc_time(serving.models.created())},
                                {"size", 0},
                                {"digest", ""},
                                {"details", details}}));
  }
  return json_reply(Json::object({{"models", std::move(models)}}));
}

EndpointResult ollama_version(const Serving&, const HttpRequest&, const Json&, Wake) {
  return json_reply(Json::object({{"version", R1_VERSION}}));
}

}  // namespace r1
