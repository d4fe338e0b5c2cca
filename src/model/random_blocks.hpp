// A source of random weights that are stored as a mix says: a model that there is no file of, with a file's memory.
#pragma once
#include <memory>

#include "formats/quantize_mix.hpp"
#include "model/weight_source.hpp"

namespace r1 {

// Every matrix gets the type that `mix` gives its GGUF name, and memory of its own; its values repeat every few
// megabytes, which no one who measures will notice. What the mix keeps f32 and what MLA absorbs is f32.
std::unique_ptr<WeightSource> random_block_source(const Mix& mix, const MixModel& model);

}  // namespace r1
