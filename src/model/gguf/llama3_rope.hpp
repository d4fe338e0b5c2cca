// Llama 3's rope scaling as a GGUF holds it: the tensor rope_freqs.weight, by whose elements the frequencies of the
// pairs are divided.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "ops/ops.hpp"

namespace r1 {

std::vector<float> llama3_divisors(const RopeConfig& c);  // [dim/2]

// Parameters of the formula that give these divisors, within a few roundings of f32; Returns nullopt if no parameters
// give them. The original context and the two factors cannot all be known from the divisors. So contexts that are
// powers of two are tried with the published factors, 1 and 4; if none fits, the context is taken to be 8192 and the
// factors follow.
std::optional<RopeConfig> llama3_of(std::span<const float> divisors, double theta);

}  // namespace r1
