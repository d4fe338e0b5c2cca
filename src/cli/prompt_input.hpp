// The prompt of a command line: words, a file, stdin.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace r1 {

// Reads stdin to its end, byte for byte. Errors: more bytes than `most` (both numbers), a failed read.
Result<std::string> read_stdin(size_t most = size_t{1} << 30);

// Errors: "WHAT: byte 7 (0xff) is not UTF-8".
Status check_utf8(std::string_view text, std::string_view what);

// A text file of the user's, without the line ends at its end. Errors: it cannot be read, is longer than a prompt may
// be, or is not UTF-8.
Result<std::string> read_prompt_file(const std::string& path);

struct PromptInput {
  std::optional<std::string> text;  // -p
  std::vector<std::string> words;   // the words of the command line, instead of -p
  std::optional<std::string> file;  // -f
};

// The text, then the file, each a paragraph of its own. Stdin is the prompt if nothing else is given, and a further
// paragraph behind a text without a file if it is a pipe or a file (cat notes.txt | r1 -p Summarise). A terminal or
// /dev/null is not read then. Line ends at the end of a file or of stdin are dropped.
// Errors: usage, if both -p and words are given, or nothing and stdin is a terminal; a file that cannot be read; more
// bytes than a prompt may have; text that is not UTF-8; an empty prompt.
Result<std::string> read_prompt(const PromptInput& input);

}  // namespace r1
