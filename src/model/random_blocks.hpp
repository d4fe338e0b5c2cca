// A source of random weights in stored types: a model that has the memory of a file without having the file.
#pragma once
#include <memory>

#include "model/shapes.hpp"
#include "model/weight_source.hpp"

namespace r1 {

// Every matrix gets the type that `type_of` returns for it and memory of its own. Its values repeat every few
// megabytes, which does not change what a benchmark measures. Vectors and the matrices that MLA absorbs are always f32.
std::unique_ptr<WeightSource> random_block_source(StoredTypeOf type_of, const GgufDims& dims);

}  // namespace r1
