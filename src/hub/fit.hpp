// Estimates, before anything is fetched, whether a model of a given size will run in this machine's memory.
#pragma once
#include <filesystem>

#include "core/dtype.hpp"

namespace r1 {

// Weights are mapped, so they take about as much memory as their files. The cache, activations and repacked weights
// need memory in addition.
enum class Fit {
  fits,     // there is room for the weights, a quarter of their size more, and half a GB
  tight,    // there is room for the weights only
  exceeds,  // there is no room for the weights: routed experts must be read on demand
};
Fit fit_of(i64 weight_bytes, i64 memory_bytes);

// The memory that this process may use: the machine's, or the limit of its control group if that is lower. 0 if it is
// unknown.
i64 memory_limit();

// All bytes are 0 if they are unknown.
struct MachineMemory {
  i64 total = 0;              // the machine's, or the limit of the control group if that is lower
  i64 available = 0;          // what a new program can get without swapping: MemAvailable, or what the group has left
  bool group_limits = false;  // the control group allows less than the machine has
};
// `root` is "/", or in tests a folder with files of the same names.
MachineMemory machine_memory(const std::filesystem::path& root = "/");

}  // namespace r1
