// The levels that the arguments of a benchmark name, or all levels if there are no arguments.
#pragma once
#include <algorithm>
#include <string_view>
#include <vector>

#include "kernels/cpu/kernels.hpp"

namespace r1::cpu {

inline std::vector<const Kernels*> requested_levels(int argc, char** argv) {
  std::vector<const Kernels*> requested;
  for (const Kernels* k : levels()) {
    const auto is_named = [&](const char* name) { return std::string_view(name) == k->name; };
    if (argc == 1 || std::any_of(argv + 1, argv + argc, is_named)) requested.push_back(k);
  }
  return requested;
}

}  // namespace r1::cpu
