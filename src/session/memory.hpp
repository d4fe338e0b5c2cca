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

// Where the weights are. file: mapped from the model's files; blocks are used where they lie, and plain weights are
// copied into packs. memory: in memory without a file, such as random weights. training: f32 in memory, with gradients
// and both moments of AdamW.
enum class WeightPlace : u8 { file, memory, training };
// The memory that the weights need. The members for the cache stay 0. `outline` is what Admit receives.
MemoryNeed need_of(const Model& outline, WeightPlace place);

// Which flags a command has that may help if a model does not fit. The error message recommends one of them.
struct MemoryFlags {
  bool memory = false;         // --memory limits the routed experts
  bool context = false;        // -c limits the cache
  std::string_view otherwise;  // what else helps, as the end of a sentence: "a smaller quantisation needs less"
};

// Errors: Errc::exhausted, if the machine has less memory available than the model needs. The message says how much
// memory each part of the model needs, how much is available, and which flag helps. If the available memory is unknown
// (0), the model is taken to fit.
Status check_memory(std::string_view name, const MemoryNeed& need, const MachineMemory& machine,
                    const MemoryFlags& flags);

// check_memory() of this machine for a model whose weights are all trained. `name` is the model's, for the message.
Status check_training_memory(std::string_view name, const Model& outline);

// The longest context, in tokens, whose cache fits into half of what the weights leave of the available memory; at
// most the context for which the model is trained. 0 if not even a page fits. If the available memory is unknown (0),
// the context for which the model is trained.
i64 context_that_fits(const Model& outline, const Numerics& numerics, const MemoryNeed& weights,
                      const MachineMemory& machine);

// Bytes of the KV cache of `tokens` tokens, in whole pages.
i64 cache_bytes(const Model& outline, const Numerics& numerics, i64 tokens);

}  // namespace r1
