// What a session will take in memory, before it is opened.
#pragma once
#include "session/memory.hpp"
#include "session/session.hpp"

namespace r1 {

struct SessionNeed {
  MemoryNeed memory;
  i64 context = 0;  // tokens of the longest sequence
};

// `outline` is what Admit receives. Without a context in the options, the one that fits into `machine` is taken.
// Errors: a budget of the KV cache that does not hold the context.
Result<SessionNeed> session_need(const Model& outline, const SessionOptions& options, const MachineMemory& machine);

// The same for a model's files, of which only the heads are read. Errors: also those of open_model.
Result<SessionNeed> session_need(const std::filesystem::path& path, const SessionOptions& options,
                                 const MachineMemory& machine);

}  // namespace r1
