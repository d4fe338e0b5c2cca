#include "ops/cpu/expert_cache.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace r1 {
namespace {

i64 stored_bytes(const Weight& w) { return w.rows() * row_bytes(w.dtype(), w.cols()); }
i64 stored_bytes(const Expert& e) { return stored_bytes(e.gate) + stored_bytes(e.up) + stored_bytes(e.down); }

constexpr std::uintptr_t kAround = 64 << 10;  // what Linux maps around a page that is asked for

// All pages that [bytes, bytes + count) touches and `around` on either side, as far as `within` goes.
void advise(const std::byte* bytes, i64 count, std::uintptr_t around, const ExpertCache::Range& within, int advice) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes), end = begin + static_cast<std::uintptr_t>(count);
  const std::uintptr_t first = std::max(within.begin, (begin - around) / page * page);
  const std::uintptr_t last = std::min(within.end, (end + around + page - 1) / page * page);
  madvise(reinterpret_cast<void*>(first), last - first, advice);
}

// What of the address space shows files and cannot be written: pages that may be dropped, for they can be read again.
std::vector<ExpertCache::Range> mapped_files() {
  std::vector<ExpertCache::Range> all;
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  if (!maps) return all;
  char line[4608];
  while (std::fgets(line, sizeof line, maps)) {
    std::uintptr_t begin = 0, end = 0;
    unsigned long inode = 0;
    char access[8] = {};
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s %*x %*s %lu", &begin, &end, access, &inode) != 4) continue;
    if (inode == 0 || access[1] == 'w') continue;
    if (!all.empty() && all.back().end == begin) all.back().end = end;
    else all.push_back({begin, end});
  }
  std::fclose(maps);
  return all;
}

bool holds(const std::vector<i32>& all, i32 e) { return std::find(all.begin(), all.end(), e) != all.end(); }

}  // namespace

Result<std::shared_ptr<ExpertCache>> ExpertCache::create(i64 budget, std::span<const std::span<const Expert>> layers) {
  auto cache = std::make_shared<ExpertCache>();
  cache->budget_ = budget;
  cache->files_ = mapped_files();
  double all = 0;
  for (const std::span<const Expert>& experts : layers) {
    Layer l;
    l.experts = experts;
    for (const Expert& e : experts) {
      for (const Weight* w : {&e.gate, &e.up, &e.down})
        if (!cache->file_of(*w))
          return fail(Errc::unsupported, "a budget for experts: {} does not lie in a mapped file", w->name());
      if (2 * stored_bytes(e) > budget)  // one is multiplied while the next is read
        return fail(Errc::invalid_argument, "a budget of {} bytes for experts: two as that of {} have {}", budget,
                    e.gate.name(), 2 * stored_bytes(e));
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

const ExpertCache::Range* ExpertCache::file_of(const Weight& w) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(w.bytes()),
             end = begin + static_cast<std::uintptr_t>(stored_bytes(w));
  for (const Range& r : files_)
    if (r.begin <= begin && end <= r.end) return &r;
  return nullptr;
}

void ExpertCache::advise_expert(const Expert& e, Advice advice) const {
  for (const Weight* w : {&e.gate, &e.up, &e.down})
    advise(w->bytes(), stored_bytes(*w), advice == Advice::drop ? kAround : 0, *file_of(*w),
           advice == Advice::drop ? MADV_DONTNEED : MADV_WILLNEED);
}

const ExpertCache::Layer& ExpertCache::layer_of(const Expert* first) const {
  const auto found = index_.find(first);
  R1_CHECK(found != index_.end(), "experts of a layer that the cache does not know");
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
  advise_expert(e, Advice::drop);
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
    if (holds(wanted, l.order[at]) || holds(in_use, l.order[at])) ++at;
    else evict(l, at);
  // Rarely: two experts are more than this layer's share and what is free. The layer just left is needed last.
  const size_t here = static_cast<size_t>(&l - layers_.data());
  for (size_t back = 1; back < layers_.size(); ++back) {
    Layer& other = layers_[(here + layers_.size() - back) % layers_.size()];
    while (resident_ + bytes > budget_ && !other.order.empty()) evict(other, 0);
  }
  for (const i32 e : missing) {  // all of them asked for before the first is needed
    advise_expert(l.experts[e], Advice::read);
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
