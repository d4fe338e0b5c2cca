#include "text/pretokenizer/pretokenizer.hpp"

#include <array>

#include "formats/utf8.hpp"
#include "text/pretokenizer/patterns.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace r1 {
namespace {

// PCRE2's own \s also takes U+180E, which lost White_Space in Unicode 6.3, so \s is spelt out.
constexpr std::string_view kSpaces =
    R"(\t-\r\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

std::string with_spaces_spelt_out(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      if (escaped == 's') {
        out += in_class ? std::string(kSpaces) : fmt::format("[{}]", kSpaces);
      } else if (escaped == 'S' && !in_class) {
        out += fmt::format("[^{}]", kSpaces);
      } else {
        out += c, out += escaped;
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    out += c;
  }
  return out;
}

// Returns the first escape whose meaning differs between PCRE2 and Oniguruma, for which the patterns in model files are
// written; empty if there is none. In Oniguruma \h is a hex digit and \w matches marks.
std::string_view foreign_escape(std::string_view pattern) {
  constexpr std::string_view kSame = "aAdDefnpPrsStz123456789";
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    const auto c = static_cast<u8>(pattern[++i]);
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const u8 next = i + 1 < pattern.size() ? static_cast<u8>(pattern[i + 1]) : u8{0};
    const bool code_point =
        c == 'x' &&
        (next == '{' || (next >= '0' && next <= '7'));  // in Oniguruma \x80 is a byte, in PCRE2 a code point
    if (letter && !code_point && kSame.find(static_cast<char>(c)) == kSame.npos) return pattern.substr(i - 1, 2);
  }
  return {};
}

// A hostile pattern may backtrack without end. At these limits matching stops and the rest of the piece stays uncut.
constexpr u32 kMatchLimit = 50'000'000, kHeapLimitKiB = 256 * 1024;
constexpr size_t kMaxPatterns = 64;  // split() recurses once per pattern; published files have at most five

}  // namespace

struct PreTokenizer::Pattern {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;

  bool spaces_at_end = false;

  Pattern() = default;
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() { pcre2_match_context_free(limits), pcre2_code_free(code); }

  // deepseek-llm has the pattern \s+$. A regular expression engine tries it from every space of every run of white
  // space, which costs the square of the run's length.
  static bool find_spaces_at_end(std::string_view piece, size_t from, size_t& begin, size_t& end) {
    end = piece.size();
    begin = from + trailing_space(piece.substr(from));
    return begin < end;
  }

  // Finds the next non-empty match at or after `from`; returns false if there is none. The caller has checked once that
  // `piece` is valid UTF-8.
  bool find(std::string_view piece, size_t from, pcre2_match_data* data, size_t& begin, size_t& end) const {
    if (spaces_at_end) return find_spaces_at_end(piece, from, begin, end);
    const auto subject = reinterpret_cast<PCRE2_SPTR>(piece.data());
    constexpr u32 options = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
    int rc = pcre2_match(code, subject, piece.size(), from, options, data, limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
      rc = pcre2_match(code, subject, piece.size(), from, options | PCRE2_NO_JIT, data, limits);
    }
    if (rc < 0) return false;
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data);
    begin = ends[0], end = ends[1];
    return begin >= from && end > begin;
  }
};

PreTokenizer::PreTokenizer() = default;
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

Status PreTokenizer::add(std::string_view pattern, Kind kind) {
  if (patterns_.size() == kMaxPatterns) return fail(Errc::unsupported, "more than {} patterns", kMaxPatterns);
  if (first_invalid_utf8(pattern) != pattern.size() || pattern.empty()) {
    return fail(Errc::corrupt, "a pattern that is {}", pattern.empty() ? "empty" : "not UTF-8");
  }
  if (kind == Kind::regex && pattern.starts_with("(*")) {
    return fail(Errc::unsupported, "pattern {} starts with a control verb", pattern);
  }
  if (const auto escape = kind == Kind::regex ? foreign_escape(pattern) : ""; !escape.empty())
    return fail(Errc::unsupported, "pattern {}: {} means something else in Oniguruma, for which it was written",
                pattern, escape);
  const std::string text = kind == Kind::literal ? std::string(pattern) : with_spaces_spelt_out(pattern);
  // PCRE2_LITERAL excludes most other options; a literal needs no protection against \C either.
  const u32 options = kind == Kind::literal ? PCRE2_UTF | PCRE2_LITERAL
                                            : PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
  int error;
  PCRE2_SIZE at;
  auto made = std::make_unique<Pattern>();
  made->spaces_at_end = kind == Kind::regex && pattern == R"(\s+$)";
  made->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), options, &error, &at, nullptr);
  if (!made->code) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return fail(Errc::unsupported, "pattern {}: {} at {}", pattern, reinterpret_cast<const char*>(message.data()), at);
  }
  pcre2_jit_compile(made->code, PCRE2_JIT_COMPLETE);  // if it fails, PCRE2 uses its interpreter
  made->limits = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(made->limits, kMatchLimit);
  pcre2_set_heap_limit(made->limits, kHeapLimitKiB);
  patterns_.push_back(std::move(made));
  steps_.push_back({std::string(pattern), kind});
  known_ = known_patterns(texts());
  return {};
}

std::vector<std::string_view> PreTokenizer::texts() const {
  std::vector<std::string_view> texts;
  for (const Step& step : steps_) texts.push_back(step.kind == Kind::regex ? std::string_view(step.pattern) : "");
  return texts;
}

Result<PreTokenizer> PreTokenizer::named(std::string_view pre) {
  const KnownPatterns* known = known_patterns(pre);
  if (!known) return fail(Errc::unsupported, "pre-tokenizer \"{}\" is not known", pre);
  PreTokenizer made;
  for (const std::string_view pattern : known->patterns) R1_TRY(made.add(pattern));
  return made;
}

std::string_view PreTokenizer::pre(bool ignore_merges) const {
  using Merges = KnownPatterns::Merges;
  const KnownPatterns* known = known_patterns(texts(), ignore_merges ? Merges::ignored : Merges::applied);
  return known ? known->pre : std::string_view{};
}

void PreTokenizer::split(std::string_view text, const std::function<void(std::string_view)>& fn) const {
  while (!text.empty()) {
    const size_t valid = first_invalid_utf8(text);
    if (known_ && known_->scan) {
      const char *at = text.data(), *end = at + valid;
      for (const char* next; at < end; at = next) {
        next = known_->scan(at, end);
        fn({at, static_cast<size_t>(next - at)});
      }
    } else if (valid) {
      split_by_patterns(text.substr(0, valid), fn);
    }
    size_t end = valid;
    while (end < text.size() && utf8_length(text.substr(end)) == 0) ++end;
    if (end > valid) fn(text.substr(valid, end - valid));
    text.remove_prefix(end);
  }
}

void PreTokenizer::split_by_patterns(std::string_view text, const std::function<void(std::string_view)>& fn) const {
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> data(pcre2_match_data_create(1, nullptr),
                                                                            pcre2_match_data_free);
  const auto cut = [&](const auto& self, std::string_view piece, size_t level) -> void {
    if (level == patterns_.size()) return fn(piece);
    size_t at = 0, begin, end;
    while (at < piece.size() && patterns_[level]->find(piece, at, data.get(), begin, end)) {
      if (begin > at) self(self, piece.substr(at, begin - at), level + 1);
      self(self, piece.substr(begin, end - begin), level + 1);
      at = end;
    }
    if (at < piece.size()) self(self, piece.substr(at), level + 1);
  };
  cut(cut, text, 0);
}

// ---- the byte alphabet

namespace {

constexpr bool is_its_own_character(u32 byte) { return (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173); }

struct Alphabet {
  std::array<u32, 256> character{};
  std::array<i32, 324> byte{};  // the byte of each character; -1 for characters outside the alphabet
  constexpr Alphabet() {
    byte.fill(-1);
    u32 next = 256;
    for (u32 b = 0; b < 256; ++b) {
      character[b] = is_its_own_character(b) ? b : next++;
      byte[character[b]] = static_cast<i32>(b);
    }
  }
};

constexpr Alphabet kAlphabet;

}  // namespace

u32 alphabet_of_byte(u8 byte) { return kAlphabet.character[byte]; }

std::string to_alphabet(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) append_utf8(alphabet_of_byte(static_cast<u8>(c)), text);
  return text;
}

bool append_from_alphabet(std::string_view text, std::string& bytes) {
  for (size_t at = 0; at < text.size();) {
    u32 c = static_cast<u8>(text[at++]);
    if (c >= 0x80) {  // every character of the alphabet beyond ASCII has two bytes
      const u32 second = at < text.size() ? static_cast<u8>(text[at++]) : 0u;
      if (c < 0xC2 || c > 0xC5 || (second & 0xC0) != 0x80) return false;
      c = (c & 0x1F) << 6 | (second & 0x3F);
    }
    if (c >= kAlphabet.byte.size() || kAlphabet.byte[c] < 0) return false;
    bytes += static_cast<char>(kAlphabet.byte[c]);
  }
  return true;
}

}  // namespace r1
