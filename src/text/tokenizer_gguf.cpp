// The tokenizer.ggml keys of a GGUF, read and written as llama.cpp has them.
#include <algorithm>

#include "formats/gguf.hpp"
#include "formats/json.hpp"
#include "formats/utf8.hpp"
#include "text/pretokenizer/patterns.hpp"
#include "text/tokenizer_state.hpp"

namespace r1 {
namespace {

using Kind = TokenTable::Kind;

constexpr const char* kKeys = "tokenizer.ggml.";
enum TokenType : i64 { kUndefined, kNormal, kUnknown, kControl, kUserDefined, kUnused, kByte };

std::string key(std::string_view name) { return fmt::format("{}{}", kKeys, name); }
std::string where(const Gguf& file, std::string_view name) { return fmt::format("{}: {}{}", file.path(), kKeys, name); }
std::string pad_text(i64 id) { return fmt::format("[PAD{}]", id); }

// ---- reading

// What fills a vocabulary up to the rows of the embedding is no token, nor is one without a text.
Kind kind_of(i64 type, std::string_view text, i64 id) {
  if (text.empty()) return Kind::none;
  if ((type == kUnused || type == kUserDefined) && text == pad_text(id)) return Kind::none;
  switch (type) {
    case kUnknown:
    case kControl: return Kind::control;
    case kUserDefined: return Kind::user_defined;
    case kUnused: return Kind::unused;
    default: return Kind::normal;
  }
}

Status read_tokens(const Gguf& file, Tokenizer::State& state) {
  const std::vector<std::string_view> texts = R1_TRY(file.texts(key("tokens")));
  const i64 count = static_cast<i64>(texts.size());
  if (count < 1 || count > kMaxTokens) {
    return fail(Errc::corrupt, "{}: {} tokens, expected 1 to {}", where(file, "tokens"), count, kMaxTokens);
  }
  std::vector<i64> types;
  if (file.holds(key("token_type"))) types = R1_TRY(file.integers(key("token_type")));
  if (!types.empty() && static_cast<i64>(types.size()) != count) {
    return fail(Errc::corrupt, "{}: {} entries for {} tokens", where(file, "token_type"), types.size(), count);
  }
  if (file.holds(key("scores")) && file.count(key("scores")) != count) {
    return fail(Errc::corrupt, "{}: {} entries for {} tokens", where(file, "scores"), file.count(key("scores")), count);
  }
  size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  state.tokens.reserve(texts.size(), bytes);
  for (i64 id = 0; id < count; ++id) {
    const std::string_view text = texts[id];
    const i64 type = types.empty() ? i64{kNormal} : types[id];
    if (type < kUndefined || type > kByte) {
      return fail(Errc::corrupt, "{}: token {} has type {}, expected 0 to 6", where(file, "token_type"), id, type);
    }
    const Kind kind = kind_of(type, text, id);
    const bool added = kind == Kind::control || kind == Kind::user_defined;
    if (const size_t most = added ? kMaxAddedBytes : kMaxTokenBytes; text.size() > most) {
      return fail(Errc::corrupt, "{}: token {} has {} bytes, at most {}", where(file, "tokens"), id, text.size(), most);
    }
    if (first_invalid_utf8(text) != text.size()) {
      return fail(Errc::corrupt, "{}: token {} is not UTF-8 at byte {}", where(file, "tokens"), id,
                  first_invalid_utf8(text));
    }
    if (kind == Kind::none) continue;
    if (state.tokens.add(static_cast<i32>(id), text, kind) != TokenTable::Added::yes) {
      return fail(Errc::corrupt, "{}: {} is token {} and token {}", where(file, "tokens"), quoted_text(text),
                  state.tokens.find_text(text), id);
    }
    if (added) state.added.push_back({.token = {.content = std::string(text), .id = static_cast<i32>(id)}});
  }
  return state.find_bytes(where(file, "tokens"));
}

// "left right": the first space that is not the first character parts them.
Status read_merges(const Gguf& file, Tokenizer::State& state) {
  const std::vector<std::string_view> merges = R1_TRY(file.texts(key("merges")));
  if (static_cast<i64>(merges.size()) > kMaxMerges) {
    return fail(Errc::corrupt, "{}: {} merges, at most {}", where(file, "merges"), merges.size(), kMaxMerges);
  }
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const size_t space = merge.find(' ', 1);
    if (space == merge.npos) {
      return fail(Errc::corrupt, "{}[{}]: expected two tokens, found {}", where(file, "merges"), rank,
                  quoted_text(merge));
    }
    if (!state.add_merge(merge.substr(0, space), merge.substr(space + 1), static_cast<i32>(rank))) {
      return fail(Errc::corrupt, "{}[{}]: {} names a token or makes one that is not in the vocabulary",
                  where(file, "merges"), rank, quoted_text(merge));
    }
  }
  return {};
}

// A token's id; none if the key is missing or says -1, as some writers do, or names a row that is no token.
Result<std::optional<i32>> role(const Gguf& file, const Tokenizer::State& state, std::string_view name) {
  if (!file.holds(key(name))) return std::nullopt;
  const i64 id = R1_TRY(file.integer(key(name)));
  if (id == -1 || id == 0xFFFFFFFF) return std::nullopt;
  if (const i64 count = file.count(key("tokens")); id < 0 || id >= count) {
    return fail(Errc::corrupt, "{}: token {} of {}", where(file, name), id, count);
  }
  return state.tokens.kind(static_cast<i32>(id)) == Kind::none ? std::nullopt : std::optional(static_cast<i32>(id));
}

constexpr std::string_view kEnds[] = {"<|eot_id|>",    "<|im_end|>",    "<|end|>",
                                      "<|endoftext|>", "<|eom_id|>",    "<|end_of_text|>",
                                      "<EOT>",         "<end_of_turn>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>"};

// Files older than these keys tell by the text.
std::optional<i32> by_text(const Tokenizer::State& state, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (const i32 id = state.tokens.find_text(text); id >= 0) return id;
  }
  return {};
}

Status read_roles(const Gguf& file, Tokenizer::State& state, bool add_bos) {
  Tokenizer::Roles& roles = state.roles;
  const std::pair<const char*, std::optional<i32>&> names[] = {
      {"bos_token_id", roles.bos}, {"eos_token_id", roles.eos},     {"eot_token_id", roles.eot},
      {"eom_token_id", roles.eom}, {"padding_token_id", roles.pad}, {"unknown_token_id", roles.unknown}};
  for (const auto& [name, id] : names) id = R1_TRY(role(file, state, name));
  if (!roles.eot) roles.eot = by_text(state, {"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>"});
  if (!roles.eom) roles.eom = by_text(state, {"<|eom_id|>"});
  for (const auto& id : {roles.eos, roles.eot, roles.eom}) {
    if (id) roles.ends.push_back(*id);
  }
  for (const std::string_view text : kEnds) {
    if (const auto id = by_text(state, {text})) roles.ends.push_back(*id);
  }
  for (const char* name : {"fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id"}) {
    if (const auto id = R1_TRY(role(file, state, name))) roles.ends.push_back(*id);
  }
  std::sort(roles.ends.begin(), roles.ends.end());
  roles.ends.erase(std::unique(roles.ends.begin(), roles.ends.end()), roles.ends.end());
  roles.add_bos = R1_TRY(file.flag(key("add_bos_token"), add_bos));
  roles.add_eos = R1_TRY(file.flag(key("add_eos_token"), false));
  roles.add_bos = roles.add_bos && roles.bos;
  roles.add_eos = roles.add_eos && roles.eos;
  return {};
}

}  // namespace

Result<Tokenizer> Tokenizer::from_gguf(const Gguf& file) {
  const std::string model = R1_TRY(file.text(key("model")));
  if (model != "gpt2") {
    return fail(Errc::unsupported, "{}: \"{}\", only \"gpt2\" (byte-level BPE) is supported", where(file, "model"),
                model);
  }
  auto state = std::make_unique<State>();
  if (!file.holds(key("pre"))) {
    return fail(Errc::unsupported,
                "{}: missing, as in files from before May 2024, which do not say how text is cut; fetch or convert the "
                "model anew",
                where(file, "pre"));
  }
  state->pre = R1_TRY(file.text(key("pre")));
  auto pre_tokenizer = PreTokenizer::named(state->pre);
  if (!pre_tokenizer) return tl::unexpected(std::move(pre_tokenizer).error().in(where(file, "pre")));
  state->pre_tokenizer = std::move(*pre_tokenizer);
  const KnownPatterns& known = *known_patterns(state->pre);
  state->ignore_merges = known.merges == KnownPatterns::Merges::ignored;
  R1_TRY(read_tokens(file, *state));
  R1_TRY(read_merges(file, *state));
  R1_TRY(read_roles(file, *state, known.add_bos));
  state->finish();
  return Tokenizer(std::move(state));
}

// ---- writing

namespace {

// What convert_hf_to_gguf takes for a control token though its file does not say special.
bool looks_special(std::string_view text) {
  return (text.starts_with("<|") && text.ends_with("|>")) || (text.starts_with("<\uFF5C") && text.ends_with("\uFF5C>"));
}

TokenType type_of(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::normal: return kNormal;
    case Kind::control: return kControl;
    case Kind::user_defined: return looks_special(text) ? kControl : kUserDefined;
    default: return kUnused;
  }
}

}  // namespace

Result<std::vector<std::pair<std::string, GgufValue>>> Tokenizer::to_gguf(i64 rows) const {
  if (pre().empty()) {
    const PreTokenizer& cuts = state_->pre_tokenizer;
    if (const auto other = cuts.pre(!state_->ignore_merges); !other.empty()) {
      return fail(Errc::unsupported,
                  "the tokenizer's ignore_merges is {}, but GGUF's name for its patterns, {}, means {}",
                  state_->ignore_merges, other, !state_->ignore_merges);
    }
    return fail(Errc::unsupported, "the tokenizer's patterns have no name in GGUF: {}",
                cuts.steps().empty() ? "none" : cuts.steps()[0].pattern);
  }
  if (rows && rows < size()) return fail(Errc::invalid_argument, "{} rows for {} tokens", rows, size());
  const TokenTable& table = state_->tokens;
  std::vector<std::string> tokens, merges;
  std::vector<i64> types;
  for (i64 i = 0; i < std::max(rows, size()); ++i) {
    const i32 id = static_cast<i32>(i);
    tokens.push_back(table.kind(id) == Kind::none ? pad_text(i) : table.text(id));
    types.push_back(type_of(table.kind(id), tokens.back()));
  }
  for (const BpeMerges::Merge& m : state_->merges.by_rank()) {
    merges.push_back(fmt::format("{} {}", table.text(m.a), table.text(m.b)));
  }
  std::vector<std::pair<std::string, GgufValue>> out;
  const auto put = [&](std::string_view name, GgufValue value) { out.emplace_back(key(name), std::move(value)); };
  put("model", GgufValue::of_text("gpt2"));
  put("pre", GgufValue::of_text(std::string(pre())));
  put("tokens", GgufValue::of_texts(std::move(tokens)));
  put("token_type", GgufValue::of_integers(GgufType::int32, std::move(types)));
  put("merges", GgufValue::of_texts(std::move(merges)));
  const Roles& r = roles();
  const std::pair<const char*, std::optional<i32>> ids[] = {
      {"bos_token_id", r.bos}, {"eos_token_id", r.eos},         {"eot_token_id", r.eot},
      {"eom_token_id", r.eom}, {"unknown_token_id", r.unknown}, {"padding_token_id", r.pad}};
  for (const auto& [name, id] : ids) {
    if (id) put(name, GgufValue::of_u32(*id));
  }
  put("add_bos_token", GgufValue::of_bool(r.add_bos));
  put("add_eos_token", GgufValue::of_bool(r.add_eos));
  return out;
}

}  // namespace r1
