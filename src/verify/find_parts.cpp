#include <algorithm>

#include "core/text.hpp"
#include "verify/find.hpp"
#include "verify/latex.hpp"

namespace r1 {
namespace {

constexpr size_t kMostPieces = 4096;

bool may_precede_number(std::string_view s, size_t at) {
  if (at == 0) return true;
  const char c = s[at - 1];
  return is_space(c) || static_cast<unsigned char>(c) >= 128 ||
         std::string_view("=(*:$\"'>[~,").find(c) != std::string_view::npos;
}

size_t skip_spaces(std::string_view s, size_t at) {
  while (at < s.size() && s[at] == ' ') ++at;
  return at;
}

size_t digits_end(std::string_view s, size_t at) {
  while (at < s.size() && is_digit(s[at])) ++at;
  return at;
}

// The end of a number without sign at `at`: 12, 1 000, 1,000.99, .5, 2,74; `at` itself if there is none.
size_t number_end(std::string_view s, size_t at) {
  size_t end = digits_end(s, at);
  const size_t first = end - at;
  if (first >= 1 && first <= 3) {
    for (;;) {
      if (end >= s.size() || (s[end] != ' ' && s[end] != ',')) break;
      const size_t next = digits_end(s, end + 1);
      if (next - end - 1 != 3 || (s[end] == ' ' && next < s.size() && s[next] == '/')) break;
      end = next;
    }
  }
  if (end + 1 < s.size() && (s[end] == '.' || s[end] == ',') && is_digit(s[end + 1])) end = digits_end(s, end + 1);
  return end;
}

// The end of arithmetic at `at`: numbers and parentheses joined by operators.
size_t arithmetic_end(std::string_view s, size_t at, int depth) {
  if (depth > 16) return at;
  const auto operand = [&](size_t begin) -> size_t {
    size_t i = begin;
    if (i < s.size() && (s[i] == '-' || s[i] == '+')) i = skip_spaces(s, i + 1);
    if (i < s.size() && s[i] == '$') ++i;
    if (i < s.size() && s[i] == '(') {
      size_t inside = skip_spaces(s, i + 1), close = inside;
      do {  // one value, or the coordinates of a point
        if (close != inside) inside = skip_spaces(s, close + 1);
        const size_t end = arithmetic_end(s, inside, depth + 1);
        if (end == inside) return begin;
        close = skip_spaces(s, end);
      } while (close < s.size() && s[close] == ',');
      return close < s.size() && s[close] == ')' ? close + 1 : begin;
    }
    const size_t end = number_end(s, i);
    return end == i ? begin : end;
  };
  size_t end = operand(at);
  if (end == at) return at;
  for (;;) {
    size_t next = skip_spaces(s, end);
    if (end + 1 < s.size() && s[end] == ':' && is_digit(s[end + 1])) {  // a ratio or a time: 3:4, 11:30
      end = digits_end(s, end + 1);
      continue;
    }
    // A mixed number, also one that is not well-formed or is broken over two lines: 4 4/9, 4 0/0, 11\n5/6.
    size_t fraction = end;
    while (fraction < s.size() && is_space(s[fraction])) ++fraction;
    if (fraction > end) {
      const size_t above = digits_end(s, fraction);
      if (above > fraction && above < s.size() && s[above] == '/' && digits_end(s, above + 1) > above + 1) {
        end = digits_end(s, above + 1);
        continue;
      }
    }
    if (next >= s.size() || std::string_view("+-*/^").find(s[next]) == std::string_view::npos) break;
    next = skip_spaces(s, next + 1);
    const size_t right = operand(next);
    if (right == next) break;
    end = right;
  }
  return end;
}

// Whether what stands between two spans only joins them.
bool joins(std::string_view gap) {
  std::string s = lower_case(trimmed(gap));
  std::erase(s, ' ');
  for (const std::string_view j : {",", "and", "or", ",and", ",or", ";"})
    if (s == j) return true;
  return false;
}

}  // namespace

std::vector<BoxContent> boxes_in(std::string_view text) {
  std::vector<BoxContent> all;
  for (size_t at = 0; (at = text.find('\\', at)) != text.npos;) {
    const std::string_view rest = text.substr(at);
    const size_t length = rest.starts_with("\\boxed") ? 6 : rest.starts_with("\\fbox") ? 5 : 0;
    if (length == 0) {
      ++at;
      continue;
    }
    BoxContent box;
    box.begin = at;
    size_t open = at + length;
    while (open < text.size() && is_space(text[open])) ++open;
    if (open < text.size() && text[open] == '{') {
      const auto content = braced(text, open);
      box.closed = content.has_value();
      box.content = content ? *content : text.substr(open + 1);
      box.end = content ? open + content->size() + 2 : text.size();
    } else {  // \boxed 5 and \boxed5 hold one token
      size_t end = open;
      if (end < text.size() && text[end] == '\\') ++end;
      while (end < text.size() && (is_digit(text[end]) || (end > open && text[open] == '\\' && is_letter(text[end]))))
        ++end;
      if (end == open && end < text.size() && is_letter(text[end])) ++end;
      box.content = text.substr(open, end - open);
      box.end = end;
      box.closed = end > open;
    }
    all.push_back(box);
    if (all.size() > 64) all.erase(all.begin());  // only the last ones are joined
    at = box.closed ? box.end : at + length;
  }
  return all;
}

std::optional<std::string_view> number_after_hashes(std::string_view s) {
  s = s.substr(0, s.find_last_not_of(" \t\r\n") + 1);
  const std::string_view line = s.substr(s.rfind('\n') + 1);
  constexpr std::string_view kMark = "####", kStart = "0123456789-+.$";
  if (!line.starts_with(kMark)) return std::nullopt;
  const size_t begin = line.find_first_not_of(" \t", kMark.size());
  if (begin == line.npos || kStart.find(line[begin]) == kStart.npos) return std::nullopt;
  return line.substr(begin);
}

std::vector<size_t> anchors_in(std::string_view lower_text) {
  constexpr std::string_view kAnswers[] = {"answer",   "réponse", "reponse", "respuesta", "antwort", "risposta",
                                           "resposta", "答案",    "答え",    "ответ",     "الإجابة", "उत्तर"};
  std::vector<size_t> ends;
  for (const std::string_view word : kAnswers)
    for (size_t at = 0; (at = lower_text.find(word, at)) != lower_text.npos && ends.size() < kMostPieces;)
      ends.push_back(at += word.size());
  std::sort(ends.begin(), ends.end());
  return ends;
}

std::vector<TextSpan> spans_in(std::string_view text) {
  std::vector<TextSpan> all;
  for (size_t at = 0; at < text.size() && all.size() < kMostPieces;) {
    const std::string_view rest = text.substr(at);
    struct Delimiter {
      std::string_view open, close;
      bool lines;
    };
    constexpr Delimiter kDelimiters[] = {
        {"$$", "$$", true}, {"\\[", "\\]", true}, {"\\(", "\\)", false}, {"$", "$", false}};
    if (rest.starts_with("\\$") || rest.starts_with("\\\\")) {
      at += 2;
      continue;
    }
    const Delimiter* found = nullptr;
    for (const Delimiter& d : kDelimiters)
      if (!found && rest.starts_with(d.open)) found = &d;
    if (!found) {
      if (rest.starts_with("\\frac{")) {  // a lone fraction needs no dollars
        const auto above = braced(text, at + 5);
        const size_t second = above ? at + 5 + above->size() + 2 : text.size();
        const auto below = second < text.size() && text[second] == '{' ? braced(text, second) : std::nullopt;
        if (below) {
          const size_t end = second + below->size() + 2;
          const bool minus = at > 0 && text[at - 1] == '-';
          all.push_back({at - (minus ? 1 : 0), end, (minus ? "-" : "") + std::string(text.substr(at, end - at)), true});
          at = end;
          continue;
        }
      }
      ++at;
      continue;
    }
    size_t close = at + found->open.size();
    for (;; ++close) {
      close = text.find(found->close, close);
      if (close == text.npos || text[close - 1] != '\\' || found->close[0] == '\\') break;
    }
    const size_t begin = at + found->open.size();
    const bool broken =
        close == text.npos || (!found->lines && text.substr(begin, close - begin).find('\n') != text.npos);
    if (broken || close == begin) {
      at += found->open.size();
      continue;
    }
    all.push_back({at, close + found->close.size(), std::string(text.substr(begin, close - begin)), true});
    at = close + found->close.size();
  }
  // The spans of a list are one span.
  std::vector<TextSpan> joined;
  for (TextSpan& s : all) {
    const bool with_last = !joined.empty() && s.begin >= joined.back().end && s.begin - joined.back().end < 12 &&
                           joins(text.substr(joined.back().end, s.begin - joined.back().end)) &&
                           std::count(joined.back().content.begin(), joined.back().content.end(), '\x01') < 5;
    if (with_last) joined.back().content += "\x01" + s.content, joined.back().end = s.end;
    else joined.push_back(std::move(s));
  }
  for (TextSpan& s : joined) replace_all(s.content, "\x01", " , ");
  return joined;
}

std::vector<TextSpan> plain_numbers_in(std::string_view text) {
  std::vector<TextSpan> all;
  for (size_t at = 0; at < text.size() && all.size() < kMostPieces;) {
    const char c = text[at];
    const bool starts = is_digit(c) || c == '(' ||
                        ((c == '.' || c == '-' || c == '+') && at + 1 < text.size() &&
                         (is_digit(text[at + 1]) || (c != '.' && (text[at + 1] == '.' || text[at + 1] == '('))));
    if (!starts || !may_precede_number(text, at)) {
      // Digits behind a letter are part of a name.
      at = is_digit(c) ? number_end(text, at) : at + 1;
      continue;
    }
    const size_t end = arithmetic_end(text, at, 0);
    if (end == at) {
      ++at;
      continue;
    }
    all.push_back({at, end, std::string(text.substr(at, end - at)), false});
    at = end;
  }
  return all;
}

std::optional<std::string> find_choice(std::string_view text, const std::vector<std::string>& strings) {
  struct Hit {
    size_t at;
    std::string letter;
  };
  std::vector<Hit> hits;
  const std::string_view whole = trimmed(text);
  if (!strings.empty()) {
    const std::string lower = lower_case(text);
    for (const std::string& s : strings)
      for (size_t at = 0; (at = lower.find(lower_case(s), at)) != lower.npos && hits.size() < kMostPieces;
           at += std::max<size_t>(s.size(), 1)) {
        const bool clean = (at == 0 || !is_letter(lower[at - 1])) &&
                           (at + s.size() >= lower.size() || !is_letter(lower[at + s.size()]));
        if (clean && !s.empty()) hits.push_back({at, lower_case(s)});
      }
    std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.at < b.at; });
  } else {
    const bool alone = words_of(whole).size() == 1;
    for (size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      const bool in_brackets = i > 0 && text[i - 1] == '(' && i + 1 < text.size() && text[i + 1] == ')';
      if (c >= 'a' && c <= 'j' && (alone || in_brackets)) c = static_cast<char>(c - 'a' + 'A');
      if (c < 'A' || c > 'J' || (c == 'I' && !in_brackets)) continue;
      const char before = i == 0 ? ' ' : text[i - 1], after = i + 1 < text.size() ? text[i + 1] : ' ';
      const bool bounded = (is_space(before) || std::string_view("(*{$:\"'[").find(before) != std::string_view::npos ||
                            static_cast<unsigned char>(before) >= 128) &&
                           !is_letter(after) && !is_digit(after) && after != '\'';
      if (bounded) hits.push_back({i, std::string(1, c)});
    }
  }
  if (hits.empty()) return std::nullopt;
  // Behind the last announcement the first letter counts; then one that the text begins with; then the last one.
  const auto anchors = anchors_in(lower_case(text));
  for (auto anchor = anchors.rbegin(); anchor != anchors.rend(); ++anchor)
    for (const Hit& h : hits)
      if (h.at >= *anchor && h.at - *anchor < 50) return h.letter;
  const size_t start = text.find_first_not_of(" \n\t(*");
  return hits.front().at == start ? hits.front().letter : hits.back().letter;
}

}  // namespace r1
