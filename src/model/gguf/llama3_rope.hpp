// Llama 3's rope scaling as a GGUF holds it: the elements of the tensor rope_freqs.weight divide the frequencies of the
// rotated pairs.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "ops/ops.hpp"

namespace r1 {

std::vector<float> llama3_divisors(const RopeConfig& c);  // [dim/2]

// Parameters of Llama 3's formula that give these divisors within a few roundings of f32; nullopt if there are none.
// The divisors do not determine the original context together with low_turns and high_turns. The function therefore
// tries all contexts that are powers of two with the published values, low_turns 1 and high_turns 4. If none fits, it
// takes the context to be 8192 and computes the other two.
std::optional<RopeConfig> llama3_of(std::span<const float> divisors, double theta);

}  // namespace r1
