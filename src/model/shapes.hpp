// Configurations that everybody knows by name, and models of that shape with random weights of any type: what there is to
// measure where there is no file.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/quantize_mix.hpp"
#include "model/model.hpp"

namespace r1 {

std::vector<std::string> shape_names();  // "deepseek-r1", "deepseek-r1-distill-qwen-1.5b", ...

struct ShapeOptions {
  i64 layers = 0;        // all; 0: as published. Fewer of them: the first ones
  i64 dense_layers = -1;  // of those, without experts; -1: as published. Of models that have experts
};

// Weights as in a GGUF of that mix, each tensor with memory of its own and random blocks in it. No MTP module.
// Err: an unknown name (they are listed), layers that the shape does not have.
Result<std::unique_ptr<Model>> random_model(std::string_view shape, const ShapeOptions& options, const Mix& mix);

}  // namespace r1
