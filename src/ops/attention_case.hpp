// What the tests of attention ops share: seeded floats, a cache with pages out of order, and ways to divide sequences
// into passes.
#pragma once
#include <cmath>
#include <vector>

#include "core/kv_view.hpp"
#include "ops/op_test.hpp"

namespace r1 {

// A cache of two layers, of which layer 1 is used. Its pages are out of order, and are filled with NaN so that reading
// before writing shows in the result.
struct AttentionCache {
  KvView view;
  std::vector<float> memory;
  std::vector<std::vector<i32>> tables;  // the pages of every sequence

  template <class Case>
  AttentionCache(const Case& x, const KvLayout& layout) {
    view.layout = layout;
    i64 pages = 0;
    for (const auto& s : x.sequences) pages += s.length / kPageTokens + 1;
    for (i64 next = 0, stride = pages + 1; const auto& s : x.sequences) {
      tables.emplace_back();
      for (i64 b = 0; b * kPageTokens < s.length; ++b, ++next)
        tables.back().push_back(static_cast<i32>(stride - 1 - next));
    }
    const i64 floats = (pages + 1) * view.layout.page_bytes() / 4;
    memory.assign(2 * floats, std::nanf(""));
    for (const i64 l : {0, 1}) view.layer_base.push_back(reinterpret_cast<std::byte*>(memory.data() + l * floats));
  }
};

inline std::vector<float> normal_floats(Random& random, i64 n) {
  std::vector<float> x(n);
  for (float& f : x) f = static_cast<float>(random.normal());
  return x;
}

struct Chunk {
  i64 seq, begin, end;  // positions of one sequence
};
// The chunks of every pass.
using Passes = std::vector<std::vector<Chunk>>;

// Copies the rows of a field that the chunks name, end to end, to `to`.
template <class Case, class Field>
void gather(const Case& x, const std::vector<Chunk>& chunks, Field field, i64 cols, const Tensor& to) {
  for (i64 row = 0; const Chunk& k : chunks) {
    const std::vector<float>& from = x.sequences[k.seq].*field;
    std::copy(from.begin() + k.begin * cols, from.begin() + k.end * cols, to.row(row));
    row += k.end - k.begin;
  }
}
// Copies rows back to the sequences of the chunks.
inline void scatter(const Tensor& from, const std::vector<Chunk>& chunks, std::vector<std::vector<float>>& out) {
  for (i64 row = 0; const Chunk& k : chunks) {
    std::copy(from.row(row), from.row(row) + (k.end - k.begin) * from.cols(),
              out[k.seq].begin() + k.begin * from.cols());
    row += k.end - k.begin;
  }
}

// All sequences, whole, in one pass.
template <class Case>
Passes whole(const Case& x) {
  Passes passes(1);
  for (size_t s = 0; s < x.sequences.size(); ++s) passes[0].push_back({static_cast<i64>(s), 0, x.sequences[s].length});
  return passes;
}
// Every sequence in chunks of n positions; a pass has one chunk of every sequence that is long enough.
template <class Case>
Passes in_chunks(const Case& x, i64 n) {
  Passes passes;
  for (i64 begin = 0;; begin += n) {
    std::vector<Chunk> chunks;
    for (size_t s = 0; s < x.sequences.size(); ++s)
      if (begin < x.sequences[s].length)
        chunks.push_back({static_cast<i64>(s), begin, std::min(begin + n, x.sequences[s].length)});
    if (chunks.empty()) return passes;
    passes.push_back(chunks);
  }
}

inline bool same_bits(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  if (a.size() != b.size()) return false;
  for (size_t s = 0; s < a.size(); ++s)
    if (a[s].size() != b[s].size() || !same_bits(a[s].data(), b[s].data(), static_cast<i64>(a[s].size()))) return false;
  return true;
}

}  // namespace r1
