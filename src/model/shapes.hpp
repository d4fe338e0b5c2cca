// Published configurations by name, and models of such a shape with random weights of any type: for benchmarks on a
// machine without the model's files.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/gguf/dims.hpp"
#include "model/model.hpp"

namespace r1 {

std::vector<std::string> shape_names();  // "deepseek-r1", "deepseek-r1-distill-qwen-1.5b", ...

struct ShapeOptions {
  i64 layers = 0;         // how many layers, from the first on; 0: all
  i64 dense_layers = -1;  // how many of them, from the first on, have no experts; -1: as published
};

// The type in which a GGUF would store a tensor with this name and shape (outermost axis first).
using StoredTypeOf =
    std::function<DType(std::string_view gguf_name, const std::vector<i64>& shape, const GgufDims& dims)>;

// A model of the shape with random weights and without an MTP module; each tensor has memory of its own.
// Errors: an unknown name (the message lists the known ones), layers that the shape does not have, dense_layers for a
// shape without experts; the error of `admit`.
Result<std::unique_ptr<Model>> random_model(std::string_view shape, const ShapeOptions& options, StoredTypeOf type_of,
                                            const Admit& admit = {});

}  // namespace r1
