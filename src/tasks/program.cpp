#include "tasks/program.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "verify/find.hpp"

namespace r1 {
namespace {

// A line that begins with at least three backticks or tildes, and what follows them.
struct Fence {
  char mark;
  size_t indent, length;
  std::string_view info;
};

std::optional<Fence> fence_in(std::string_view line) {
  const size_t indent = line.find_first_not_of(" \t");
  if (indent == line.npos || (line[indent] != '`' && line[indent] != '~')) return std::nullopt;
  const char mark = line[indent];
  const size_t end = std::min(line.find_first_not_of(mark, indent), line.size());
  const std::string_view info = trimmed(line.substr(end));
  if (end - indent < 3 || (mark == '`' && info.find('`') != info.npos)) return std::nullopt;  // code within a line
  return Fence{mark, indent, end - indent, info};
}

}  // namespace

std::string_view name_of(ProgramLanguage language) { return language == ProgramLanguage::python ? "python" : "cpp"; }

std::optional<ProgramLanguage> program_language_of(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const std::string_view known : {"python", "py", "python3"})
    if (lower == known) return ProgramLanguage::python;
  for (const std::string_view known : {"cpp", "c++", "cc", "cxx"})
    if (lower == known) return ProgramLanguage::cpp;
  return std::nullopt;
}

std::optional<std::string> program_in(std::string_view completion, ProgramLanguage language) {
  std::string_view rest = after_thinking(completion);
  std::optional<std::string> named, unnamed;
  std::optional<Fence> open;
  std::string content;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::optional<Fence> fence = fence_in(line);
    if (!open) {
      if (fence) open = fence, content.clear();
    } else if (fence && fence->mark == open->mark && fence->length >= open->length && fence->info.empty()) {
      const std::string_view name = open->info.substr(0, open->info.find_first_of(" \t{"));
      if (name.empty()) unnamed = std::move(content);
      else if (program_language_of(name) == language) named = std::move(content);
      open.reset();
    } else {
      const size_t space = std::min(line.find_first_not_of(" \t"), line.size());
      content.append(line.substr(std::min(space, open->indent))).append("\n");
    }
  }
  if (open) return std::nullopt;
  return named ? std::move(named) : std::move(unnamed);
}

}  // namespace r1
