// A model's weights in fewer bits: a folder or a GGUF becomes a GGUF. Tensors are read and written in pieces, so memory
// does not grow with the model.
#pragma once
#include <array>
#include <filesystem>
#include <functional>
#include <string>

#include "convert/gguf_tensors.hpp"
#include "core/threads/thread_pool.hpp"
#include "quant/imatrix.hpp"
#include "quant/quantize_mix.hpp"

namespace r1 {

struct QuantizeOptions {
  Mix mix;
  const Imatrix* importance = nullptr;  // null: all columns weigh the same
  std::string importance_name;          // recorded in the file
  Mtp mtp = Mtp::leave_out;             // for a folder; a GGUF keeps the module if it has one
  // Called after each piece. An Error stops the quantisation and is its result.
  std::function<Status(const std::string& tensor, i64 elements_done, i64 elements)> progress;
  std::function<void(const std::string& line)> note;  // called before the start with what the user should know
};

struct QuantizeResult {
  i64 elements = 0, bytes_before = 0, bytes_after = 0;  // of all tensors
  std::array<i64, kDTypes> tensors{};                   // how many have each type
  // How many got a type of smaller blocks, because their rows are no multiple of the block that the mix asks for.
  i64 replaced = 0;
  DType wanted = DType::f32, given = DType::f32;  // of the first of them
  i64 row = 0;                                    // its elements per row
};

// The names, metadata and arrangement are those of the GGUF, and for a folder those that `r1 convert` gives it. A
// tensor that already has the type that it is to get is copied. Errors: those of opening the model, numbers that the
// type cannot hold, an importance matrix of another model. After an error nothing new lies under `out`, and what was
// there before stays.
Result<QuantizeResult> quantize_model(const std::filesystem::path& in, const std::filesystem::path& out,
                                      const QuantizeOptions& options, ThreadPool& pool);

}  // namespace r1
