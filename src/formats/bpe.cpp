#include "formats/bpe.hpp"

#include <array>
#include <limits>
#include <queue>

namespace r1 {
namespace {

constexpr size_t kShort = 24;  // up to here a scan for the lowest rank beats a heap
constexpr i32 kNoRank = std::numeric_limits<i32>::max();

struct Candidate {
  i32 rank, result;
  size_t left;
  i32 a, b;  // the pair when this was queued; stale if either has changed since
  bool operator<(const Candidate& o) const { return rank != o.rank ? rank > o.rank : left > o.left; }
};

}  // namespace

void BpeMerges::apply(std::vector<i32>& symbols) const {
  if (symbols.size() < 2) return;
  symbols.size() <= kShort ? apply_short(symbols) : apply_long(symbols);
}

void BpeMerges::apply_short(std::vector<i32>& symbols) const {
  std::array<Merge, kShort> merge;  // merge[i] joins symbols i and i + 1
  const auto look = [&](size_t i) {
    const Merge* m = find(symbols[i], symbols[i + 1]);
    merge[i] = m ? *m : Merge{kNoRank, 0};
  };
  size_t n = symbols.size();
  for (size_t i = 0; i + 1 < n; ++i) look(i);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (merge[i].rank < merge[best].rank) best = i;
    }
    if (merge[best].rank == kNoRank) break;
    symbols[best] = merge[best].result;
    for (size_t i = best + 1; i + 1 < n; ++i) symbols[i] = symbols[i + 1], merge[i] = merge[i + 1 < kShort ? i + 1 : i];
    --n;
    if (best > 0) look(best - 1);
    if (best + 1 < n) look(best);
  }
  symbols.resize(n);
}

void BpeMerges::apply_long(std::vector<i32>& symbols) const {
  constexpr i32 kGone = -1;
  const size_t n = symbols.size();
  std::vector<size_t> before(n), after(n);  // the neighbours still there; n where there is none
  std::priority_queue<Candidate> queue;
  const auto look = [&](size_t left) {
    if (left == n || after[left] == n) return;
    const i32 a = symbols[left], b = symbols[after[left]];
    if (const Merge* m = find(a, b)) queue.push({m->rank, m->result, left, a, b});
  };
  for (size_t i = 0; i < n; ++i) before[i] = i ? i - 1 : n, after[i] = i + 1;
  for (size_t i = 0; i + 1 < n; ++i) look(i);
  while (!queue.empty()) {
    const Candidate c = queue.top();
    queue.pop();
    if (symbols[c.left] != c.a || after[c.left] == n || symbols[after[c.left]] != c.b) continue;
    const size_t right = after[c.left];
    symbols[c.left] = c.result;
    symbols[right] = kGone;
    after[c.left] = after[right];
    if (after[right] != n) before[after[right]] = c.left;
    look(before[c.left]);
    look(c.left);
  }
  std::erase(symbols, kGone);
}

}  // namespace r1
