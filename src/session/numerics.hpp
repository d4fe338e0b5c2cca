// How serving computes a model.
#pragma once
#include <optional>

#include "model/model.hpp"

namespace r1 {

// The numerics with which the engine serves `model`; they never change while it is open (docs/numerics.md). `kv`, if
// set, is the type of the cache whatever the model's size.
//   - A small model is served as it was trained: everything in f32, latent attention in its expanded form. Its answers
//     then have the bits that training and scoring see.
//   - For a model whose keys and values of one token in one layer take more than 1024 elements, that cache would fill
//     the memory. It is served with a bf16 cache, and latent attention in its mixed form.
//   - Weights in blocks of integers are multiplied as integers if a kernel for their type exists. In a model with such
//     weights, or with FP8, the mixed form's absorbed products run in integers too.
Numerics serving_numerics(const Model& model, std::optional<DType> kv = {});

}  // namespace r1
