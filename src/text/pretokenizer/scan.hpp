// Scanners that cut text as the regular expressions of published models do, without a regular expression engine.
#pragma once

namespace r1 {

// Returns the end of the piece that begins at `at`. Requires `at < end` and valid UTF-8. A piece does not depend on the
// text before it, so calling the scanner again at each returned end cuts the whole text.
using Scanner = const char* (*)(const char* at, const char* end);

const char* scan_gpt2(const char* at, const char* end);
const char* scan_smollm(const char* at, const char* end);  // \p{N} first, then GPT-2's pattern
// The pattern in tokenizer.json has (?i:'s), which also matches U+017F (long s). The pattern in GGUF files lists the
// letters and does not.
const char* scan_qwen2(const char* at, const char* end);
const char* scan_qwen2_gguf(const char* at, const char* end);
const char* scan_llama3(const char* at, const char* end);
const char* scan_llama3_gguf(const char* at, const char* end);
const char* scan_deepseek_v3(const char* at, const char* end);

}  // namespace r1
