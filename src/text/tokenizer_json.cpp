// Reading tokenizer.json. The vocabulary and the merges, all but a few KB of it, are read by simdjson as they stand;
// the rest becomes Json. simdjson stays in this file.
#include <simdjson.h>

#include <algorithm>

#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "text/tokenizer_state.hpp"

namespace r1 {
namespace {

using Kind = TokenTable::Kind;
namespace od = simdjson::ondemand;

constexpr size_t kMaxFile = 256u << 20, kMaxConfig = 16u << 20;
constexpr size_t kMaxSection = 1u << 20;  // limit on the text of each part that is parsed into a Json value

std::string_view reason(simdjson::error_code error) { return simdjson::error_message(error); }

// ---- the file's two levels of objects

class Reader {
 public:
  Reader(std::string_view json, std::string_view source, Tokenizer::State& state)
      : json_(json), source_(source), state_(state) {}

  // Puts the vocabulary and the merges into the state and returns the other members, without the added tokens.
  Result<Json> run() {
    R1_TRY(pass());
    if (merges_skipped_) {  // the merges stood before the vocabulary in the file
      second_ = true;
      R1_TRY(pass());
    }
    if (model_.object()) root_.set("model", std::move(model_));
    const JsonFields file = R1_TRY(JsonFields::of(root_, std::string(source_)));
    const JsonFields model = R1_TRY(file.object("model"));
    for (const char* key : {vocab_seen_ ? nullptr : "vocab", merges_seen_ ? nullptr : "merges"}) {
      if (key) return fail(Errc::corrupt, "{}: missing", model.where(key));
    }
    return std::move(root_);
  }
  struct Added {
    Tokenizer::State::Added what;
    Kind kind;
  };
  std::vector<Added>& added_tokens() { return added_tokens_; }

 private:
  template <class... A>
  tl::unexpected<Error> corrupt(std::string_view where, fmt::format_string<A...> format, A&&... args) const {
    return fail(Errc::corrupt, "{}: {}: {}", source_, where, fmt::format(format, std::forward<A>(args)...));
  }

  Status pass() {
    od::document document;
    od::object root;
    if (const auto e = parser_.iterate(json_).get(document)) return fail(Errc::corrupt, "{}: {}", source_, reason(e));
    if (const auto e = document.get_object().get(root)) return fail(Errc::corrupt, "{}: {}", source_, reason(e));
    R1_TRY(members(root, "", [&](std::string_view key, od::value value) { return root_member(key, value); }));
    if (const auto rest = document.current_location(); !rest.error()) {
      return fail(Errc::corrupt, "{}: more follows the object at byte {}", source_, rest.value_unsafe() - json_.data());
    }
    return {};
  }

  // Calls fn(key, value) for each member. Errors name the member.
  template <class F>
  Status members(od::object& object, std::string_view path, F&& fn) {
    for (auto item : object) {
      od::field field;
      std::string_view key;
      if (const auto e = std::move(item).get(field)) return corrupt(path, "{}", reason(e));
      if (const auto e = field.unescaped_key().get(key)) return corrupt(path, "{}", reason(e));
      R1_TRY(fn(key, field.value()));
    }
    return {};
  }

  Status root_member(std::string_view key, od::value value) {
    if (key == "model") {
      od::object model;
      if (value.get_object().get(model)) return is_null(value) ? Status{} : corrupt(key, "expected an object");
      if (model_seen_ && !second_) return corrupt(key, "given twice");
      model_seen_ = true;
      if (!second_) model_ = Json::Object{};
      return members(model, key, [&](std::string_view k, od::value v) { return model_member(k, v); });
    }
    if (second_) return {};
    if (key == "added_tokens") {
      od::array tokens;
      if (added_seen_) return corrupt(key, "given twice");
      if (value.get_array().get(tokens)) return is_null(value) ? Status{} : corrupt(key, "expected an array");
      added_seen_ = true;
      for (auto item : tokens) {
        od::value token;
        if (const auto e = std::move(item).get(token)) return corrupt(key, "{}", reason(e));
        R1_TRY(added_token(token, fmt::format("added_tokens[{}]", added_tokens_.size())));
      }
      return {};
    }
    return keep(root_, key, value, std::string(key));
  }

  Status added_token(od::value value, const std::string& where) {
    const Json json = R1_TRY(as_json(value, where));
    const JsonFields fields = R1_TRY(JsonFields::of(json, fmt::format("{}: {}", source_, where)));
    Added& added = added_tokens_.emplace_back();
    AddedToken& token = added.what.token;
    token.id = static_cast<i32>(R1_TRY(fields.integer_in("id", 0, kMaxTokens - 1)));
    token.content = R1_TRY(fields.string("content"));
    if (token.content.empty() || token.content.size() > kMaxAddedBytes) {
      return fail(Errc::corrupt, "{}: {} bytes, expected 1 to {}", fields.where("content"), token.content.size(),
                  kMaxAddedBytes);
    }
    token.single_word = R1_TRY(fields.boolean("single_word", false));
    token.strip_left = R1_TRY(fields.boolean("lstrip", false));
    token.strip_right = R1_TRY(fields.boolean("rstrip", false));
    added.what.normalized = R1_TRY(fields.boolean("normalized", false));
    added.kind = R1_TRY(fields.boolean("special", false)) ? Kind::control : Kind::user_defined;
    return {};
  }

  Status model_member(std::string_view key, od::value value) {
    if (key == "vocab") return second_ ? Status{} : vocabulary(value);
    if (key == "merges") {
      if (merges_seen_) return corrupt("model.merges", "given twice");
      if (!vocab_seen_) return merges_skipped_ = true, Status{};
      merges_seen_ = true;
      return merges(value);
    }
    return second_ ? Status{} : keep(model_, key, value, fmt::format("model.{}", key));
  }

  static bool is_null(od::value value) {
    od::json_type type;
    return !value.type().get(type) && type == od::json_type::null;
  }

  Status keep(Json& object, std::string_view key, od::value value, const std::string& where) {
    if (object.find(key)) return corrupt(where, "given twice");
    object.set(key, R1_TRY(as_json(value, where)));
    return {};
  }

  Result<Json> as_json(od::value value, const std::string& where) {
    od::json_type type;
    simdjson::error_code e = value.type().get(type);
    std::string_view text;
    if (!e && type == od::json_type::object) {
      od::object object;
      if (!(e = value.get_object().get(object))) e = object.raw_json().get(text);
    } else if (!e && type == od::json_type::array) {
      od::array array;
      if (!(e = value.get_array().get(array))) e = array.raw_json().get(text);
    } else if (!e) {
      text = value.raw_json_token();
    }
    if (e) return corrupt(where, "{}", reason(e));
    if (text.size() > kMaxSection) return corrupt(where, "{} bytes, at most {}", text.size(), kMaxSection);
    return parse_json(text, fmt::format("{}: {}", source_, where));
  }

  Status vocabulary(od::value value) {
    od::object vocab;
    if (vocab_seen_) return corrupt("model.vocab", "given twice");
    if (value.get_object().get(vocab)) return corrupt("model.vocab", "expected an object");
    vocab_seen_ = true;
    TokenTable& tokens = state_.tokens;
    R1_TRY(members(vocab, "model.vocab", [&](std::string_view token, od::value id) -> Status {
      i64 n = -1;
      if (id.get_int64().get(n) || n < 0 || n >= kMaxTokens || token.empty() || token.size() > kMaxTokenBytes) {
        return corrupt("model.vocab", "token {} with id {}, expected 0 to {}", quoted_text(token),
                       id.raw_json_token().substr(0, 32), kMaxTokens - 1);
      }
      const auto added = tokens.add(static_cast<i32>(n), token, Kind::normal);
      if (added == TokenTable::Added::id_taken) return corrupt("model.vocab", "id {} is given twice", n);
      if (added != TokenTable::Added::yes) return corrupt("model.vocab", "token {} is given twice", quoted_text(token));
      return {};
    }));
    if (tokens.size() == 0) return corrupt("model.vocab", "no tokens");
    return state_.find_bytes(fmt::format("{}: model.vocab", source_));
  }

  // A merge is "a b" in older files and ["a", "b"] in newer ones.
  Status merges(od::value value) {
    od::array list;
    if (value.get_array().get(list)) return corrupt("model.merges", "expected an array");
    i32 rank = 0;
    for (auto item : list) {
      od::value merge;
      std::string_view a, b;
      if (const auto e = std::move(item).get(merge)) return corrupt("model.merges", "{}", reason(e));
      if (rank == kMaxMerges) return corrupt("model.merges", "more than {}", kMaxMerges);
      if (!merge_parts(merge, a, b)) {
        return corrupt(fmt::format("model.merges[{}]", rank), "expected two tokens, found something else");
      }
      if (!state_.add_merge(a, b, rank)) {
        return corrupt(fmt::format("model.merges[{}]", rank),
                       "{} and {} name a token or make one that is not in the vocabulary", quoted_text(a),
                       quoted_text(b));
      }
      ++rank;
    }
    return {};
  }

  static bool merge_parts(od::value& merge, std::string_view& a, std::string_view& b) {
    std::string_view text;
    if (!merge.get_string().get(text)) {
      const size_t space = text.find(' ');
      if (space == text.npos || text.find(' ', space + 1) != text.npos) return false;
      a = text.substr(0, space), b = text.substr(space + 1);
      return true;
    }
    od::array pair;
    if (merge.get_array().get(pair)) return false;
    int parts = 0;
    for (auto item : pair) {
      if (parts == 2 || std::move(item).get_string().get(parts == 0 ? a : b)) return false;
      ++parts;
    }
    return parts == 2;
  }

  simdjson::padded_string json_;
  std::string_view source_;
  Tokenizer::State& state_;
  od::parser parser_;
  Json root_ = Json::Object{}, model_;  // the members that were parsed into Json so far
  std::vector<Added> added_tokens_;
  bool second_ = false, model_seen_ = false, added_seen_ = false;
  bool vocab_seen_ = false, merges_seen_ = false, merges_skipped_ = false;
};

// ---- what the sections say

Status read_model(const JsonFields& model, Tokenizer::State& state) {
  if (const std::string type = R1_TRY(model.string("type", "BPE")); type != "BPE") {
    return fail(Errc::unsupported, "{}: {}, only BPE is supported", model.where("type"), type);
  }
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!R1_TRY(model.string(affix, "")).empty()) {
      return fail(Errc::unsupported, "{}: not supported", model.where(affix));
    }
  }
  if (R1_TRY(model.number("dropout", 0)) != 0) {
    return fail(Errc::unsupported, "{}: not supported", model.where("dropout"));
  }
  if (R1_TRY(model.boolean("byte_fallback", false))) {
    return fail(Errc::unsupported, "{}: not supported", model.where("byte_fallback"));
  }
  state.ignore_merges = R1_TRY(model.boolean("ignore_merges", false));
  const bool complete = std::find(state.byte_ids.begin(), state.byte_ids.end(), -1) == state.byte_ids.end();
  if (const std::string unknown = R1_TRY(model.string("unk_token", "")); !unknown.empty() && !complete) {
    state.unknown_byte = state.tokens.find_text(unknown);
    if (state.unknown_byte < 0) {
      return fail(Errc::corrupt, "{}: {} is not in the vocabulary", model.where("unk_token"), quoted_text(unknown));
    }
  }
  return {};
}

Status read_normalizer(const JsonFields& normalizer, bool& nfc, int depth) {
  const std::string type = R1_TRY(normalizer.string("type"));
  if (type == "NFC") return nfc = true, Status{};
  if (type != "Sequence" || depth > 4) {
    return fail(Errc::unsupported, "{}: {}, only NFC is supported", normalizer.where("type"), type);
  }
  const Json::Array& steps = *R1_TRY(normalizer.array("normalizers"));
  for (const Json& step : steps) {
    const JsonFields inner = R1_TRY(JsonFields::of(step, normalizer.where("normalizers")));
    R1_TRY(read_normalizer(inner, nfc, depth + 1));
  }
  return {};
}

Status read_split(const JsonFields& step, PreTokenizer& out) {
  if (const std::string behavior = R1_TRY(step.string("behavior")); behavior != "Isolated") {
    return fail(Errc::unsupported, "{}: {}, only Isolated is supported", step.where("behavior"), behavior);
  }
  if (R1_TRY(step.boolean("invert", false))) {
    return fail(Errc::unsupported, "{}: true is not supported", step.where("invert"));
  }
  const JsonFields pattern = R1_TRY(step.object("pattern"));
  const bool is_regex = pattern.has("Regex");
  const std::string text = R1_TRY(pattern.string(is_regex ? "Regex" : "String"));
  if (Status added = out.add(text, is_regex ? PreTokenizer::Kind::regex : PreTokenizer::Kind::literal); !added) {
    return tl::unexpected(std::move(added).error().in(step.where("pattern")));
  }
  return {};
}

// Appends the step's patterns; `byte_level` tells whether a ByteLevel step was among them.
Status read_pre_tokenizer(const JsonFields& step, PreTokenizer& out, bool& byte_level, int depth) {
  const std::string type = R1_TRY(step.string("type"));
  if (type == "Sequence" && depth <= 4) {
    const Json::Array& steps = *R1_TRY(step.array("pretokenizers"));
    for (const Json& item : steps) {
      const JsonFields inner = R1_TRY(JsonFields::of(item, step.where("pretokenizers")));
      R1_TRY(read_pre_tokenizer(inner, out, byte_level, depth + 1));
    }
    return {};
  }
  if (byte_level) {
    return fail(Errc::unsupported, "{}: {} after ByteLevel is not supported", step.where("type"), type);
  }
  if (type == "Split") return read_split(step, out);
  if (type == "Digits") return out.add(R1_TRY(step.boolean("individual_digits", false)) ? R"(\p{N})" : R"(\p{N}+)");
  if (type != "ByteLevel") return fail(Errc::unsupported, "{}: {} is not supported", step.where("type"), type);
  byte_level = true;
  if (R1_TRY(step.boolean("add_prefix_space", true))) {
    return fail(Errc::unsupported, "{}: true is not supported", step.where("add_prefix_space"));
  }
  return R1_TRY(step.boolean("use_regex", true)) ? out.add(kGpt2Pattern) : Status{};
}

Status add_token(Reader::Added added, const std::string& where, Tokenizer::State& state) {
  const AddedToken& token = added.what.token;
  const i32 known = state.tokens.find_text(token.content);
  const bool again = known >= 0 && state.tokens.kind(known) != Kind::normal;
  auto outcome = TokenTable::Added::text_taken;
  if (known < 0) outcome = state.tokens.add(token.id, token.content, added.kind);
  else if (known == token.id && !again) state.tokens.set_kind(known, added.kind), outcome = TokenTable::Added::yes;
  if (outcome != TokenTable::Added::yes) {
    return fail(Errc::corrupt, "{}: {} as token {}, but that {} is taken", where, Json(token.content).describe(),
                token.id, outcome == TokenTable::Added::id_taken ? "id" : "text");
  }
  state.added.push_back(std::move(added.what));
  return {};
}

// ---- which tokens open and close a text

// What a TemplateProcessing puts before and after the text.
Status read_post_processor(const JsonFields& step, Tokenizer::State& state, int depth) {
  const std::string type = R1_TRY(step.string("type"));
  if (type == "Sequence" && depth <= 4) {
    const Json::Array& steps = *R1_TRY(step.array("processors"));
    for (const Json& item : steps) {
      const JsonFields inner = R1_TRY(JsonFields::of(item, step.where("processors")));
      R1_TRY(read_post_processor(inner, state, depth + 1));
    }
    return {};
  }
  if (type != "TemplateProcessing") return {};
  const Json::Array& single = *R1_TRY(step.array("single"));
  const auto token = [&](const Json& item) -> std::optional<i32> {
    const Json* special = item.find("SpecialToken");
    const Json* name = special ? special->find("id") : nullptr;
    const i32 id = name && name->string() ? state.tokens.find_text(*name->string()) : -1;
    return id < 0 ? std::nullopt : std::optional(id);
  };
  if (single.empty()) return {};
  if (const auto bos = token(single.front())) state.roles.bos = bos, state.roles.add_bos = true;
  if (single.size() == 1) return {};
  if (const auto eos = token(single.back())) state.roles.eos = eos, state.roles.add_eos = true;
  return {};
}

// A token by its text, or by an object with its text; none if it is null or names no token of the vocabulary.
Result<std::optional<i32>> role(const JsonFields& config, const char* key, const Tokenizer::State& state) {
  const Json* value = config.find(key);
  if (!value) return std::nullopt;
  const Json* content = value->object() ? value->find("content") : value;
  if (!content || !content->string()) {
    return fail(Errc::corrupt, "{}: expected a token, found {}", config.where(key), value->describe());
  }
  const i32 id = state.tokens.find_text(*content->string());
  return id < 0 ? std::nullopt : std::optional(id);
}

Status read_config(const JsonFields& config, Tokenizer::State& state) {
  Tokenizer::Roles& roles = state.roles;
  const std::pair<const char*, std::optional<i32>&> names[] = {
      {"bos_token", roles.bos}, {"eos_token", roles.eos}, {"pad_token", roles.pad}, {"unk_token", roles.unknown}};
  for (const auto& [key, id] : names) {
    if (const auto found = R1_TRY(role(config, key, state))) id = found;
  }
  // LlamaTokenizer adds a begin-of-sentence token unless the file says otherwise. For the other classes the
  // post-processor decides.
  const bool llama = R1_TRY(config.string("tokenizer_class", "")).starts_with("LlamaTokenizer");
  roles.add_bos = R1_TRY(config.boolean("add_bos_token", llama || roles.add_bos)) && roles.bos.has_value();
  roles.add_eos = R1_TRY(config.boolean("add_eos_token", roles.add_eos)) && roles.eos.has_value();
  return {};
}

}  // namespace

Result<Tokenizer> Tokenizer::parse(std::string_view json, std::string_view source, std::string_view config) {
  if (json.size() > kMaxFile) return fail(Errc::corrupt, "{}: {} bytes, at most {}", source, json.size(), kMaxFile);
  auto state = std::make_unique<State>();
  Reader reader(json, source, *state);
  const Json root = R1_TRY(reader.run());
  const JsonFields file = R1_TRY(JsonFields::of(root, std::string(source)));
  R1_TRY(read_model(R1_TRY(file.object("model")), *state));
  if (file.has("normalizer")) R1_TRY(read_normalizer(R1_TRY(file.object("normalizer")), state->nfc, 0));
  bool byte_level = false;
  if (file.has("pre_tokenizer")) {
    R1_TRY(read_pre_tokenizer(R1_TRY(file.object("pre_tokenizer")), state->pre_tokenizer, byte_level, 0));
  }
  if (!byte_level) {
    return fail(Errc::unsupported, "{}: no ByteLevel step: only byte-level tokenizers are supported",
                file.where("pre_tokenizer"));
  }
  for (size_t i = 0; i < reader.added_tokens().size(); ++i) {
    const std::string where = file.where(fmt::format("added_tokens[{}].content", i));
    R1_TRY(add_token(std::move(reader.added_tokens()[i]), where, *state));
  }
  if (file.has("post_processor")) R1_TRY(read_post_processor(R1_TRY(file.object("post_processor")), *state, 0));
  if (!config.empty()) {
    const std::string where = fmt::format("{}: tokenizer_config.json", source);
    if (config.size() > kMaxConfig) {
      return fail(Errc::corrupt, "{}: {} bytes, at most {}", where, config.size(), kMaxConfig);
    }
    const Json about = R1_TRY(parse_json(config, where));
    R1_TRY(read_config(R1_TRY(JsonFields::of(about, where)), *state));
  }
  if (state->roles.eos) state->roles.ends = {*state->roles.eos};
  state->finish();
  return Tokenizer(std::move(state));
}

}  // namespace r1
