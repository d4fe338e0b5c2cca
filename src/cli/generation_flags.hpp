// The flags of the commands that generate text (run, chat, eval), and the session that they ask for.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/args.hpp"
#include "core/threads/thread_pool.hpp"
#include "session/session.hpp"

namespace r1 {

// The seed if --seed is absent: 0, so that measurements repeat, or a random one, so that people see other answers.
enum class DefaultSeed { zero, random };

struct GenerationFlags {
  explicit GenerationFlags(DefaultSeed kind = DefaultSeed::zero) : default_seed(kind) {}

  std::string model = "nano";
  std::optional<i64> max_tokens, top_k;
  std::optional<u64> seed;
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  i64 threads = ThreadPool::default_threads();
  i64 context = 0;                    // tokens; 0: the model's
  i64 think_budget = 0;               // tokens; 0: no limit
  std::optional<std::string> memory;  // of the routed experts: "8g"
  std::optional<std::string> kv;      // type of the cache: f32, bf16 or q8_0
  bool think = false, no_think = false;
  bool verbose = false;
  bool sample_if_greedy = false;  // no flag: SamplingOverrides::sample_if_greedy
  DefaultSeed default_seed;

  std::vector<Flag> flags();                // bound to this object
  std::vector<Flag> flags_besides_model();  // the same without -m
  Status check() const;                     // usage errors
  Think thinking() const { return no_think ? Think::off : Think::on; }
  void draw_seed();  // sets a seed that is absent to a random one, if that is the default
  Result<SessionOptions> session_options() const;
};

// The model by its name or path, opened for `max_sequences` sequences at once. With --verbose stderr gets a line on the
// model, one on its chat template and one with the seed. `flags` must have passed check().
Result<Session> open_session(const GenerationFlags& flags, ThreadPool& pool, i64 max_sequences = 1);

// Errors: text that is not UTF-8; a model whose chat template refuses or leaves out system prompts.
Status check_system_prompt(const Session& session, std::string_view system);

}  // namespace r1
