// Keys and values rounded as a cache stores them, by plain loops.
#pragma once
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/half.hpp"

namespace r1 {

// x holds rows of n features.
inline std::vector<float> stored_keys(std::vector<float> x, i64 n, DType type) {
  if (type == DType::bf16)
    for (float& f : x) f = f32_from_bf16(bf16_from_f32(f));
  if (type != DType::q8_0) return x;
  for (size_t row = 0; n > 0 && row < x.size(); row += n)
    for (i64 first = 0; first < n; first += 32) {
      const std::span block(&x[row + first], std::min<i64>(32, n - first));
      float largest = 0;
      for (const float f : block) largest = std::max(largest, std::abs(f));
      const float scale = f32_from_f16(f16_from_f32(largest / 127));
      for (float& f : block) f = std::nearbyint(f * (127 / largest)) * scale;
    }
  return x;
}

}  // namespace r1
