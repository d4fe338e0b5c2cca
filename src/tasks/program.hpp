// Finds the program in a completion.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/dtype.hpp"

namespace r1 {

enum class ProgramLanguage : u8 { python, cpp };
std::string_view name_of(ProgramLanguage language);                         // as in rows and after ```: python, cpp
std::optional<ProgramLanguage> program_language_of(std::string_view name);  // also py, python3, c++, cc, cxx

// The content of the last fenced block of the language after the last </think>. A block without a name counts if no
// block names the language, because the output of a program is often shown in one. Blocks are those of CommonMark:
// three or more backticks or tildes begin a line, and at least as many of them, alone in a line, end the block. A block
// may be indented; its indentation is removed. Nothing if there is no block, or if the last one has no end.
std::optional<std::string> program_in(std::string_view completion, ProgramLanguage language);

}  // namespace r1
