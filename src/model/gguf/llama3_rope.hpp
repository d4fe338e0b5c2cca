// Llama 3's rope scaling as a GGUF holds it: rope_freqs.weight, what each pair's frequency is divided by.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "ops/ops.hpp"

namespace r1 {

std::vector<float> llama3_divisors(const RopeConfig& c);  // [dim/2]

// The formula behind such a table, its parameters those of published models where they fit. The original context and
// the two factors are one figure too many: where they do not, the context is 8192 and the factors follow. Within a few
// roundings of f32; nullopt: no formula of this form gives it.
std::optional<RopeConfig> llama3_of(std::span<const float> divisors, double theta);

}  // namespace r1
