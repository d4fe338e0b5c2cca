// Routed experts of a model that is larger than memory. Their weights stay in the mapped file; at most `budget` bytes
// of them are resident. When the router has chosen, what is missing is read ahead all at once, and experts that were
// not used for longest give their pages back. Nothing that is computed changes.
//
// A token goes through every layer before it comes back to the first, so the least recently used of all layers would be
// just what is needed next: each layer has a share of the budget, by its size, and forgets its own.
// Used from the thread that runs the pass.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "ops/ops.hpp"

namespace r1 {

class ExpertCache {
 public:
  // The experts of every layer that has any; the spans' elements must stay where they are. Err: experts that are not in
  // a mapped file (nothing could be given back), a budget below two experts.
  static Result<std::shared_ptr<ExpertCache>> create(i64 budget, std::span<const std::span<const Expert>> layers);

  // Cuts the chosen experts of a layer into groups that can be resident two at a time; one group if all of them can be.
  std::vector<std::vector<i32>> groups(const Expert* layer, const std::vector<i32>& chosen) const;
  // Starts reading what is missing of `wanted`; evicts what room it takes, but nothing of `in_use`.
  void fetch(const Expert* layer, const std::vector<i32>& wanted, const std::vector<i32>& in_use);
  // The layer is done: it keeps the most recently used of its experts, as far as its share goes.
  void settle(const Expert* layer);

  i64 resident() const { return resident_; }  // bytes of experts fetched and not given back
  i64 peak() const { return peak_; }
  i64 hits() const { return hits_; }  // experts wanted that were resident
  i64 misses() const { return misses_; }

  struct Range {
    std::uintptr_t begin, end;
  };

 private:
  enum class Advice : u8 { read, drop };
  struct Layer {
    std::span<const Expert> experts;
    i64 bytes = 0, share = 0, resident = 0;
    std::vector<i32> order;  // resident, the most recently used last
  };
  Layer& layer_of(const Expert* first);
  const Layer& layer_of(const Expert* first) const;
  const Range* file_of(const Weight& w) const;
  void advise_expert(const Expert& e, Advice advice) const;
  void evict(Layer& l, size_t at);
  i64 room(const Layer& l) const { return budget_ - (resident_ - l.resident); }

  i64 budget_ = 0, resident_ = 0, peak_ = 0, hits_ = 0, misses_ = 0;
  std::vector<Range> files_;  // mapped, read-only: pages may be dropped, for they can be read again
  std::vector<Layer> layers_;
  std::unordered_map<const Expert*, size_t> index_;
};

// As experts() of ops.hpp, the weights fetched through `cache` and never packed.
Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts, ExpertCache* cache);

}  // namespace r1
