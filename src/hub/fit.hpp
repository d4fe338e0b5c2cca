// Whether a model of some size will run in this machine's memory: an estimate, made before anything is fetched.
#pragma once
#include "core/dtype.hpp"

namespace r1 {

// Weights are mapped and about as large in memory as their files; cache, activations and repacked weights come on top.
enum class Fit {
  fits,     // weights and a quarter more, and half a GB
  tight,    // the weights alone
  exceeds,  // not even those: routed experts must be read on demand
};
Fit fit_of(i64 weight_bytes, i64 memory_bytes);

// What this process may use at most: the machine's memory, or the limit of its control group. 0 if it cannot be told.
i64 memory_limit();

}  // namespace r1
