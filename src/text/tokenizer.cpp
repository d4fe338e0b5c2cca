#include "text/tokenizer.hpp"

#include <algorithm>
#include <atomic>

#include "core/file.hpp"
#include "formats/gguf.hpp"
#include "formats/model_folder.hpp"
#include "formats/utf8.hpp"
#include "text/tokenizer_state.hpp"

namespace r1 {

using Kind = TokenTable::Kind;

// ---- what a file's reader calls

namespace {
bool is_in_utf8(u32 byte) { return byte < 0xF5 && byte != 0xC0 && byte != 0xC1; }

// The bytes that tell a byte-level vocabulary from others: printable ASCII, newline, the continuation bytes of UTF-8,
// and those of U+FFFD. A byte that the training text did not contain may be missing: SmolLM2 has no token for six
// control characters and for two leading bytes of unassigned characters.
bool is_in_every_vocabulary(u32 byte) {
  return (byte >= 0x20 && byte < 0x7F) || byte == '\n' || (byte >= 0x80 && byte < 0xC0) || byte == 0xEF;
}
}  // namespace

Status Tokenizer::State::find_bytes(const std::string& where) {
  for (u32 byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids[byte] = tokens.find_bytes({&c, 1});
    if (byte_ids[byte] < 0 && is_in_every_vocabulary(byte)) {
      return fail(Errc::unsupported, "{}: no token for byte {}: only byte-level vocabularies are supported", where,
                  byte);
    }
  }
  return {};
}

bool Tokenizer::State::add_merge(std::string_view a, std::string_view b, i32 rank) {
  const i32 left = tokens.find_text(a), right = tokens.find_text(b);
  if (left < 0 || right < 0) return false;
  const i32 joined = tokens.find_joined(left, right, last_joined_);
  last_joined_ = joined;
  if (joined >= 0) merges.add({left, right, rank, joined});
  return joined >= 0;
}

void Tokenizer::State::finish() {
  std::sort(added.begin(), added.end(), [](const Added& a, const Added& b) { return a.token.id < b.token.id; });
  // deepseek-llm and -coder have no tokens for these bytes, but their added tokens include letters with the same text.
  for (u32 byte = 0; byte < 256; ++byte) {
    if (!is_in_utf8(byte) && tokens.kind(byte_ids[byte]) != Kind::normal) byte_ids[byte] = -1;
  }
  std::array<std::vector<AddedToken>, 3> raw, normalized;
  for (const Added& a : added) {
    const bool user_defined = tokens.kind(a.token.id) == Kind::user_defined;
    const bool letter = user_defined && utf8_length(a.token.content) == a.token.content.size();
    for (const Special s : {Special::as_text, Special::user_defined, Special::recognise}) {
      const bool of_gguf = s == Special::user_defined && user_defined && !pre.empty();
      if (s != Special::recognise && !letter && !of_gguf) continue;
      AddedToken token = a.token;
      if (a.normalized && nfc) token.content = to_nfc(token.content);
      (a.normalized ? normalized : raw)[static_cast<size_t>(s)].push_back(std::move(token));
    }
  }
  for (size_t s = 0; s < finders_.size(); ++s) {
    finders_[s] = {AddedTokens(std::move(raw[s])), AddedTokens(std::move(normalized[s]))};
  }
  whole_.assign(tokens.size(), Whole::unknown);
}

const Tokenizer::State::Added* Tokenizer::State::find_added(i32 id) const {
  const Kind kind = tokens.kind(id);
  if (kind != Kind::control && kind != Kind::user_defined) return nullptr;
  return &*std::partition_point(added.begin(), added.end(), [id](const Added& a) { return a.token.id < id; });
}

// ---- text to ids

void Tokenizer::State::merge_piece(std::string_view piece, std::vector<i32>& symbols) const {
  symbols.clear();
  size_t merged = 0;  // the symbols that no later symbol can change
  const auto merge = [&] { symbols.resize(merged + merges.apply(std::span(symbols).subspan(merged))); };
  for (const char c : piece) {
    if (const i32 id = byte_ids[static_cast<u8>(c)]; id >= 0) {
      symbols.push_back(id);
    } else if (!is_in_utf8(static_cast<u8>(c))) {
      for (const char r : std::string_view("\uFFFD")) symbols.push_back(byte_ids[static_cast<u8>(r)]);
    } else if (unknown_byte >= 0) {
      symbols.push_back(unknown_byte);
    } else if (!pre.empty()) {  // the byte is dropped; llama.cpp merges nothing across it, Hugging Face's library does
      merge();
      merged = symbols.size();
    }
  }
  merge();
}

void Tokenizer::State::encode_piece(std::string_view piece, std::vector<i32>& symbols, std::vector<i32>& ids) const {
  if (const i32 id = tokens.find_bytes(piece); id >= 0 && tokens.kind(id) == Kind::normal) {
    const std::atomic_ref<Whole> whole(whole_[id]);
    Whole known = ignore_merges ? Whole::yes : whole.load(std::memory_order_relaxed);
    if (known == Whole::unknown) {
      merge_piece(piece, symbols);
      known = symbols.size() == 1 && symbols[0] == id ? Whole::yes : Whole::no;
      whole.store(known, std::memory_order_relaxed);
    }
    if (known == Whole::yes) return ids.push_back(id);
  }
  for (; piece.size() > BpeMerges::kLongest; piece.remove_prefix(BpeMerges::kLongest)) {
    merge_piece(piece.substr(0, BpeMerges::kLongest), symbols);
    ids.insert(ids.end(), symbols.begin(), symbols.end());
  }
  merge_piece(piece, symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void Tokenizer::State::encode_plain(std::string_view text, std::vector<i32>& scratch, std::vector<i32>& ids) const {
  pre_tokenizer.split(text, [&](std::string_view piece) { encode_piece(piece, scratch, ids); });
}

std::vector<i32> Tokenizer::State::encode(std::string_view text, Special special) const {
  std::vector<i32> ids, scratch;
  const Finders& finders = finders_[static_cast<size_t>(special)];
  const auto plain = [&](std::string_view part) { encode_plain(part, scratch, ids); };
  const auto token = [&](i32 id) { ids.push_back(id); };
  const auto normal = [&](std::string_view part) { finders.normalized.scan(part, plain, token); };
  finders.raw.scan(
      text, [&](std::string_view part) { nfc && !is_surely_nfc(part) ? normal(to_nfc(part)) : normal(part); }, token);
  return ids;
}

std::vector<i32> Tokenizer::State::encode(std::string_view text, std::span<const Range> trusted) const {
  std::vector<i32> ids;
  size_t begin = 0, end = 0;  // the ordinary text that is not yet encoded
  const auto flush = [&] {
    const std::vector<i32> some = encode(text.substr(begin, end - begin), Special::as_text);
    ids.insert(ids.end(), some.begin(), some.end());
    begin = end = 0;
  };
  const auto plain = [&](std::string_view part) {
    const auto at = static_cast<size_t>(part.data() - text.data());
    if (begin == end) begin = at;
    end = at + part.size();
  };
  const auto token = [&](i32 id) {
    flush();
    ids.push_back(id);
  };
  const Finders& finders = finders_[static_cast<size_t>(Special::recognise)];
  const auto normal = [&](std::string_view part) { finders.normalized.scan(part, plain, token); };
  size_t done = 0;
  for (const Range& r : trusted) {
    if (r.begin > done) plain(text.substr(done, r.begin - done));
    finders.raw.scan(text.substr(r.begin, r.end - r.begin), normal, token);
    done = r.end;
  }
  if (done < text.size()) plain(text.substr(done));
  flush();
  return ids;
}

// ---- the interface

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (path.extension() == ".gguf") return from_gguf(R1_TRY(Gguf::open(path)));
  const fs::path file = fs::is_directory(path, ignored) ? path / kTokenizerFile : path;
  const fs::path config_file = file.parent_path() / kTokenizerConfigFile;
  const bool has_config = file.filename() == kTokenizerFile && fs::exists(config_file, ignored);
  const FileMap map = R1_TRY(map_file(file)), config = has_config ? R1_TRY(map_file(config_file)) : FileMap{};
  const auto text = [](const FileMap& m) {
    return std::string_view(reinterpret_cast<const char*>(m.bytes.data()), m.bytes.size());
  };
  return parse(text(map), file.string(), text(config));
}

std::vector<i32> Tokenizer::encode(std::string_view text, Special special) const {
  return state_->encode(text, special);
}

std::vector<i32> Tokenizer::encode(std::string_view text, std::span<const Range> trusted) const {
  return state_->encode(text, trusted);
}

std::string Tokenizer::decode(std::span<const i32> ids) const {
  std::string text;
  for (const i32 id : ids) text += bytes_of(id);
  return text;
}

std::string_view Tokenizer::bytes_of(i32 id) const {
  if (const auto* added = state_->find_added(id)) return added->token.content;
  return state_->tokens.bytes(id);
}

std::optional<i32> Tokenizer::find(std::string_view token) const {
  const i32 id = state_->tokens.find_text(token);
  return is_added(id) ? std::optional(id) : std::nullopt;
}

bool Tokenizer::is_added(i32 id) const { return state_->find_added(id) != nullptr; }
bool Tokenizer::is_control(i32 id) const { return state_->tokens.kind(id) == Kind::control; }
i64 Tokenizer::size() const { return state_->tokens.size(); }
const Tokenizer::Roles& Tokenizer::roles() const { return state_->roles; }

std::string_view Tokenizer::pre() const {
  return state_->pre.empty() ? state_->pre_tokenizer.pre(state_->ignore_merges) : std::string_view(state_->pre);
}

}  // namespace r1
