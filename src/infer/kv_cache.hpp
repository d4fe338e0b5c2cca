// The pool of KV pages behind every running sequence. A page is kPageTokens positions of one sequence in all layers;
// a sequence's pages are taken when it is admitted, for all the tokens it may ever hold, so no step can run out.
//
// Pages are reference-counted. Two ways to share them, both copy-on-write by construction (only pages that are full of
// prompt are ever shared, and nobody writes to those again; the last, partial page is copied):
//   fork()     the samples of one prompt
//   publish()  full pages computed as prompt are found again by later prompts that begin with the same tokens, under
//              the same version of the weights; set_version() forgets them. Unused ones are kept until room is needed.
//
// One address range per layer is reserved for the whole budget and filled by the kernel as pages are first written,
// in huge pages where it is large enough. Not thread-safe: one thread drives it.
#pragma once
#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/error.hpp"
#include "core/kv_view.hpp"

#include "core/integer.hpp"

namespace r1 {

constexpr i64 pages_for(i64 tokens) { return ceil_div(tokens, kPageTokens); }

// A sequence's pages. A plain value: KvCache::close gives the pages back, nothing else does.
struct KvSequence {
  std::vector<i32> pages;
  i64 cached = 0;  // leading tokens whose keys were already there when it was opened
};

class KvCache {
 public:
  // Refused when the budget does not hold one page or the address space is not to be had.
  static Result<KvCache> create(const KvLayout& layout, i64 pages);
  KvCache(KvCache&&) noexcept;
  KvCache& operator=(KvCache&&) = delete;
  ~KvCache();

  const KvLayout& layout() const { return view_.layout; }
  i64 pages() const { return pages_; }
  i64 pages_free() const { return static_cast<i64>(free_.size()); }    // never used, or given back
  i64 pages_cached() const { return static_cast<i64>(idle_.size()); }  // published, unused, can be taken
  i64 pages_in_use() const { return pages_ - pages_free() - pages_cached(); }
  i64 page_bytes() const { return layout().page_bytes() * layout().layers; }  // all layers

  // Pages for `tokens` positions of a sequence that begins with `prompt`; published pages that hold its beginning are
  // shared (never all of it: the last token is always computed). Error (exhausted), with both numbers, and nothing
  // taken, when there is no room now.
  Result<KvSequence> open(std::span<const i32> prompt, i64 tokens);
  // A second sequence that continues after the first `filled` tokens of `of`, for `tokens` positions in all.
  Result<KvSequence> fork(const KvSequence& of, i64 filled, i64 tokens);
  // One more reference to the pages of the first `filled` tokens; they outlive `of` and may only be forked from.
  KvSequence hold(const KvSequence& of, i64 filled);
  void close(KvSequence& sequence);

  // The first `computed` tokens of `prompt` are in `sequence`'s pages, computed as prompt: offers the full ones.
  void publish(const KvSequence& sequence, std::span<const i32> prompt, i64 computed);
  // The weights' version all pages from now on are computed with; published pages of another are dropped.
  void set_version(u64 version);

  // A view with an empty list of tables; the caller fills in one per sequence of its batch.
  KvView& view() { return view_; }

 private:
  struct Page {
    i32 refs = 0;
    // Published pages form chains: a serial number that is never used again names the page before.
    u64 serial = 0, parent = 0;  // 0: not published; parent 0: a prompt's first page
    std::vector<i32> tokens;
    std::list<i32>::iterator idle;  // published and refs == 0: its place in idle_
  };
  KvCache() = default;
  bool make_room(i64 wanted);  // evicts idle pages until `wanted` are free
  i32 take();
  void reference(i32 page);
  void release(i32 page);
  void unpublish(i32 page);
  i32 find(u64 parent, std::span<const i32> tokens) const;   // -1: not there
  Result<KvSequence> extend(KvSequence shared, i64 tokens);  // takes the rest, or closes `shared` and refuses

  KvView view_;
  void* memory_ = nullptr;
  size_t bytes_ = 0;
  i64 pages_ = 0;
  u64 version_ = 0, serials_ = 0;
  std::vector<Page> page_;
  std::vector<i32> free_;                   // last in, first out: memory already touched is used again first
  std::list<i32> idle_;                     // published, refs == 0, least recently used first
  std::unordered_map<u64, i32> published_;  // hash of parent and tokens → page; what it finds is compared in full
};

}  // namespace r1
