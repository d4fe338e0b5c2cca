// A tokenizer as tokenizer.json and tokenizer_config.json.
#include "text/tokenizer_json_writer.hpp"

#include "text/tokenizer_state.hpp"

namespace r1 {
namespace {

using Kind = TokenTable::Kind;

Json byte_level() {
  return Json::object(
      {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}});
}

Json pre_tokenizer(const PreTokenizer& cuts) {
  Json::Array steps;
  for (const PreTokenizer::Step& step : cuts.steps()) {
    const char* kind = step.kind == PreTokenizer::Kind::regex ? "Regex" : "String";
    steps.push_back(Json::object({{"type", "Split"},
                                  {"pattern", Json::object({{kind, step.pattern}})},
                                  {"behavior", "Isolated"},
                                  {"invert", false}}));
  }
  steps.push_back(byte_level());
  return Json::object({{"type", "Sequence"}, {"pretokenizers", std::move(steps)}});
}

Json added_tokens(const Tokenizer::State& state) {
  Json::Array tokens;
  for (const auto& [token, normalized] : state.added) {
    tokens.push_back(Json::object({{"id", token.id},
                                   {"content", token.content},
                                   {"single_word", token.single_word},
                                   {"lstrip", token.strip_left},
                                   {"rstrip", token.strip_right},
                                   {"normalized", normalized},
                                   {"special", state.tokens.kind(token.id) == Kind::control}}));
  }
  return tokens;
}

// Added tokens are in it too: their ids are those of the vocabulary, where the reading library would count its own.
Json vocabulary(const Tokenizer::State& state) {
  Json::Object vocab;
  for (i32 id = 0; id < state.tokens.size(); ++id) {
    if (state.tokens.kind(id) != Kind::none) vocab.emplace_back(state.tokens.text(id), id);
  }
  return vocab;
}

// Puts bos and eos around the text, where the tokenizer does.
Json post_processor(const Tokenizer& tokenizer) {
  const Tokenizer::Roles& roles = tokenizer.roles();
  if (!roles.add_bos && !roles.add_eos) return byte_level();
  Json special_tokens = Json::Object{};
  const auto mark = [&](i32 id) {
    const std::string_view text = tokenizer.bytes_of(id);
    special_tokens.set(text, Json::object({{"id", text}, {"ids", Json::array({id})}, {"tokens", Json::array({text})}}));
    return Json::object({{"SpecialToken", Json::object({{"id", text}, {"type_id", 0}})}});
  };
  const auto around = [&](const char* name, i64 type, Json::Array& out) {
    if (roles.add_bos) out.push_back(mark(*roles.bos));
    out.push_back(Json::object({{"Sequence", Json::object({{"id", name}, {"type_id", type}})}}));
    if (roles.add_eos) out.push_back(mark(*roles.eos));
  };
  Json::Array single, pair;
  around("A", 0, single), around("A", 0, pair), around("B", 1, pair);
  const Json around_text = Json::object({{"type", "TemplateProcessing"},
                                         {"single", std::move(single)},
                                         {"pair", std::move(pair)},
                                         {"special_tokens", special_tokens}});
  return Json::object({{"type", "Sequence"}, {"processors", Json::array({byte_level(), around_text})}});
}

}  // namespace

Json bpe_model_json(Json vocab, Json merges, bool ignore_merges) {
  const Json null;
  return Json::object({{"type", "BPE"},
                       {"dropout", null},
                       {"unk_token", null},
                       {"continuing_subword_prefix", null},
                       {"end_of_word_suffix", null},
                       {"fuse_unk", false},
                       {"byte_fallback", false},
                       {"ignore_merges", ignore_merges},
                       {"vocab", std::move(vocab)},
                       {"merges", std::move(merges)}});
}

std::string Tokenizer::to_json() const {
  const State& state = *state_;
  Json::Array merges;
  for (const BpeMerges::Merge& m : state.merges.by_rank()) {
    merges.push_back(Json::array({state.tokens.text(m.a), state.tokens.text(m.b)}));
  }
  const Json null;
  return dump(Json::object({{"version", "1.0"},
                            {"truncation", null},
                            {"padding", null},
                            {"added_tokens", added_tokens(state)},
                            {"normalizer", state.nfc ? Json::object({{"type", "NFC"}}) : null},
                            {"pre_tokenizer", pre_tokenizer(state.pre_tokenizer)},
                            {"post_processor", post_processor(*this)},
                            {"decoder", byte_level()},
                            {"model", bpe_model_json(vocabulary(state), std::move(merges), state.ignore_merges)}}),
              1);
}

std::string Tokenizer::to_config_json() const { return to_config_json(Json()); }

std::string Tokenizer::to_config_json(const Json& chat_template) const {
  Json json = Json::object({{"add_bos_token", roles().add_bos}, {"add_eos_token", roles().add_eos}});
  const std::pair<const char*, std::optional<i32>> names[] = {{"bos_token", roles().bos},
                                                              {"eos_token", roles().eos},
                                                              {"pad_token", roles().pad},
                                                              {"unk_token", roles().unknown}};
  for (const auto& [key, id] : names) {
    if (id) json.set(key, bytes_of(*id));
  }
  json.set("clean_up_tokenization_spaces", false);
  if (!chat_template.is_null()) json.set("chat_template", chat_template);
  json.set("tokenizer_class", "PreTrainedTokenizerFast");
  return dump(json, 2);
}

}  // namespace r1
