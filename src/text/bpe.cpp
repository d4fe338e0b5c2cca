#include "text/bpe.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <queue>

#include "text/tokenizer_hash.hpp"

namespace r1 {
namespace {

constexpr size_t kShort = 24;  // up to this length, scanning for the lowest rank is faster than a heap
constexpr i32 kNoRank = std::numeric_limits<i32>::max();
constexpr size_t kFirstSlots = 1024;

}  // namespace

BpeMerges::BpeMerges() : slots_(kFirstSlots), shift_(64 - std::countr_zero(kFirstSlots)), multiplier_(secret() | 1) {}

size_t BpeMerges::slot_of(i32 a, i32 b) const {
  const u64 key = u64{static_cast<u32>(a)} << 32 | static_cast<u32>(b);
  size_t at = static_cast<size_t>((key ^ key >> 29) * multiplier_ >> shift_);
  while (slots_[at].a >= 0 && (slots_[at].a != a || slots_[at].b != b)) at = (at + 1) & (slots_.size() - 1);
  return at;
}

void BpeMerges::add(const Merge& merge) {
  if (count_ * 8 >= slots_.size() * 5) grow();
  Merge& slot = slots_[slot_of(merge.a, merge.b)];
  count_ += slot.a < 0;
  slot = merge;
}

void BpeMerges::grow() {
  std::vector<Merge> old(slots_.size() * 2);
  old.swap(slots_);
  --shift_;
  for (const Merge& m : old) {
    if (m.a >= 0) slots_[slot_of(m.a, m.b)] = m;
  }
}

std::vector<BpeMerges::Merge> BpeMerges::by_rank() const {
  std::vector<Merge> merges;
  std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(merges), [](const Merge& m) { return m.a >= 0; });
  std::sort(merges.begin(), merges.end(), [](const Merge& x, const Merge& y) { return x.rank < y.rank; });
  return merges;
}

size_t BpeMerges::apply(std::span<i32> symbols) const {
  if (symbols.size() < 2) return symbols.size();
  return symbols.size() <= kShort ? apply_short(symbols) : apply_long(symbols);
}

size_t BpeMerges::apply_short(std::span<i32> symbols) const {
  std::array<i32, kShort> rank, result;  // of the merge of symbols i and i + 1
  const auto look = [&](size_t i) {
    const Merge* m = find(symbols[i], symbols[i + 1]);
    rank[i] = m ? m->rank : kNoRank, result[i] = m ? m->result : 0;
  };
  size_t n = symbols.size();
  for (size_t i = 0; i + 1 < n; ++i) look(i);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (rank[i] < rank[best]) best = i;
    }
    if (rank[best] == kNoRank) break;
    symbols[best] = result[best];
    for (size_t i = best + 1; i + 1 < n; ++i) symbols[i] = symbols[i + 1];
    for (size_t i = best + 1; i + 2 < n; ++i) rank[i] = rank[i + 1], result[i] = result[i + 1];
    --n;
    if (best > 0) look(best - 1);
    if (best + 1 < n) look(best);
  }
  return n;
}

// A heap of rank and place in one number, and a linked list of the symbols that are left, each with the rank of its
// pair now: an entry of the heap is stale when they differ, for one rank is one pair.
size_t BpeMerges::apply_long(std::span<i32> symbols) const {
  constexpr i32 kGone = -1;
  struct Place {
    u32 before, after;
    i32 rank, result;
  };
  const u32 n = static_cast<u32>(symbols.size());
  std::vector<Place> places(n);
  std::vector<u64> first;
  const auto look = [&](u32 i) {
    Place& p = places[i];
    const Merge* m = p.after < n ? find(symbols[i], symbols[p.after]) : nullptr;
    p.rank = m ? m->rank : kNoRank, p.result = m ? m->result : 0;
    return m != nullptr;
  };
  const auto entry = [&](u32 i) { return u64{static_cast<u32>(places[i].rank)} << 32 | i; };
  for (u32 i = 0; i < n; ++i) {
    places[i] = {i ? i - 1 : n, i + 1, kNoRank, 0};
    if (look(i)) first.push_back(entry(i));
  }
  std::priority_queue<u64, std::vector<u64>, std::greater<>> queue({}, std::move(first));
  while (!queue.empty()) {
    const u64 top = queue.top();
    queue.pop();
    const u32 left = static_cast<u32>(top);
    Place& p = places[left];
    if (symbols[left] == kGone || static_cast<u64>(p.rank) != top >> 32) continue;
    const u32 right = p.after;
    symbols[left] = p.result;
    symbols[right] = kGone;
    p.after = places[right].after;
    if (p.after < n) places[p.after].before = left;
    if (look(left)) queue.push(entry(left));
    if (p.before < n && look(p.before)) queue.push(entry(p.before));
  }
  return static_cast<size_t>(std::remove(symbols.begin(), symbols.end(), kGone) - symbols.begin());
}

}  // namespace r1
