// Hugging Face folders to GGUF and back. Rows stream from file to file, so memory does not grow with the model.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>

#include "convert/gguf_metadata.hpp"
#include "convert/gguf_tensors.hpp"
#include "model/stored_model.hpp"

namespace r1 {

struct ConvertOptions {
  // The type of matrices: f32, bf16 or f16; FP8 and ggml's blocks are dequantised. Unset: the embedding's type if it is
  // one of these, else bf16. Whatever the type is, a GGUF has its norms, biases and router in f32, and a folder the
  // router's bias.
  std::optional<DType> type;
  // For a GGUF. llama.cpp before 2026 takes the MTP module's block for one more layer of the model, so it is left out
  // unless asked for. A folder always gets the module.
  Mtp mtp = Mtp::leave_out;
  i64 shard_bytes = 4'000'000'000;  // of safetensors
  // Called with the bytes written so far and in all. An Error stops the conversion and is its result.
  std::function<Status(i64 done, i64 total)> progress;
};

// Converts weights and configuration; tokenizer, chat template, sampling and token ids stay what they are as far as the
// other format can hold them.
// Errors: those of open_stored and outline_of, what the other format cannot express, a value that f16 cannot hold or
// that is not finite.
// After an error nothing new lies under `out`, and what was there before stays.
Status convert_to_gguf(const std::filesystem::path& in, const std::filesystem::path& out,
                       const ConvertOptions& options);
Status convert_to_folder(const std::filesystem::path& in, const std::filesystem::path& out,
                         const ConvertOptions& options);

// What convert_to_gguf writes, before it writes anything. Quantising starts from it with types of its own
// (quantize_model.hpp).
struct GgufPlan {
  StoredModel model;
  DType type = DType::f32;  // of matrices, in convert_to_gguf
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // they point into `model`
  std::vector<float> divisors;      // of rope_freqs.weight; empty: there is no such tensor
};
Result<GgufPlan> plan_gguf(const std::filesystem::path& in, const ConvertOptions& options);

}  // namespace r1
