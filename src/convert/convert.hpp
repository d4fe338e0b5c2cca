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
  // Of matrices: f32, bf16 or f16; blocks and FP8 are dequantised. Unset: the embedding's if that is one of them, else
  // bf16. In a GGUF norms, biases and the router are f32, in a folder the router's bias is.
  std::optional<DType> type;
  // GGUF: the MTP module as nextn.*. llama.cpp before 2026 takes that block for one of the trunk's and computes
  // nonsense, so it stays out unless asked for. Folders always get it.
  Mtp mtp = Mtp::leave_out;
  i64 shard_bytes = 4'000'000'000;  // of safetensors
  // Bytes written so far and in all; an Err stops the conversion and is its result.
  std::function<Status(i64 done, i64 total)> progress;
};

// Everything but weights and configuration stays where it can: tokenizer, chat template, sampling, token ids.
// Err: what open_stored and outline_of find, what the other format cannot say, a value that f16 cannot hold. Nothing is
// left under `out` then; what was there stays.
Status convert_to_gguf(const std::filesystem::path& in, const std::filesystem::path& out,
                       const ConvertOptions& options);
Status convert_to_folder(const std::filesystem::path& in, const std::filesystem::path& out,
                         const ConvertOptions& options);

// convert_to_gguf's first half, for those who choose types of their own (quantize.hpp).
struct GgufPlan {
  StoredModel model;
  DType type = DType::f32;  // what convert_to_gguf gives matrices
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // made of model's
  std::vector<float> divisors;      // rope_freqs.weight; empty: there is none
};
Result<GgufPlan> plan_gguf(const std::filesystem::path& in, const ConvertOptions& options);

}  // namespace r1
