#include "verify/find.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "verify/latex.hpp"
#include "verify/latex_words.hpp"

namespace r1 {
namespace {

constexpr size_t kMostJoined = 20;  // boxes that count as one answer

// Removes <|im_end|> and its kind, and what stands outside the last <answer> pair.
std::string without_specials(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "<|") {
      const size_t end = text.find("|>", i);
      if (end != text.npos && end - i < 64) {
        out += ' ', i = end + 1;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

// A percent sign or word right behind a box or a span belongs to it.
std::string_view percent_behind(std::string_view rest) {
  while (!rest.empty() && (is_space(rest[0]) || rest[0] == '$' || rest[0] == '\\')) {
    if (rest.starts_with("\\%")) return "\\%";
    if (rest[0] == '\\' && !rest.starts_with("\\)") && !rest.starts_with("\\]")) return "";
    rest.remove_prefix(rest[0] == '\\' ? 2 : 1);
  }
  if (rest.starts_with("%")) return "\\%";
  size_t n = 0;
  while (n < rest.size() && is_letter(rest[n])) ++n;
  return is_percent_word(rest.substr(0, n)) ? "\\%" : "";
}

// Whether a word of prose stands in a text: two letters or more between spaces that mean nothing in mathematics.
bool is_prose(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (!is_letter(text[at]) || (at > 0 && !is_space(text[at - 1]))) continue;
    size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    const std::string word = lower_case(text.substr(at, end - at));
    const bool alone = end < text.size() && is_space(text[end]);
    if (alone && word.size() > 1 && word != "and" && word != "or" && !is_unit(word) && !is_function(word) &&
        !is_percent_word(word))
      return true;
    at = end;
  }
  return false;
}

// The last box with those that it is joined to, as a list.
std::optional<std::string> boxed_answer(std::string_view text, bool closed_only, size_t& end) {
  const auto boxes = boxes_in(text);
  if (boxes.empty() || (closed_only && !boxes.back().closed)) return std::nullopt;
  size_t first = boxes.size() - 1;
  while (first > 0 && boxes.size() - first < kMostJoined) {
    const BoxContent& before = boxes[first - 1];
    const size_t gap_begin = before.end, gap_end = boxes[first].begin;
    if (gap_end < gap_begin || !before.closed) break;
    const std::string gap = lower_case(text.substr(gap_begin, gap_end - gap_begin));
    const bool joins = gap.find(',') != gap.npos || gap.find(';') != gap.npos || gap.find("and") != gap.npos ||
                       gap.find("or") != gap.npos;
    if (!(gap.size() < 10 || (gap.size() < 70 && joins))) break;
    --first;
  }
  std::string joined;
  std::vector<std::string_view> seen;
  for (size_t i = first; i < boxes.size(); ++i) {
    const std::string_view content = trimmed(boxes[i].content);
    if (std::find(seen.begin(), seen.end(), content) != seen.end()) continue;
    seen.push_back(content);
    if (!joined.empty()) joined += " , ";
    joined.append(content).append(percent_behind(text.substr(boxes[i].end)));
  }
  end = boxes.back().end;
  return joined;
}

class Finder {
 public:
  Finder(std::string_view text, const FindOptions& options, bool gold)
      : text_(text), lower_(lower_case(text)), options_(options), gold_(gold) {}

  std::optional<FoundAnswer> run() {
    size_t box_end = 0;
    std::optional<std::string> box;
    if (options_.latex || options_.boxed) box = boxed_answer(text_, options_.boxed, box_end);
    if (options_.boxed) return box ? accepted(*box, FoundBy::box) : std::nullopt;
    if (options_.latex || options_.plain)
      if (auto hoped = hoped_answer(box ? box_end : 0)) return hoped;
    if (box) return accepted(*box, FoundBy::box);
    if (const auto number = number_after_hashes(text_)) return accepted(*number, FoundBy::hashes);
    if (auto whole = whole_text()) return whole;
    spans_ = options_.latex ? spans_in(text_) : std::vector<TextSpan>{};
    if (options_.plain) {
      auto numbers = plain_numbers_in(text_);
      std::move(numbers.begin(), numbers.end(), std::back_inserter(spans_));
    }
    if (auto anchored = anchored_answer()) return anchored;
    std::stable_sort(spans_.begin(), spans_.end(), [](const TextSpan& a, const TextSpan& b) {
      return a.end != b.end ? a.end > b.end : a.begin < b.begin;
    });
    constexpr size_t kTries = 32;
    for (size_t i = 0; i < spans_.size() && i < kTries; ++i)
      if (auto found =
              readable(spans_[i].content + std::string(percent_behind(std::string_view(text_).substr(spans_[i].end))),
                       spans_[i].latex ? FoundBy::span : FoundBy::number))
        return found;
    for (const TextSpan& s : spans_)
      if (s.latex) return accepted(s.content, FoundBy::words);
    if (auto words = announced_words()) return words;
    if (trimmed(text_).size() <= 200 && options_.latex) return accepted(text_, FoundBy::words);
    return std::nullopt;
  }

 private:
  std::optional<FoundAnswer> accepted(std::string_view content, FoundBy rule) const {
    auto answer = read_answer(content, gold_);
    if (!answer) return std::nullopt;
    return FoundAnswer{std::move(*answer), rule};
  }
  std::optional<FoundAnswer> readable(std::string_view content, FoundBy rule) const {
    auto found = accepted(content, rule);
    return found && found->answer.parsed ? std::move(found) : std::nullopt;
  }

  // "The final answer is X. I hope it is correct.", if it stands further right than the last box.
  std::optional<FoundAnswer> hoped_answer(size_t after) const {
    for (size_t hope = lower_.rfind("i hope it"); hope != lower_.npos && hope >= after;
         hope = hope == 0 ? lower_.npos : lower_.rfind("i hope it", hope - 1)) {
      constexpr std::string_view kIs = "final answer is";
      const size_t is = lower_.rfind(kIs, hope);
      if (is == lower_.npos || is < after) continue;
      std::string content = text_.substr(is + kIs.size(), hope - is - kIs.size());
      for (const std::string_view drop : {"\\\"", "\\(", "\\)", "\\[", "\\]", "$", ":"}) {
        if (drop == ":" && !content.starts_with(":")) continue;
        replace_all(content, drop, drop == ":" ? "" : " ");
      }
      if (auto found = readable(content, FoundBy::anchor)) return found;
    }
    return std::nullopt;
  }

  // A text that is nothing but an answer.
  std::optional<FoundAnswer> whole_text() const {
    const std::string_view s = trimmed(text_);
    int dollars = 0;  // one alone is money
    for (size_t i = 0; i < s.size(); ++i) dollars += s[i] == '$' && (i == 0 || s[i - 1] != '\\') ? 1 : 0;
    const bool marked = dollars > 1 || s.find("\\(") != s.npos || s.find("\\[") != s.npos;
    if (marked || s.size() > 400) return std::nullopt;
    if (gold_ && lower_.find("answer") == lower_.npos) return accepted(s, FoundBy::whole);
    if (is_prose(s)) return std::nullopt;
    auto found = readable(s, FoundBy::whole);
    if (!found || found->answer.readings.front().is(NodeKind::text)) return std::nullopt;
    return found;
  }

  // What stands at `at`: a span, a number with the list that it begins, or LaTeX without dollars.
  std::optional<FoundAnswer> target_at(size_t at) const {
    const auto skip = [&](std::string_view what) {
      const bool there = std::string_view(lower_).substr(at).starts_with(what);
      if (there) at += what.size();
      return there;
    };
    for (bool skipped = true; skipped && at < text_.size();) {
      skipped = false;
      for (const std::string_view s :
           {" ", "\n", ":", "*", "\"", "about ", "approximately ", "roughly ", "exactly ", "only ", "："})
        skipped = skipped || skip(s);
    }
    const TextSpan* best = nullptr;
    for (const TextSpan& s : spans_) {
      const bool here = s.begin == at || (!s.latex && s.begin == at + 1 && !is_letter(text_[at]) &&
                                          !is_digit(text_[at]) && text_[at] != '-');
      if (here && (!best || s.end > best->end)) best = &s;
    }
    if (best) {
      std::string content = best->content;
      size_t end = best->end;
      for (bool more = !best->latex; more;) {  // 3, 7, 19
        more = false;
        for (const TextSpan& s : spans_)
          if (!s.latex && s.begin > end && trimmed(text_.substr(end, s.begin - end)) == ",") {
            content += ", " + s.content, end = s.end, more = true;
            break;
          }
      }
      content += percent_behind(std::string_view(text_).substr(end));
      if (auto found = readable(content, FoundBy::anchor)) return found;
    }
    if (at < text_.size() &&
        (text_[at] == '\\' || is_letter(text_[at]) || text_[at] == '-' || text_[at] == '(' || text_[at] == '[')) {
      size_t end = at;
      while (end < text_.size() && text_[end] != '\n' && end - at < 300 &&
             !(text_[end] == '.' && (end + 1 == text_.size() || is_space(text_[end + 1]))))
        ++end;
      if (auto found = readable(text_.substr(at, end - at), FoundBy::anchor))
        if (!found->answer.readings.front().is(NodeKind::text)) return found;
    }
    return std::nullopt;
  }

  // A few words behind the last "answer is" or "answer:".
  std::optional<FoundAnswer> announced_words() const {
    const auto anchors = anchors_in(lower_);
    if (anchors.empty() || !options_.latex) return std::nullopt;
    const std::string_view rest = std::string_view(text_).substr(anchors.back());
    for (const std::string_view mark : {" is ", ":", " est ", " ist ", " es ", "是", "："}) {
      if (!rest.starts_with(mark)) continue;
      const std::string_view words = trimmed(rest.substr(mark.size()));
      constexpr size_t kLongest = 60;
      if (words.empty() || words.size() > kLongest || words.find('\n') != words.npos) return std::nullopt;
      return accepted(words, FoundBy::words);
    }
    return std::nullopt;
  }

  // "answer ... is X", "answer: X", the last one first; those with "final" before the others.
  std::optional<FoundAnswer> anchored_answer() const {
    auto anchors = anchors_in(lower_);
    std::reverse(anchors.begin(), anchors.end());
    if (anchors.size() > 16) anchors.resize(16);
    struct Class {
      bool final_only;
      size_t reach;
      std::vector<std::string_view> marks;
    };
    const Class kClasses[] = {{true, 100, {" is", " is:"}},
                              {false, 50, {":", "："}},
                              {false, 50, {" is", "=", " est", " ist", " es", " è", " é", "是", "为", "為"}}};
    for (const Class& c : kClasses)
      for (const size_t at : anchors) {
        const size_t word = lower_.rfind("answer", at);
        if (c.final_only && (word == lower_.npos || word < 6 || lower_.substr(word - 6, 6) != "final ")) continue;
        const std::string_view reach = std::string_view(lower_).substr(at, c.reach + 8);
        for (size_t i = 0; i < reach.size(); ++i)
          for (const std::string_view mark : c.marks) {
            if (!reach.substr(i).starts_with(mark)) continue;
            const size_t end = at + i + mark.size();
            if (is_letter(mark.back()) && end < lower_.size() && is_letter(lower_[end])) continue;
            if (auto found = target_at(end)) return found;
          }
      }
    return std::nullopt;
  }

  std::string text_, lower_;
  const FindOptions& options_;
  bool gold_;
  std::vector<TextSpan> spans_;
};

}  // namespace

std::string_view name_of(FoundBy rule) {
  switch (rule) {
    case FoundBy::whole: return "whole";
    case FoundBy::tag: return "tag";
    case FoundBy::box: return "box";
    case FoundBy::hashes: return "hashes";
    case FoundBy::anchor: return "anchor";
    case FoundBy::span: return "span";
    case FoundBy::number: return "number";
    case FoundBy::choice: return "choice";
    case FoundBy::words: return "words";
  }
  return "";
}

std::string_view after_thinking(std::string_view text) {
  constexpr std::string_view kEnd = "</think>";
  const size_t at = text.rfind(kEnd);
  return at == text.npos ? text : text.substr(at + kEnd.size());
}

std::optional<FoundAnswer> find_answer(std::string_view text, const FindOptions& options, bool gold) {
  if (options.after_think && !gold && text.find("</think>") == text.npos) return std::nullopt;
  text = after_thinking(text);
  if (text.size() > kSearchedTail) text = text.substr(text.size() - kSearchedTail);
  std::string searched = without_specials(text);
  bool tagged = false;
  constexpr std::string_view kOpen = "<answer>", kClose = "</answer>";
  if (const size_t close = searched.rfind(kClose); close != searched.npos)
    if (const size_t open = searched.rfind(kOpen, close); open != searched.npos) {
      searched = searched.substr(open + kOpen.size(), close - open - kOpen.size());
      tagged = true;
    }
  if (trimmed(searched).empty()) return std::nullopt;
  if (options.choices) {
    if (const auto letter = find_choice(searched, options.strings))
      if (auto answer = read_answer("\\text{" + *letter + "}", gold))
        return FoundAnswer{std::move(*answer), FoundBy::choice};
    if (!options.latex && !options.plain) return std::nullopt;
  }
  auto found = Finder(searched, options, gold).run();
  if (!found && tagged && !options.boxed)
    if (auto answer = read_answer(searched, gold)) found = FoundAnswer{std::move(*answer), FoundBy::tag};
  return found;
}

}  // namespace r1
