// Models of known shapes with random weights, in the types that a mix gives a file.
#pragma once
#include "model/shapes.hpp"
#include "quant/quantize_mix.hpp"

namespace r1 {

// The model that a GGUF of this shape, quantised by `mix`, would open as, without the file and without an MTP module.
// Errors: those of random_model(shape, options, type_of).
Result<std::unique_ptr<Model>> random_model(std::string_view shape, const ShapeOptions& options, const Mix& mix,
                                            const Admit& admit = {});

}  // namespace r1
