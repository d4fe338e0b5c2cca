// What a model takes in memory, and the refusal if this machine does not have it. Every command that opens a model asks
// here, before any memory is allocated.
#pragma once
#include <optional>
#include <string_view>

#include "hub/fit.hpp"
#include "infer/engine.hpp"
#include "model/model.hpp"

namespace r1 {

// Bytes that must be in memory.
struct MemoryNeed {
  i64 dense = 0;    // weights that every token uses
  i64 experts = 0;  // weights of routed experts
  i64 cache = 0;    // keys and values of `cache_tokens` tokens
  i64 cache_tokens = 0;
  i64 total() const { return dense + experts + cache; }
};

// file: weights are mapped from a model's files; blocks are used where they lie, and plain weights are copied into
// packs. memory: weights without a file, such as random ones. training: f32 weights with gradients and both moments of
// AdamW.
enum class WeightPlace : u8 { file, memory, training };
// The need of the weights; the cache is left at 0. `outline` is what Admit receives.
MemoryNeed need_of(const Model& outline, WeightPlace place);

// The flags of a command with which a model may fit after all.
struct MemoryFlags {
  bool memory = false;         // --memory limits the routed experts
  bool context = false;        // -c limits the cache
  std::string_view otherwise;  // what else helps, as the end of a sentence: "a smaller quantisation needs less"
};

// Errors: Errc::exhausted, if the machine has less memory available than the model needs. The message says what it
// needs for what, what is there, and which flag helps. An unknown amount of memory is enough.
Status check_memory(std::string_view name, const MemoryNeed& need, const MachineMemory& machine,
                    const MemoryFlags& flags);

// check_memory() of this machine for a model whose weights are all trained. `name` is the model's, for the message.
Status check_training_memory(std::string_view name, const Model& outline);

// The longest context, in tokens, whose cache fits into half of what the weights leave of the available memory; at
// most the context for which the model is trained. 0 if not even a page fits.
i64 context_that_fits(const Model& outline, const Numerics& numerics, const MemoryNeed& weights,
                      const MachineMemory& machine);

// Bytes of the KV cache of `tokens` tokens, in whole pages.
i64 cache_bytes(const Model& outline, const Numerics& numerics, i64 tokens);

}  // namespace r1
