// A model's weights in fewer bits: a folder or a GGUF into a GGUF, tensor by tensor and in pieces, so that memory does
// not grow with the model.
#pragma once
#include <array>
#include <filesystem>
#include <functional>
#include <string>

#include "core/thread_pool.hpp"
#include "quant/imatrix.hpp"
#include "quant/quantize_mix.hpp"

namespace r1 {

struct QuantizeOptions {
  Mix mix;
  const Imatrix* importance = nullptr;  // null: all columns matter the same
  std::string importance_name;          // recorded in the file
  bool mtp = false;                     // of a folder: keep the MTP module, as nextn.*
  // After each piece; an Err stops and is the result.
  std::function<Status(const std::string& tensor, i64 elements_done, i64 elements)> progress;
  std::function<void(const std::string& line)> note;  // what the user should know before it starts
};

struct QuantizeResult {
  i64 elements = 0, bytes_before = 0, bytes_after = 0;  // of tensors
  std::array<i64, kDTypes> tensors{};                   // how many got each type
};

// A GGUF keeps its names, metadata and arrangement; a folder gets those that `r1 convert` gives it. Tensors that are of
// their type already are copied. Err: what reading finds, numbers that the type cannot hold, an importance matrix of
// another model. Nothing is left under `out` then; what was there stays.
Result<QuantizeResult> quantize_model(const std::filesystem::path& in, const std::filesystem::path& out,
                                      const QuantizeOptions& options, ThreadPool& pool);

}  // namespace r1
