#include "formats/tokenizer.hpp"

#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "core/file.hpp"
#include "formats/added_tokens.hpp"
#include "formats/bpe.hpp"
#include "formats/json.hpp"
#include "formats/pretokenizer.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr i64 kMaxTokens = 1 << 22, kMaxMerges = 1 << 23;
constexpr size_t kMaxFile = 256u << 20, kMaxTokenBytes = 64u << 10;
constexpr size_t kMaxAddedBytes = 1024;  // looking for them may take this often the length of a text

void append_nfc(std::string_view text, std::string& out) {
  utf8proc_uint8_t* composed = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &composed,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (length >= 0) out.append(reinterpret_cast<const char*>(composed), static_cast<size_t>(length));
  else out += text;
  std::free(composed);
}

// Bytes of the combining marks at the front of valid UTF-8, and how many they are.
std::pair<size_t, i64> marks_at(std::string_view text) {
  size_t bytes = 0;
  i64 count = 0;
  for (; bytes < text.size(); ++count) {
    const std::string_view rest = text.substr(bytes);
    if (utf8proc_get_property(static_cast<utf8proc_int32_t>(utf8_code_point(rest)))->combining_class == 0) break;
    bytes += utf8_length(rest);
  }
  return {bytes, count};
}

// NFC of the parts that are UTF-8; other bytes stay as they are. So do runs of more marks than any script has (UAX #15,
// stream-safe text), for sorting them takes the square of their number.
std::string to_nfc(std::string_view text) {
  constexpr i64 kMostMarks = 30;
  std::string out;
  while (!text.empty()) {
    const std::string_view valid = text.substr(0, first_invalid_utf8(text));
    size_t done = 0;
    for (size_t at = 0; at < valid.size();) {
      const auto [bytes, count] = marks_at(valid.substr(at));
      if (count > kMostMarks) {
        append_nfc(valid.substr(done, at - done), out);
        out += valid.substr(at, bytes);
        done = at + bytes;
      }
      at += bytes ? bytes : utf8_length(valid.substr(at));
    }
    append_nfc(valid.substr(done), out);
    text.remove_prefix(valid.size());
    if (!text.empty()) out += text[0], text.remove_prefix(1);
  }
  return out;
}

}  // namespace

struct Tokenizer::State {
  std::vector<std::string> bytes;  // by id
  std::vector<char> added;         // by id
  std::array<i32, 256> byte_ids{};
  BpeMerges merges;
  std::unordered_map<std::string, i32> by_bytes;    // only with ignore_merges
  std::unordered_map<std::string, i32> added_ids;   // by content
  AddedTokens raw_added, normalized_added;
  PreTokenizer pre_tokenizer;
  bool nfc = false;

  void encode_plain(std::string_view text, std::vector<i32>& ids) const;
  void encode_piece(std::string_view piece, std::vector<i32>& symbols, std::vector<i32>& ids) const;
};

void Tokenizer::State::encode_piece(std::string_view piece, std::vector<i32>& symbols, std::vector<i32>& ids) const {
  if (!by_bytes.empty()) {
    if (const auto whole = by_bytes.find(std::string(piece)); whole != by_bytes.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  symbols.resize(piece.size());
  for (size_t i = 0; i < piece.size(); ++i) symbols[i] = byte_ids[static_cast<u8>(piece[i])];
  merges.apply(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void Tokenizer::State::encode_plain(std::string_view text, std::vector<i32>& ids) const {
  std::vector<i32> symbols;
  pre_tokenizer.split(text, [&](std::string_view piece) { encode_piece(piece, symbols, ids); });
}

// ---- reading tokenizer.json

namespace {

using TokenIds = std::unordered_map<std::string, i32>;  // by the text in the file

template <class State>
Status read_vocab(const JsonFields& model, State& state, TokenIds& ids) {
  R1_TRY(model.object("vocab"));
  const Json::Object& vocab = *model.find("vocab")->object();
  if (vocab.empty() || static_cast<i64>(vocab.size()) > kMaxTokens) {
    return fail(Errc::corrupt, "{}: {} tokens, expected 1 to {}", model.where("vocab"), vocab.size(), kMaxTokens);
  }
  std::vector<char> seen;
  ids.reserve(vocab.size());
  for (const auto& [token, id] : vocab) {
    const i64* value = id.integer();
    if (!value || *value < 0 || *value >= kMaxTokens || token.empty() || token.size() > kMaxTokenBytes) {
      return fail(Errc::corrupt, "{}: token {} with id {}, expected 0 to {}", model.where("vocab"),
                  Json(token).describe(), id.describe(), kMaxTokens - 1);
    }
    const size_t at = static_cast<size_t>(*value);
    if (at >= seen.size()) seen.resize(at + 1), state.bytes.resize(at + 1);
    if (seen[at]++) return fail(Errc::corrupt, "{}: id {} is given twice", model.where("vocab"), at);
    state.bytes[at] = from_alphabet(token).value_or(token);
    ids.emplace(token, static_cast<i32>(at));
  }
  state.added.resize(state.bytes.size());
  for (u32 byte = 0; byte < 256; ++byte) {
    const auto found = ids.find(to_alphabet(std::string(1, static_cast<char>(byte))));
    if (found == ids.end()) {
      return fail(Errc::unsupported, "{}: no token for byte {}: only byte-level vocabularies are supported",
                  model.where("vocab"), byte);
    }
    state.byte_ids[byte] = found->second;
  }
  return {};
}

// "a b", as older files have it, or ["a", "b"].
std::optional<std::pair<std::string, std::string>> merge_parts(const Json& merge) {
  if (const std::string* text = merge.string()) {
    const size_t space = text->find(' ');
    if (space == text->npos || text->find(' ', space + 1) != text->npos) return {};
    return std::pair(text->substr(0, space), text->substr(space + 1));
  }
  const Json::Array* pair = merge.array();
  if (!pair || pair->size() != 2 || !(*pair)[0].string() || !(*pair)[1].string()) return {};
  return std::pair(*(*pair)[0].string(), *(*pair)[1].string());
}

Status read_merges(const JsonFields& model, const TokenIds& ids, BpeMerges& merges) {
  const Json::Array& list = *R1_TRY(model.array("merges"));
  if (static_cast<i64>(list.size()) > kMaxMerges) {
    return fail(Errc::corrupt, "{}: {} merges, at most {}", model.where("merges"), list.size(), kMaxMerges);
  }
  merges.reserve(list.size());
  for (size_t rank = 0; rank < list.size(); ++rank) {
    const std::string where = fmt::format("merges[{}]", rank);
    const auto parts = merge_parts(list[rank]);
    if (!parts) {
      return fail(Errc::corrupt, "{}: expected two tokens, found {}", model.where(where), list[rank].describe());
    }
    const auto a = ids.find(parts->first), b = ids.find(parts->second), ab = ids.find(parts->first + parts->second);
    if (a == ids.end() || b == ids.end() || ab == ids.end()) {
      return fail(Errc::corrupt, "{}: {} names a token or makes one that is not in the vocabulary", model.where(where),
                  list[rank].describe());
    }
    merges.add(a->second, b->second, static_cast<i32>(rank), ab->second);
  }
  return {};
}

template <class State>
Status read_model(const JsonFields& model, State& state, TokenIds& ids) {
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
  R1_TRY(read_vocab(model, state, ids));
  R1_TRY(read_merges(model, ids, state.merges));
  if (R1_TRY(model.boolean("ignore_merges", false))) {
    for (const auto& [token, id] : ids) state.by_bytes.emplace(state.bytes[static_cast<size_t>(id)], id);
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

template <class State>
Status read_added_token(const JsonFields& token, State& state, const TokenIds& ids) {
  const i64 id = R1_TRY(token.integer_in("id", 0, kMaxTokens - 1));
  const std::string content = R1_TRY(token.string("content"));
  if (content.empty() || content.size() > kMaxAddedBytes) {
    return fail(Errc::corrupt, "{}: {} bytes, expected 1 to {}", token.where("content"), content.size(),
                kMaxAddedBytes);
  }
  if (R1_TRY(token.boolean("single_word", false))) {
    return fail(Errc::unsupported, "{}: true is not supported", token.where("single_word"));
  }
  const size_t at = static_cast<size_t>(id);
  if (at >= state.bytes.size()) state.bytes.resize(at + 1), state.added.resize(at + 1);
  const auto in_vocab = ids.find(content);
  const bool clashes = in_vocab != ids.end() ? in_vocab->second != id : !state.bytes[at].empty();
  if (clashes || !state.added_ids.emplace(content, static_cast<i32>(id)).second) {
    return fail(Errc::corrupt, "{}: {} as token {}, but that {} is taken", token.where("content"),
                Json(content).describe(), id, in_vocab != ids.end() || !clashes ? "text" : "id");
  }
  state.bytes[at] = content;
  state.added[at] = 1;
  const bool normalized = R1_TRY(token.boolean("normalized", false));
  const AddedTokens::Strip strip{R1_TRY(token.boolean("lstrip", false)), R1_TRY(token.boolean("rstrip", false))};
  AddedTokens& finder = normalized ? state.normalized_added : state.raw_added;
  finder.add(normalized && state.nfc ? to_nfc(content) : content, static_cast<i32>(id), strip);
  return {};
}

}  // namespace

Result<Tokenizer> Tokenizer::parse(std::string_view json, std::string_view source) {
  if (json.size() > kMaxFile) return fail(Errc::corrupt, "{}: {} bytes, at most {}", source, json.size(), kMaxFile);
  const Json root = R1_TRY(parse_json(json, source));
  const JsonFields file = R1_TRY(JsonFields::of(root, std::string(source)));
  auto state = std::make_unique<State>();
  TokenIds ids;
  const JsonFields model = R1_TRY(file.object("model"));
  R1_TRY(read_model(model, *state, ids));
  if (file.has("normalizer")) {
    const JsonFields normalizer = R1_TRY(file.object("normalizer"));
    R1_TRY(read_normalizer(normalizer, state->nfc, 0));
  }
  bool byte_level = false;
  if (file.has("pre_tokenizer")) {
    const JsonFields step = R1_TRY(file.object("pre_tokenizer"));
    R1_TRY(read_pre_tokenizer(step, state->pre_tokenizer, byte_level, 0));
  }
  if (!byte_level) {
    return fail(Errc::unsupported, "{}: no ByteLevel step: only byte-level tokenizers are supported",
                file.where("pre_tokenizer"));
  }
  if (file.has("added_tokens")) {
    const Json::Array& added = *R1_TRY(file.array("added_tokens"));
    for (size_t i = 0; i < added.size(); ++i) {
      const JsonFields token = R1_TRY(JsonFields::of(added[i], file.where(fmt::format("added_tokens[{}]", i))));
      R1_TRY(read_added_token(token, *state, ids));
    }
  }
  return Tokenizer(std::move(state));
}

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::filesystem::path file = std::filesystem::is_directory(path, ignored) ? path / "tokenizer.json" : path;
  const FileMap map = R1_TRY(map_file(file));
  return parse({reinterpret_cast<const char*>(map.bytes.data()), map.bytes.size()}, file.string());
}

// ---- use

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<i32> Tokenizer::encode(std::string_view text, Special special) const {
  std::vector<i32> ids;
  const auto plain = [&](std::string_view part) { state_->encode_plain(part, ids); };
  const auto token = [&](i32 id) { ids.push_back(id); };
  if (special == Special::as_text) {
    state_->nfc ? plain(to_nfc(text)) : plain(text);
    return ids;
  }
  state_->raw_added.scan(
      text,
      [&](std::string_view part) {
        const std::string normal = state_->nfc ? to_nfc(part) : std::string(part);
        state_->normalized_added.scan(normal, plain, token);
      },
      token);
  return ids;
}

std::vector<i32> Tokenizer::encode(std::string_view text, std::span<const Range> trusted) const {
  std::vector<i32> ids;
  size_t begin = 0, end = 0;  // ordinary text not yet encoded
  const auto plain = [&](std::string_view part) {
    const auto at = static_cast<size_t>(part.data() - text.data());
    if (begin == end) begin = at;
    end = at + part.size();
  };
  const auto token = [&](i32 id) {
    const std::vector<i32> before = encode(text.substr(begin, end - begin), Special::as_text);
    ids.insert(ids.end(), before.begin(), before.end());
    ids.push_back(id);
    begin = end = 0;
  };
  size_t done = 0;
  for (const Range& r : trusted) {
    if (r.begin > done) plain(text.substr(done, r.begin - done));
    state_->raw_added.scan(
        text.substr(r.begin, r.end - r.begin),
        [&](std::string_view part) { state_->normalized_added.scan(part, plain, token); }, token);
    done = r.end;
  }
  if (done < text.size()) plain(text.substr(done));
  const std::vector<i32> rest = encode(text.substr(begin, end - begin), Special::as_text);
  ids.insert(ids.end(), rest.begin(), rest.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const i32> ids) const {
  std::string text;
  for (const i32 id : ids) text += bytes_of(id);
  return text;
}

const std::string& Tokenizer::bytes_of(i32 id) const {
  static const std::string nothing;
  return id >= 0 && id < size() ? state_->bytes[static_cast<size_t>(id)] : nothing;
}

std::optional<i32> Tokenizer::find(std::string_view token) const {
  const auto found = state_->added_ids.find(std::string(token));
  if (found == state_->added_ids.end()) return {};
  return found->second;
}

bool Tokenizer::is_added(i32 id) const { return id >= 0 && id < size() && state_->added[static_cast<size_t>(id)] != 0; }

i64 Tokenizer::size() const { return static_cast<i64>(state_->bytes.size()); }

}  // namespace r1
