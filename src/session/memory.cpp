#include "session/memory.hpp"

#include <algorithm>
#include <string>

#include "hub/select.hpp"
#include "ops/device.hpp"

namespace r1 {
namespace {

bool is_routed(const Weight& w) { return w.name().find(".mlp.experts.") != std::string::npos; }

i64 stored_bytes(const Weight& w) { return w.rows() * row_bytes(w.dtype(), w.cols()); }

i64 bytes_of(const Model& model, const Weight& w, WeightPlace place) {
  // f32 weight, gradient and two moments. Vectors and matrices alike.
  if (place == WeightPlace::training) return w.size() * 16;
  const bool is_lookup =
      w.name() == "model.embed_tokens.weight" && w.id() != model.head().id();  // rows are read singly
  const bool stays_f16 = w.dtype() == DType::f16 && packs_f16_as_f16(active_kernels());
  const i64 per_element = w.dtype() == DType::bf16 || stays_f16 ? 2 : 4;
  const i64 pack = is_plain(w.dtype()) && !is_lookup && w.rows() > 1 ? w.size() * per_element : 0;
  const auto blocks = [&] { return served_block_bytes(active_kernels(), w.dtype(), w.rows(), w.cols()); };
  // Blocks are packed too, for serving. The pack takes the place of the file's pages, but not of memory.
  if (place == WeightPlace::memory) return stored_bytes(w) + (is_plain(w.dtype()) || is_lookup ? pack : blocks());
  if (is_lookup) return 0;
  return is_plain(w.dtype()) ? pack : is_block(w.dtype()) ? blocks() : stored_bytes(w);
}

// "12g" for --memory: whole GiB, or MiB below 4 GiB.
std::string flag_text(i64 bytes) {
  constexpr i64 kMi = i64{1} << 20, kGi = i64{1} << 30;
  return bytes >= 4 * kGi ? fmt::format("{}g", bytes / kGi) : fmt::format("{}m", bytes / kMi);
}

std::string advice(const MemoryNeed& need, const MachineMemory& machine, const MemoryFlags& flags) {
  const i64 for_experts = (machine.available - need.dense - need.cache) * 9 / 10;
  if (flags.memory && need.experts > 0 && for_experts >= need.experts / 64)
    return fmt::format("--memory {} keeps that much of the experts in memory and reads the others from the file",
                       flag_text(for_experts));
  const i64 for_cache = (machine.available - need.dense - need.experts) * 9 / 10;
  if (flags.context && need.cache > 0 && for_cache > 0) {
    const auto share = static_cast<double>(for_cache) / static_cast<double>(need.cache);
    const i64 tokens = static_cast<i64>(share * static_cast<double>(need.cache_tokens)) / kPageTokens * kPageTokens;
    if (tokens >= kPageTokens) return fmt::format("-c {} fits", tokens);
  }
  return std::string(flags.otherwise);
}

}  // namespace

MemoryNeed need_of(const Model& outline, WeightPlace place) {
  MemoryNeed need;
  for (const Weight& w : outline.weights()) (is_routed(w) ? need.experts : need.dense) += bytes_of(outline, w, place);
  return need;
}

i64 cache_bytes(const Model& outline, const Numerics& numerics, i64 tokens) {
  const KvLayout layout = outline.kv_layout(numerics);
  return pages_for(tokens) * layout.page_bytes() * layout.layers;
}

i64 context_that_fits(const Model& outline, const Numerics& numerics, const MemoryNeed& weights,
                      const MachineMemory& machine) {
  const i64 trained = outline.info().context;
  if (machine.available == 0) return trained;
  const i64 left = std::max<i64>(machine.available - weights.total(), 0);
  return std::min(trained, left / 2 / cache_bytes(outline, numerics, kPageTokens) * kPageTokens);
}

Status check_memory(std::string_view name, const MemoryNeed& need, const MachineMemory& machine,
                    const MemoryFlags& flags) {
  if (machine.available == 0 || need.total() <= machine.available) return {};
  std::string parts = size_text(need.dense) + " for weights that every token uses";
  if (need.experts > 0) parts += ", " + size_text(need.experts) + " for routed experts";
  if (need.cache > 0) parts += fmt::format(", {} for the cache of {} tokens", size_text(need.cache), need.cache_tokens);
  return fail(Errc::exhausted, "{}: needs {} of memory ({}), {} of {} are available{}; {}", name,
              size_text(need.total()), parts, size_text(machine.available), size_text(machine.total),
              machine.group_limits ? " (the limit of the control group)" : "", advice(need, machine, flags));
}

Status check_training_memory(std::string_view name, const Model& outline) {
  return check_memory(name, need_of(outline, WeightPlace::training), machine_memory(),
                      {.otherwise = "training takes 16 bytes per parameter, and activations besides"});
}

}  // namespace r1
