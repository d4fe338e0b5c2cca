#include "cli/chat/message.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace r1 {
namespace {

constexpr std::string_view kQuotes = "\"\"\"", kSpace = " \t\r\n";

std::string_view without_space_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// A single \ continues a line; \\ is LaTeX's line break.
bool continues(std::string_view line) { return line.ends_with('\\') && !line.ends_with("\\\\"); }

}  // namespace

bool MessageLines::add(std::string_view line) {
  if (!begun_ && trimmed(line).starts_with(kQuotes)) {
    begun_ = quoted_ = true;
    line.remove_prefix(line.find(kQuotes) + kQuotes.size());
    if (trimmed(line).empty()) return false;  // the text begins on the next line
  } else if (quoted_ && !text_.empty()) {
    text_ += '\n';
  }
  begun_ = true;
  if (quoted_) {
    const std::string_view end = without_space_behind(line);
    const bool closed = end.ends_with(kQuotes);
    text_ += closed ? end.substr(0, end.size() - kQuotes.size()) : line;
    while (closed && text_.ends_with('\n')) text_.pop_back();
    return closed;
  }
  text_ += line;
  if (!continues(line)) return true;
  text_.back() = '\n';
  return false;
}

std::string as_typed(const std::string& text) {
  const std::string_view shown = trimmed(text);
  if (!shown.starts_with('/') && !shown.starts_with(kQuotes) && !continues(text)) return text;
  return std::string(kQuotes) + text + std::string(kQuotes);
}

CommandLine command_of_line(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('/')) return {};
  const size_t end = std::min(text.find_first_of(kSpace), text.size());
  return {text.substr(0, end), trimmed(text.substr(end))};
}

}  // namespace r1
