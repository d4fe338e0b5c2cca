// The keys of a GGUF that describe its model, and how each architecture's keys become config.json. Sources: llama.cpp's
// src/models/{deepseek2,qwen2,qwen3,llama}.cpp and conversion/.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.hpp"
#include "formats/json.hpp"

namespace r1 {

// The keys ARCHITECTURE.NAME of a file. Errors of all readers name the file, the key and what is wrong.
class GgufKeys {
 public:
  GgufKeys(const Gguf& file, std::string architecture) : file_(file), architecture_(std::move(architecture)) {}

  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }
  bool holds(std::string_view name) const { return file_.holds(key(name)); }
  // Whether the file has the tensor. Tensors of types that cannot be read count, too.
  bool tensor(std::string_view name) const {
    return file_.tensors().contains(name) || file_.unsupported().contains(std::string(name));
  }

  // A number, or an array with the same number for every block.
  Result<i64> integer(std::string_view name) const;
  Result<i64> integer(std::string_view name, i64 fallback) const { return holds(name) ? integer(name) : fallback; }
  Result<i64> positive(std::string_view name, std::optional<i64> fallback = {}) const;  // 1 .. 2^31-1
  // A finite f32, returned as the shortest decimal that rounds to the same f32. This is the number that a person wrote,
  // such as 1e-6.
  Result<double> number(std::string_view name) const;
  Result<double> number(std::string_view name, double fallback) const { return holds(name) ? number(name) : fallback; }
  Result<bool> flag(std::string_view name, bool fallback) const { return file_.flag(key(name), fallback); }
  Result<std::string> text(std::string_view name, std::string_view fallback) const {
    return file_.text(key(name), fallback);
  }

  tl::unexpected<Error> refuse(std::string_view name, std::string_view why) const;
  const Gguf& file() const { return file_; }
  const std::string& architecture() const { return architecture_; }

 private:
  const Gguf& file_;
  std::string architecture_;
};

// ---- what several architectures share

// Rows of the embedding: the number of token ids. Errors: no embedding, more tokens than rows.
Result<i64> vocabulary(const GgufKeys& keys);
// The fields that all architectures have, for this model_type.
Result<Json> common_config(const GgufKeys& keys, std::string_view model_type);
// rope.scaling.* as rope_scaling; null if nothing is scaled. deepseek2 has one key for mscale and mscale_all_dim, and
// no linear scaling. A dense model's attn_factor, times YaRN's own factor 1 + 0.1 ln(factor), is attention_factor.
enum class GgufScaling : u8 { dense, deepseek2 };
Result<Json> rope_scaling(const GgufKeys& keys, GgufScaling kind);
inline constexpr const char* kAttnFactor = "rope.scaling.attn_factor";
// llama.cpp's converter writes this key for dense models, but llama.cpp reads it for Grok alone. The converter takes
// the value from attn_factor in the rope_scaling of DeepSeek-R1-0528-Qwen3-8B, which transformers does not use either.
inline constexpr const char* kUnusedAttnFactor = "rope.scaling.yarn_attn_factor";

// ---- one function per architecture, named in its row of the table (architectures.hpp)

// The architecture deepseek2 has no key that tells V2 from V3. A file with softmax scores, no selection bias and gates
// that are not normalised is a V2; any other is a V3.
Result<Json> deepseek_config_of_gguf(const GgufKeys& keys);
std::vector<std::string> deepseek_gguf_notes(const GgufKeys& keys);
Result<Json> qwen2_config_of_gguf(const GgufKeys& keys);
Result<Json> qwen3_config_of_gguf(const GgufKeys& keys);
Result<Json> llama_config_of_gguf(const GgufKeys& keys);
std::vector<std::string> dense_gguf_notes(const GgufKeys& keys);

}  // namespace r1
