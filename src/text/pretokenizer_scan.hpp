// Cuts text as the regular expressions of published models do, without a regular expression engine.
#pragma once

namespace r1 {

// The end of the piece that begins at `at`, where `at < end` and the text is valid UTF-8. What a piece is depends on
// nothing before it, so calling this from end to end cuts the text.
using Scanner = const char* (*)(const char* at, const char* end);

const char* scan_gpt2(const char* at, const char* end);
// Of tokenizer.json, whose (?i:'s) also takes U+017F, and of GGUF, where the letters are spelt out.
const char* scan_qwen2(const char* at, const char* end);
const char* scan_qwen2_gguf(const char* at, const char* end);
const char* scan_llama3(const char* at, const char* end);
const char* scan_llama3_gguf(const char* at, const char* end);
const char* scan_deepseek_v3(const char* at, const char* end);

}  // namespace r1
