// Routed experts of a model that is larger than memory. Their weights stay in mapped files, and at most `budget` bytes
// of them are resident. As soon as the router has chosen, the cache starts to read all missing experts at once; the
// least recently used ones give back their pages. What is computed does not change.
//
// A token passes through all layers before it comes back to the first, so the least recently used experts of all layers
// are those that it needs next. Each layer therefore has a share of the budget, in proportion to its size, and evicts
// its own experts. It evicts experts of other layers only if the wanted experts do not fit into what is free and its
// own share. Only the thread that runs the pass may use a cache.
#pragma once
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "ops/ops.hpp"

namespace r1 {

class ExpertCache {
 public:
  // A cache for the experts of `layers`, the layers that have any; the elements of the spans must stay in place.
  // Errors: an expert whose weights do not lie in a mapped file, so that their memory could not be given back; a budget
  // smaller than two experts.
  static Result<std::shared_ptr<ExpertCache>> create(i64 budget, std::span<const std::span<const Expert>> layers);

  // The functions below identify a layer by `layer`, the first expert of its span.

  // Cuts the chosen experts of a layer into groups such that two groups can be resident together; one group if all
  // experts can be.
  std::vector<std::vector<i32>> groups(const Expert* layer, const std::vector<i32>& chosen) const;
  // Starts to read the missing experts of `wanted`. Evicts others to make room, but none of `in_use`.
  void fetch(const Expert* layer, const std::vector<i32>& wanted, const std::vector<i32>& in_use);
  // Ends the use of a layer: evicts its least recently used experts until the others fit into its share.
  void settle(const Expert* layer);

  i64 resident() const { return resident_; }  // bytes of experts that were fetched and not evicted
  i64 peak() const { return peak_; }          // the most that was ever resident
  i64 hits() const { return hits_; }          // experts that were resident when they were wanted
  i64 misses() const { return misses_; }

 private:
  struct Layer {
    std::span<const Expert> experts;
    i64 bytes = 0, share = 0, resident = 0;
    std::vector<i32> order;  // the resident experts, the most recently used last
  };
  Layer& layer_of(const Expert* first);
  const Layer& layer_of(const Expert* first) const;
  void evict(Layer& l, size_t at);
  i64 room(const Layer& l) const { return budget_ - (resident_ - l.resident); }

  i64 budget_ = 0, resident_ = 0, peak_ = 0, hits_ = 0, misses_ = 0;
  std::vector<Layer> layers_;
  std::unordered_map<const Expert*, size_t> index_;  // in layers_, by a layer's first expert
};

// As experts() of ops.hpp, with the weights fetched through `cache` and never packed.
Tensor experts(Pass& p, const Tensor& x, const Routing& r, std::span<const Expert> experts, ExpertCache* cache);

}  // namespace r1
