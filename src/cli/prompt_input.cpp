#include "cli/prompt_input.hpp"

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/dtype.hpp"
#include "formats/utf8.hpp"

namespace r1 {
namespace {

constexpr size_t kMostBytes = 16 << 20;  // some four million tokens, more than any context

Result<std::string> valid_text(std::string text, std::string_view source) {
  R1_TRY(check_utf8(text, source));
  return text;
}

Result<std::string> read_bytes(std::FILE* from, std::string_view source, size_t most) {
  std::string text;
  char buffer[1 << 16];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, from)) {
    text.append(buffer, n);
    if (text.size() > most)
      return fail(Errc::invalid_argument, "{}: {} bytes and more are there, at most {} are read", source, text.size(),
                  most);
  }
  if (std::ferror(from)) return fail(Errc::io, "{}: cannot be read: {}", source, std::strerror(errno));
  return text;
}

Result<std::string> read_paragraph(std::FILE* from, std::string_view source) {
  std::string text = R1_TRY(read_bytes(from, source, kMostBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return valid_text(std::move(text), source);
}

bool stdin_brings_text() {
  struct stat info {};
  return fstat(STDIN_FILENO, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISREG(info.st_mode));
}

void append_paragraph(std::string& prompt, const std::string& text) {
  if (text.empty()) return;
  if (!prompt.empty()) prompt += "\n\n";
  prompt += text;
}

}  // namespace

Status check_utf8(std::string_view text, std::string_view what) {
  if (const size_t at = first_invalid_utf8(text); at < text.size())
    return fail(Errc::invalid_argument, "{}: byte {} (0x{:02x}) is not UTF-8", what, at, static_cast<u8>(text[at]));
  return {};
}

Result<std::string> read_prompt_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return fail(Errc::io, "{}: cannot be read: {}", path, std::strerror(errno));
  return read_paragraph(file.get(), path);
}

Result<std::string> read_stdin(size_t most) { return read_bytes(stdin, "stdin", most); }

Result<std::string> read_prompt(const PromptInput& input) {
  if (input.text && !input.words.empty())
    return fail(Errc::usage, "a prompt by -p and another, \"{}\", in words: give one", fmt::join(input.words, " "));
  const bool has_text = input.text || !input.words.empty();
  if (!has_text && !input.file && isatty(STDIN_FILENO)) return fail(Errc::usage, "no prompt: r1 run -p PROMPT");
  std::string prompt;
  if (input.text) prompt = R1_TRY(valid_text(*input.text, "--prompt"));
  else if (has_text) prompt = R1_TRY(valid_text(fmt::format("{}", fmt::join(input.words, " ")), "prompt"));
  if (input.file) append_paragraph(prompt, R1_TRY(read_prompt_file(*input.file)));
  else if (!has_text || stdin_brings_text()) append_paragraph(prompt, R1_TRY(read_paragraph(stdin, "stdin")));
  if (prompt.empty())
    return fail(Errc::invalid_argument,
                "the prompt is empty: give it as words, with -p, with -f FILE or on stdin; see r1 --help");
  return prompt;
}

}  // namespace r1
