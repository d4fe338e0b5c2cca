#include "session/session_need.hpp"

#include <algorithm>

#include "session/numerics.hpp"

namespace r1 {
namespace {

// The context, at most what the budget of the cache holds.
Result<i64> context_in(const Model& outline, const Numerics& numerics, const SessionOptions& options, i64 context) {
  const i64 page = cache_bytes(outline, numerics, kPageTokens), holds = options.kv_bytes / page * kPageTokens;
  if (holds < std::max<i64>(options.context, 1))
    return fail(Errc::exhausted, "a context of {} tokens needs {} bytes of KV cache, the budget is {}",
                std::max<i64>(options.context, 1), cache_bytes(outline, numerics, std::max<i64>(options.context, 1)),
                options.kv_bytes);
  return std::min(context, holds);
}

}  // namespace

Result<SessionNeed> session_need(const Model& outline, const SessionOptions& options, const MachineMemory& machine) {
  const Numerics numerics = serving_numerics(outline, options.kv);
  SessionNeed out{need_of(outline, WeightPlace::file), options.context};
  MemoryNeed& need = out.memory;
  if (options.expert_bytes) need.experts = std::min(need.experts, *options.expert_bytes);
  const i64 trained = outline.info().context;
  if (out.context == 0)
    out.context = std::min(std::max(context_that_fits(outline, numerics, need, machine), kPageTokens), trained);
  if (options.kv_bytes > 0) out.context = R1_TRY(context_in(outline, numerics, options, out.context));
  need.cache_tokens = std::min(out.context, trained);  // a longer context never gets a cache: Engine::create refuses it
  need.cache = options.kv_bytes > 0 ? options.kv_bytes : cache_bytes(outline, numerics, need.cache_tokens);
  return out;
}

Result<SessionNeed> session_need(const std::filesystem::path& path, const SessionOptions& options,
                                 const MachineMemory& machine) {
  // open_model asks whether the model may be opened when it has read only the heads of the files. The answer is no.
  std::optional<Result<SessionNeed>> need;
  const auto opened = open_model(path, Weights::frozen, [&](const Model& outline) -> Status {
    need = session_need(outline, options, machine);
    return fail(Errc::interrupted, "{}: only its size was asked for", path.string());
  });
  if (need) return std::move(*need);
  return tl::unexpected(opened.error());
}

}  // namespace r1
