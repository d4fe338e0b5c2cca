// Configurations that everybody knows by name, and models of that shape with random weights of any type: what there is
// to measure where there is no file.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/gguf/names.hpp"
#include "model/model.hpp"

namespace r1 {

std::vector<std::string> shape_names();  // "deepseek-r1", "deepseek-r1-distill-qwen-1.5b", ...

struct ShapeOptions {
  i64 layers = 0;         // all; 0: as published. Fewer of them: the first ones
  i64 dense_layers = -1;  // of those, without experts; -1: as published. Of models that have experts
};

// The type that a GGUF would store a matrix in, by the matrix's name there and its shape, outermost axis first.
using StoredTypeOf =
    std::function<DType(std::string_view gguf_name, const std::vector<i64>& shape, const GgufDims& dims)>;

// A model of the shape with random weights; each tensor has memory of its own. It has no MTP module.
// Errors: an unknown name (the message lists the known ones), layers that the shape does not have.
Result<std::unique_ptr<Model>> random_model(std::string_view shape, const ShapeOptions& options, StoredTypeOf type_of);

}  // namespace r1
