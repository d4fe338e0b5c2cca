// The pool of KV pages behind every running sequence. A page holds kPageTokens positions of one sequence in all layers.
//
// Pages are reference-counted and shared in two ways. Only full pages are shared, and nobody writes to them again; the
// last, partial page of a prompt is copied.
//   fork()     shares a prompt's pages between its samples.
//   publish()  offers full pages to sequences that begin with the same tokens, have the same salt and run under the
//              same version of the weights. open() and adopt() find them. Unused published pages stay until their room
//              is needed; the least recently used go first. set_version() drops all of them.
// A salt keeps tenants apart. Without it, a tenant could tell from the time that a prompt takes whether another tenant
// has sent the same prompt.
//
// Routes, the experts that a token's routers chose, lie with the pages too, so that a sequence that shares pages has
// those of all its tokens. They take memory as they are written, and give it back when their page becomes free.
//
// One address range per layer is reserved for the whole budget. The operating system fills it in as pages are first
// written, with huge pages if the range is large enough. Not thread-safe: one thread makes all calls.
#pragma once
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/error.hpp"
#include "core/integer.hpp"
#include "core/kv_view.hpp"

namespace r1 {

constexpr i64 pages_for(i64 tokens) { return ceil_div(tokens, kPageTokens); }

// A sequence's pages. Destroying it does not free the pages; only KvCache::close does.
struct KvSequence {
  std::vector<i32> pages;
  i64 cached = 0;  // leading tokens whose keys were in the pages when the sequence was opened
};

class KvCache {
 public:
  // At most `max_cached` published pages that no sequence uses are kept; -1: all of them. Routes are
  // RecordedRoutes::per_row() numbers for every token; 0: none are kept.
  // Errors: a budget without room for one page, more than the machine's memory, no address space.
  static Result<KvCache> create(const KvLayout& layout, i64 pages, i64 max_cached = -1, i64 routes_per_token = 0);
  KvCache(KvCache&&) noexcept;
  KvCache& operator=(KvCache&&) = delete;
  ~KvCache();

  const KvLayout& layout() const { return view_.layout; }
  i64 pages() const { return pages_; }
  i64 pages_free() const { return std::ssize(free_); }    // never used, or given back
  i64 pages_cached() const { return std::ssize(idle_); }  // published and unused: free if needed
  i64 pages_in_use() const { return pages_ - pages_free() - pages_cached(); }
  i64 page_bytes() const { return layout().page_bytes() * layout().layers; }  // all layers

  // Pages for `tokens` positions of a sequence that begins with `prompt`. Published pages that hold the beginning of
  // the prompt are shared, but never the page of its last token, which is always computed. Errors: exhausted, if fewer
  // than `spare` pages would be free afterwards; no page is taken then.
  Result<KvSequence> open(std::span<const i32> prompt, i64 tokens, i64 spare = 0, std::string_view salt = {});
  // Replaces the sequence's own page for the tokens of `prompt` from `position` on, which must not hold any keys yet,
  // by a page with the same tokens that another sequence has published since. `position` is a multiple of kPageTokens.
  // Returns false, and changes nothing, if there is no such page or if the page would hold the prompt's last token.
  bool adopt(KvSequence& sequence, std::span<const i32> prompt, i64 position, std::string_view salt = {});
  // A second sequence that continues after the first `filled` tokens of `of`, for `tokens` positions in all.
  // Errors: as open().
  Result<KvSequence> fork(const KvSequence& of, i64 filled, i64 tokens, i64 spare = 0);
  // Adds pages up to `tokens` positions. Returns false, and takes none, if too few are free.
  bool grow(KvSequence& sequence, i64 tokens);
  // A second handle on the pages of the first `filled` tokens of `of`. The pages stay until it is closed, too. They may
  // be forked, but not written to.
  KvSequence hold(const KvSequence& of, i64 filled);
  void close(KvSequence& sequence);

  // Offers full pages to other sequences: those of the first `computed` of the sequence's `tokens`, whose keys must be
  // in its pages. In the mixed form they must have been computed with the role of prompt tokens; in the expanded form
  // both roles have the same keys.
  void publish(const KvSequence& sequence, std::span<const i32> tokens, i64 computed, std::string_view salt = {});
  // The routes of consecutive tokens of a sequence with this table of pages, the first at position `begin`.
  void write_routes(std::span<const i32> pages, i64 begin, std::span<const u16> routes);
  // The routes of positions [begin, end), which must have been written.
  std::vector<u16> routes(const KvSequence& sequence, i64 begin, i64 end) const;
  i64 route_bytes() const;  // memory that the routes of all pages take

  // The version of the weights with which all pages are computed from now on. Published pages of another version are
  // dropped.
  void set_version(u64 version);

  // Gives the memory of all pages back to the system. No sequence may be open; published pages are dropped. The address
  // range remains, and pages that are used later take memory again.
  void release_memory();

  // A view with an empty list of tables. The caller fills in one table per sequence of its batch.
  KvView& view() { return view_; }

 private:
  struct Page {
    i32 refs = 0;
    // Published pages form chains: `parent` is the serial number of the page before. Serial numbers are never reused.
    u64 serial = 0;    // 0: not published
    u64 parent = 0;    // 0: a prompt's first page
    std::string salt;  // of a first page; the others have that of their parent
    std::vector<i32> tokens;
    std::vector<u16> routes;        // [kPageTokens, routes_per_token_]; empty before the first is written
    std::list<i32>::iterator idle;  // the page's place in idle_, if it is published and refs is 0
  };
  KvCache() = default;
  bool make_room(i64 wanted);  // evicts idle pages until `wanted` are free
  i32 take();
  void reference(i32 page);
  void release(i32 page);
  void unpublish(i32 page);
  void unpublish_all();
  void set_free(i32 page);
  // A published page behind the page with the serial number `parent`; -1: none.
  i32 find(u64 parent, std::span<const i32> tokens, std::string_view salt) const;
  // Adds free pages to `shared` up to `tokens` positions. On an error `shared` is closed.
  Result<KvSequence> extend(KvSequence shared, i64 tokens, i64 spare);

  KvView view_;
  void* memory_ = nullptr;
  i64 bytes_ = 0;
  i64 pages_ = 0, max_cached_ = 0, routes_per_token_ = 0;
  u64 version_ = 0, serials_ = 0;
  std::vector<Page> page_;
  std::vector<i32> free_;                   // last in, first out, so that touched memory is used again first
  std::list<i32> idle_;                     // published pages with refs 0, least recently used first
  std::unordered_map<u64, i32> published_;  // hash of parent and tokens → page; find() compares the tokens themselves
};

}  // namespace r1
