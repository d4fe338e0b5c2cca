// Random weights in stored types: a model that takes the memory of a file, without the file.
#pragma once
#include <memory>

#include "model/shapes.hpp"
#include "model/weight_source.hpp"

namespace r1 {

// Every matrix gets memory of its own and the type that `type_of` returns for it. Its values repeat every few
// megabytes, which does not change what a benchmark measures. Vectors and the matrices that MLA absorbs are always f32.
std::unique_ptr<WeightSource> random_weights(StoredTypeOf type_of, const GgufDims& dims);
// The same weights without bytes.
std::unique_ptr<WeightSource> random_weights_outline(StoredTypeOf type_of, const GgufDims& dims);

}  // namespace r1
