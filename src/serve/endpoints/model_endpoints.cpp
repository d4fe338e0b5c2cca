// Paths that ask about the model, and those that need its tokenizer and template only.
#include "formats/utf8.hpp"
#include "serve/generation_job.hpp"

namespace r1 {
namespace {

constexpr double kMostDetokenized = 10'000'000;  // of /detokenize

const char* name_of(ServedModels::State state) {
  switch (state) {
    case ServedModels::State::unloaded: return "unloaded";
    case ServedModels::State::loading: return "loading";
    case ServedModels::State::loaded: break;
  }
  return "loaded";
}

Json model_json(ServedModels& models, i64 index) {
  const ServedModel::Names& names = models.entry(index).names;
  const ServedModels::View view = models.view(index);
  Json out = Json::object({{"id", names.id},
                           {"object", "model"},
                           {"created", models.created()},
                           {"owned_by", "r1.cpp"},
                           {"aliases", Json::array_of(names.aliases)},
                           {"status", name_of(view.state)}});
  if (view.state == ServedModels::State::loading) out.set("progress", view.progress);
  if (!view.model) return out;
  const ModelInfo& info = view.model->session().model().info();
  out.set("context_length", view.model->host().context());
  out.set("max_model_len", view.model->host().context());
  out.set("meta", Json::object({{"n_params", info.parameters},
                                {"n_active_params", info.active_parameters},
                                {"architecture", info.architecture}}));
  return out;
}

}  // namespace

std::unique_ptr<Reply> json_reply(const Json& json) {
  return whole_reply({.content_type = std::string(kJsonType)}, dump(json));
}

std::string model_name(const Json& body, Dialect dialect) {
  constexpr std::string_view kLatest = ":latest";  // what ollama's clients add
  std::string name = text_member(body, "model");
  if (dialect == Dialect::ollama && name.ends_with(kLatest)) name.resize(name.size() - kLatest.size());
  return name;
}

ApiResult<i64> model_named(const ServedModels& models, const std::string& name) {
  if (name.empty()) return 0;
  if (const auto index = models.find(name)) return *index;
  std::string known;
  for (i64 i = 0; i < models.count(); ++i) known += (i ? ", " : "") + models.entry(i).names.id;
  return tl::unexpected(ApiError{404, "model_not_found",
                                 fmt::format("model: {} is not served here; known: {}", quoted_text(name), known),
                                 "model"});
}

EndpointResult list_models(const Serving& serving, const HttpRequest&, const Json&, Wake) {
  Json models = Json::Array{};
  for (i64 i = 0; i < serving.models.count(); ++i) models.push(model_json(serving.models, i));
  return json_reply(Json::object({{"object", "list"}, {"data", std::move(models)}}));
}

EndpointResult one_model(const Serving& serving, const HttpRequest& request, const Json&, Wake) {
  constexpr std::string_view kModels = "/models/";
  const std::string name = request.path.substr(request.path.find(kModels) + kModels.size());
  return json_reply(model_json(serving.models, R1_TRY(model_named(serving.models, name))));
}

EndpointResult tokenize(const Serving& serving, const HttpRequest&, const Json& body, Wake) {
  static constexpr FieldRule kRules[] = {{"content", JsonKind::text},
                                         {"add_special", JsonKind::boolean},
                                         {"parse_special", JsonKind::boolean},
                                         {"with_pieces", JsonKind::boolean}};
  R1_TRY(check_fields(body, kRules));
  const CheckedFields in(body);
  const std::string* const content = in.text("content");
  if (!content) return bad_field("content", "content: missing", "missing_required_parameter");
  const Tokenizer& tokenizer = serving.model->session().tokenizer();
  const bool special = in.boolean("parse_special").value_or(true);
  std::vector<i32> ids =
      tokenizer.encode(*content, special ? Tokenizer::Special::recognise : Tokenizer::Special::as_text);
  const Tokenizer::Roles& roles = tokenizer.roles();
  if (in.is_set("add_special") && roles.add_bos && roles.bos) ids.insert(ids.begin(), *roles.bos);
  if (!in.is_set("with_pieces")) return json_reply(Json::object({{"tokens", Json::array_of(ids)}}));
  Json tokens = Json::Array{};
  for (const i32 id : ids) {
    const std::string_view bytes = tokenizer.bytes_of(id);
    Json piece(bytes);
    if (first_invalid_utf8(bytes) < bytes.size()) {  // a part of a character, as llama.cpp gives it
      piece = Json::Array{};
      for (const unsigned char byte : bytes) piece.push(static_cast<i64>(byte));
    }
    tokens.push(Json::object({{"id", id}, {"piece", std::move(piece)}}));
  }
  return json_reply(Json::object({{"tokens", std::move(tokens)}}));
}

EndpointResult detokenize(const Serving& serving, const HttpRequest&, const Json& body, Wake) {
  static constexpr FieldRule kRules[] = {{"tokens", JsonKind::array, 0, kMostDetokenized}};
  R1_TRY(check_fields(body, kRules));
  const Json* const tokens = CheckedFields(body).find("tokens");
  if (!tokens) return bad_field("tokens", "tokens: missing", "missing_required_parameter");
  const Tokenizer& tokenizer = serving.model->session().tokenizer();
  std::vector<i32> ids;
  for (const Json& item : *tokens->array()) {
    const i64 id = item.integer() ? *item.integer() : -1;
    if (id < 0 || id >= tokenizer.size())
      return bad_field("tokens", fmt::format("tokens[{}]: {}, expected a token from 0 to {}", ids.size(),
                                             item.describe(), tokenizer.size() - 1));
    ids.push_back(static_cast<i32>(id));
  }
  return json_reply(Json::object({{"content", tokenizer.decode(ids)}}));
}

EndpointResult apply_template(const Serving& serving, const HttpRequest&, const Json& body, Wake) {
  const ChatPrompt prompt = R1_TRY(chat_prompt_of(serving, body)).prompt;
  return json_reply(Json::object({{"prompt", serving.model->session().tokenizer().decode(prompt.ids)},
                                  {"tokens", std::ssize(prompt.ids)},
                                  {"thinking", prompt.thinking}}));
}

EndpointResult props(const Serving& serving, const HttpRequest& request, const Json&, Wake) {
  const i64 index =
      R1_TRY(model_named(serving.models, std::string(request.parameter("model").value_or(std::string_view()))));
  const ServedModels::View view = serving.models.view(index);
  Json out = Json::object({{"model", serving.models.entry(index).names.id},
                           {"status", name_of(view.state)},
                           {"build", serving.options.fingerprint},
                           {"modalities", Json::object({{"text", true}, {"vision", false}, {"audio", false}})}});
  const HostStatus status = view.model ? view.model->host().status() : HostStatus();
  out.set("queued", status.queued);
  out.set("running", status.running);
  if (!view.model) return json_reply(out);
  const Session& session = view.model->session();
  const SamplingParams& sampling = session.defaults().sampling;
  const auto& chat = session.chat_template();
  out.set("context_length", view.model->host().context());
  out.set("chat_template", chat ? Json(name_of(chat->kind())) : Json());
  out.set("default_sampling", Json::object({{"temperature", sampling.temperature},
                                            {"top_p", sampling.top_p},
                                            {"top_k", sampling.top_k},
                                            {"min_p", sampling.min_p},
                                            {"repetition_penalty", sampling.repetition_penalty}}));
  return json_reply(out);
}

EndpointResult embeddings(const Serving&, const HttpRequest&, const Json&, Wake) {
  return api_fail(501, "not_supported", "this server computes no embeddings");
}

}  // namespace r1
