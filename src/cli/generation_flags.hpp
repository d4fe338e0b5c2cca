// The flags of the commands that generate text (run, chat, eval), and the session that they ask for.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/args.hpp"
#include "core/threads/thread_pool.hpp"
#include "session/session.hpp"

namespace r1 {

struct GenerationFlags {
  std::string model = "nano";
  std::optional<i64> max_tokens, top_k;
  std::optional<u64> seed;
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  i64 threads = ThreadPool::default_threads();
  i64 context = 0;                    // tokens; 0: the model's
  i64 think_budget = 0;               // tokens; 0: no limit
  std::optional<std::string> memory;  // of the routed experts: "8g"
  bool think = false, no_think = false;
  bool verbose = false;

  std::vector<Flag> flags();  // bound to this object
  Status check() const;       // usage errors
  Think thinking() const { return no_think ? Think::off : Think::on; }
};

// The model by its name or path, opened for `max_sequences` sequences at once. With --verbose stderr gets a line on the
// model and one on its chat template. `flags` must have passed check().
Result<Session> open_session(const GenerationFlags& flags, ThreadPool& pool, i64 max_sequences = 1);

}  // namespace r1
