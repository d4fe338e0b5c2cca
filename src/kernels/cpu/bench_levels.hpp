// The levels, or variants of levels, that the arguments of a benchmark name; all levels if they name none.
#pragma once
#include <algorithm>
#include <string_view>
#include <vector>

#include "kernels/cpu/kernels.hpp"

namespace r1::cpu {

inline std::vector<const Kernels*> requested_levels(int argc, char** argv) {
  std::vector<const Kernels*> requested;
  for (const Kernels* k : variants()) {
    const auto is_named = [&](const char* name) { return std::string_view(name) == k->name; };
    if (std::any_of(argv + 1, argv + argc, is_named)) requested.push_back(k);
  }
  if (requested.empty()) requested.assign(levels().begin(), levels().end());
  return requested;
}

}  // namespace r1::cpu
