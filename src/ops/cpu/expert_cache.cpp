#include "ops/cpu/expert_cache.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "core/integer.hpp"

namespace r1 {
namespace {

i64 stored_bytes(const Weight& w) { return w.rows() * row_bytes(w.dtype(), w.cols()); }
i64 stored_bytes(const Expert& e) { return stored_bytes(e.gate) + stored_bytes(e.up) + stored_bytes(e.down); }

enum class Advice : u8 { read, drop };

// Gives the kernel advice on all pages that a weight touches. A page fault also maps the pages around it, 64 KiB on
// Linux, so `drop` includes as much on either side, within the mapping.
void advise(const Weight& w, Advice advice) {
  constexpr std::uintptr_t kFaultAround = 64 << 10;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t around = advice == Advice::drop ? kFaultAround : 0;
  const std::span<const std::byte> mapping = w.mapping();
  const auto mapped = reinterpret_cast<std::uintptr_t>(mapping.data()),
             begin = reinterpret_cast<std::uintptr_t>(w.bytes());
  const std::uintptr_t end = begin + static_cast<std::uintptr_t>(stored_bytes(w));
  const std::uintptr_t first = std::max(mapped, (begin - around) / page * page);
  const std::uintptr_t last = std::min(mapped + mapping.size(), round_up(u64{end + around}, u64{page}));
  madvise(reinterpret_cast<void*>(first), last - first, advice == Advice::drop ? MADV_DONTNEED : MADV_WILLNEED);
}

void advise(const Expert& e, Advice advice) {
  for (const Weight* w : {&e.gate, &e.up, &e.down}) advise(*w, advice);
}

bool contains(const std::vector<i32>& all, i32 e) { return std::find(all.begin(), all.end(), e) != all.end(); }

}  // namespace

Result<std::shared_ptr<ExpertCache>> ExpertCache::create(i64 budget, std::span<const std::span<const Expert>> layers) {
  auto cache = std::make_shared<ExpertCache>();
  cache->budget_ = budget;
  double all = 0;
  for (const std::span<const Expert>& experts : layers) {
    Layer l;
    l.experts = experts;
    for (const Expert& e : experts) {
      for (const Weight* w : {&e.gate, &e.up, &e.down})
        if (w->mapping().empty())
          return fail(Errc::unsupported, "a budget for experts: {} does not lie in a mapped file", w->name());
      if (2 * stored_bytes(e) > budget)  // one expert is multiplied while the next is read
        return fail(Errc::invalid_argument, "a budget of {} bytes for experts: two experts such as {} have {} bytes",
                    budget, e.gate.name(), 2 * stored_bytes(e));
      l.bytes += stored_bytes(e);
    }
    all += static_cast<double>(l.bytes);
    cache->index_[experts.data()] = cache->layers_.size();
    cache->layers_.push_back(std::move(l));
  }
  for (Layer& l : cache->layers_)
    l.share = static_cast<i64>(static_cast<double>(budget) * static_cast<double>(l.bytes) / all + 0.5);
  return cache;
}

const ExpertCache::Layer& ExpertCache::layer_of(const Expert* first) const {
  const auto found = index_.find(first);
  R1_CHECK(found != index_.end(), "experts: a layer that the cache does not know");
  return layers_[found->second];
}
ExpertCache::Layer& ExpertCache::layer_of(const Expert* first) {
  return const_cast<Layer&>(std::as_const(*this).layer_of(first));
}

std::vector<std::vector<i32>> ExpertCache::groups(const Expert* first, const std::vector<i32>& chosen) const {
  const Layer& l = layer_of(first);
  i64 all = 0;
  for (const i32 e : chosen) all += stored_bytes(l.experts[e]);
  if (all <= room(l)) return {chosen};
  std::vector<std::vector<i32>> groups;
  i64 bytes = 0;
  for (const i32 e : chosen) {
    const i64 more = stored_bytes(l.experts[e]);
    if (groups.empty() || bytes + more > room(l) / 2) groups.emplace_back(), bytes = 0;
    groups.back().push_back(e), bytes += more;
  }
  return groups;
}

void ExpertCache::evict(Layer& l, size_t at) {
  const Expert& e = l.experts[l.order[at]];
  advise(e, Advice::drop);
  l.resident -= stored_bytes(e), resident_ -= stored_bytes(e);
  l.order.erase(l.order.begin() + static_cast<std::ptrdiff_t>(at));
}

void ExpertCache::fetch(const Expert* first, const std::vector<i32>& wanted, const std::vector<i32>& in_use) {
  Layer& l = layer_of(first);
  std::vector<i32> missing;
  i64 bytes = 0;
  for (const i32 e : wanted) {
    if (const auto at = std::find(l.order.begin(), l.order.end(), e); at != l.order.end()) {
      l.order.erase(at), l.order.push_back(e), ++hits_;
    } else {
      missing.push_back(e), bytes += stored_bytes(l.experts[e]), ++misses_;
    }
  }
  for (size_t at = 0; at < l.order.size() && resident_ + bytes > budget_;)
    if (contains(wanted, l.order[at]) || contains(in_use, l.order[at])) ++at;
    else evict(l, at);
  // In rare cases two experts do not fit this layer's share and what is free. Other layers then give up experts, first
  // the layer before this one, because it is needed last.
  const size_t current = static_cast<size_t>(&l - layers_.data());
  for (size_t back = 1; back < layers_.size(); ++back) {
    Layer& other = layers_[(current + layers_.size() - back) % layers_.size()];
    while (resident_ + bytes > budget_ && !other.order.empty()) evict(other, 0);
  }
  for (const i32 e : missing) {  // all reads start before the first expert is needed
    advise(l.experts[e], Advice::read);
    l.order.push_back(e);
  }
  l.resident += bytes, resident_ += bytes;
  peak_ = std::max(peak_, resident_);
}

void ExpertCache::settle(const Expert* first) {
  Layer& l = layer_of(first);
  while (l.resident > l.share) evict(l, 0);
}

}  // namespace r1
