#include "infer/kv_cache.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace r1 {

namespace {

constexpr i64 kHugePage = i64{2} << 20, kSmallPage = 4096;

// `salt` counts only for a first page, whose parent is 0.
u64 hash_of(u64 parent, std::span<const i32> tokens, std::string_view salt) {
  u64 h = parent + 0x9e3779b97f4a7c15u;
  const auto mix = [&](u32 value) {
    h = (h ^ value) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
  };
  for (const i32 t : tokens) mix(static_cast<u32>(t));
  if (parent == 0)
    for (const char c : salt) mix(static_cast<u8>(c));
  return h;
}

}  // namespace

Result<KvCache> KvCache::create(const KvLayout& layout, i64 pages, i64 max_cached, i64 routes_per_token) {
  R1_CHECK(layout.layers > 0 && layout.page_bytes() > 0, "a KV cache of {} layers, {} bytes a page", layout.layers,
           layout.page_bytes());
  const double wanted = static_cast<double>(pages) * static_cast<double>(layout.page_bytes() * layout.layers);
  const double physical = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (pages < 1)
    return fail(Errc::invalid_argument, "KV cache: the budget holds no page; one of {} tokens needs {} bytes",
                kPageTokens, layout.page_bytes() * layout.layers);
  if (wanted > physical || pages > INT32_MAX)
    return fail(Errc::exhausted,
                "KV cache: {} tokens need {:.1f} GiB, this machine has {:.1f}; choose a smaller context",
                pages * kPageTokens, wanted / (1 << 30), physical / (1 << 30));

  KvCache c;
  c.pages_ = pages;
  c.max_cached_ = max_cached < 0 ? pages : max_cached;
  c.routes_per_token_ = routes_per_token;
  c.view_.layout = layout;
  const i64 layer = layout.page_bytes() * pages;
  const i64 align = layer >= kHugePage ? kHugePage : kSmallPage;
  const i64 stride = round_up(layer, align);
  c.bytes_ = stride * layout.layers + align;
  void* memory = mmap(nullptr, c.bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return fail(Errc::exhausted, "KV cache: no address space for {} tokens ({:.1f} GiB)", pages * kPageTokens,
                wanted / (1 << 30));
  c.memory_ = memory;
  auto* base = reinterpret_cast<std::byte*>(round_up(reinterpret_cast<i64>(memory), align));
  if (align == kHugePage) madvise(base, c.bytes_ - align, MADV_HUGEPAGE);
  for (i64 l = 0; l < layout.layers; ++l) c.view_.layer_base.push_back(base + l * stride);
  c.page_.resize(pages);
  c.free_.reserve(pages);
  for (i64 p = pages; p-- > 0;) c.free_.push_back(static_cast<i32>(p));
  return c;
}

KvCache::KvCache(KvCache&& o) noexcept
    : view_(std::move(o.view_)),
      memory_(std::exchange(o.memory_, nullptr)),
      bytes_(o.bytes_),
      pages_(o.pages_),
      max_cached_(o.max_cached_),
      routes_per_token_(o.routes_per_token_),
      version_(o.version_),
      serials_(o.serials_),
      page_(std::move(o.page_)),
      free_(std::move(o.free_)),
      idle_(std::move(o.idle_)),
      published_(std::move(o.published_)) {}

KvCache::~KvCache() {
  if (memory_) munmap(memory_, bytes_);
}

Result<KvSequence> KvCache::open(std::span<const i32> prompt, i64 tokens, i64 spare, std::string_view salt) {
  KvSequence s;
  u64 parent = 0;
  for (i64 begin = 0; begin + kPageTokens < std::ssize(prompt); begin += kPageTokens) {
    const i32 page = find(parent, prompt.subspan(begin, kPageTokens), salt);
    if (page < 0) break;
    reference(page);
    s.pages.push_back(page);
    s.cached += kPageTokens;
    parent = page_[page].serial;
  }
  return extend(std::move(s), tokens, spare);
}

bool KvCache::adopt(KvSequence& s, std::span<const i32> prompt, i64 position, std::string_view salt) {
  if (position + kPageTokens >= std::ssize(prompt)) return false;
  const i64 index = position / kPageTokens;
  const u64 parent = index == 0 ? 0 : page_[s.pages[index - 1]].serial;
  if (index > 0 && parent == 0) return false;  // another page has the entry of the one before
  const i32 page = find(parent, prompt.subspan(position, kPageTokens), salt);
  if (page < 0) return false;
  reference(page);
  release(std::exchange(s.pages[index], page));
  return true;
}

Result<KvSequence> KvCache::fork(const KvSequence& of, i64 filled, i64 tokens, i64 spare) {
  R1_CHECK(filled <= tokens && pages_for(filled) <= std::ssize(of.pages),
           "fork after {} of a sequence of {} pages, for {}", filled, of.pages.size(), tokens);
  const i64 full = filled / kPageTokens;
  KvSequence shared = hold(of, full * kPageTokens);
  KvSequence s = R1_TRY(extend(std::move(shared), tokens, spare));
  s.cached = filled;
  if (filled % kPageTokens) {
    for (i64 l = 0; l < layout().layers; ++l)
      std::memcpy(view_.page(l, s.pages[full]), view_.page(l, of.pages[full]), layout().page_bytes());
    page_[s.pages[full]].routes = page_[of.pages[full]].routes;
  }
  return s;
}

KvSequence KvCache::hold(const KvSequence& of, i64 filled) {
  KvSequence s;
  s.pages.assign(of.pages.begin(), of.pages.begin() + pages_for(filled));
  s.cached = filled;
  for (const i32 page : s.pages) reference(page);
  return s;
}

Result<KvSequence> KvCache::extend(KvSequence shared, i64 tokens, i64 spare) {
  const i64 wanted = pages_for(tokens) - std::ssize(shared.pages), free = pages_free() + pages_cached();
  if (wanted + spare > free || !grow(shared, tokens)) {
    close(shared);
    return fail(Errc::exhausted, "KV cache: {} pages wanted besides {} to spare, {} free of {}", wanted, spare, free,
                pages_);
  }
  return shared;
}

bool KvCache::grow(KvSequence& s, i64 tokens) {
  const i64 wanted = pages_for(tokens) - std::ssize(s.pages);
  if (wanted <= 0) return true;
  if (!make_room(wanted)) return false;
  for (i64 i = 0; i < wanted; ++i) s.pages.push_back(take());
  return true;
}

void KvCache::close(KvSequence& s) {
  // The last page is released first, so that the end of an unused prefix is evicted before its beginning.
  for (auto page = s.pages.rbegin(); page != s.pages.rend(); ++page) release(*page);
  s = {};
}

void KvCache::publish(const KvSequence& s, std::span<const i32> all, i64 computed, std::string_view salt) {
  u64 parent = 0;
  for (i64 i = 0; (i + 1) * kPageTokens <= std::min(std::ssize(all), computed); ++i) {
    const auto tokens = all.subspan(i * kPageTokens, kPageTokens);
    if (const i32 there = find(parent, tokens, salt); there >= 0) {
      parent = page_[there].serial;
      continue;
    }
    Page& page = page_[s.pages[i]];
    const u64 key = hash_of(parent, tokens, salt);
    // The page belongs to another chain, or the hash collides with that of other tokens (rare).
    if (page.serial || published_.count(key)) return;
    page.serial = ++serials_;
    page.parent = parent;
    if (parent == 0) page.salt = salt;
    page.tokens.assign(tokens.begin(), tokens.end());
    published_[key] = s.pages[i];
    parent = page.serial;
  }
}

void KvCache::write_routes(std::span<const i32> pages, i64 begin, std::span<const u16> routes) {
  for (i64 position = begin; !routes.empty(); ++position, routes = routes.subspan(routes_per_token_)) {
    std::vector<u16>& of_page = page_[pages[position / kPageTokens]].routes;
    if (of_page.empty()) of_page.resize(kPageTokens * routes_per_token_);
    std::copy_n(routes.begin(), routes_per_token_, of_page.begin() + position % kPageTokens * routes_per_token_);
  }
}

std::vector<u16> KvCache::routes(const KvSequence& s, i64 begin, i64 end) const {
  std::vector<u16> out;
  out.reserve((end - begin) * routes_per_token_);
  for (i64 position = begin; position < end; ++position) {
    const std::vector<u16>& of_page = page_[s.pages[position / kPageTokens]].routes;
    R1_CHECK(!of_page.empty(), "the routes of position {} were not written", position);
    const auto first = of_page.begin() + position % kPageTokens * routes_per_token_;
    out.insert(out.end(), first, first + routes_per_token_);
  }
  return out;
}

i64 KvCache::route_bytes() const {
  size_t bytes = 0;
  for (const Page& page : page_) bytes += page.routes.capacity() * sizeof(u16);
  return static_cast<i64>(bytes);
}

void KvCache::set_version(u64 version) {
  if (version == version_) return;
  version_ = version;
  unpublish_all();
}

void KvCache::release_memory() {
  R1_CHECK(pages_in_use() == 0, "{} KV pages are in use while their memory is released", pages_in_use());
  unpublish_all();
  R1_CHECK(madvise(memory_, bytes_, MADV_DONTNEED) == 0, "cannot release {} bytes of KV pages", bytes_);
}

void KvCache::unpublish_all() {
  for (i32 id = 0; id < static_cast<i32>(pages_); ++id)
    if (page_[id].serial) unpublish(id);
}

bool KvCache::make_room(i64 wanted) {
  if (wanted > pages_free() + pages_cached()) return false;
  while (wanted > pages_free()) unpublish(idle_.front());
  return true;
}

i32 KvCache::take() {
  const i32 id = free_.back();
  free_.pop_back();
  page_[id].refs = 1;
  return id;
}

void KvCache::reference(i32 id) {
  Page& page = page_[id];
  if (page.refs++ == 0) idle_.erase(page.idle);
}

void KvCache::release(i32 id) {
  Page& page = page_[id];
  R1_CHECK(page.refs > 0, "KV page {} is released twice", id);
  if (--page.refs) return;
  if (page.serial) page.idle = idle_.insert(idle_.end(), id);
  else set_free(id);
  if (pages_cached() > max_cached_) unpublish(idle_.front());
}

void KvCache::set_free(i32 id) {
  page_[id].routes = std::vector<u16>();  // {} would keep the memory
  free_.push_back(id);
}

void KvCache::unpublish(i32 id) {
  Page& page = page_[id];
  published_.erase(hash_of(page.parent, page.tokens, page.salt));
  page.serial = page.parent = 0;
  page.tokens.clear(), page.salt.clear();
  if (page.refs == 0) {
    idle_.erase(page.idle);
    set_free(id);
  }
}

i32 KvCache::find(u64 parent, std::span<const i32> tokens, std::string_view salt) const {
  const auto found = published_.find(hash_of(parent, tokens, salt));
  if (found == published_.end()) return -1;
  const Page& page = page_[found->second];
  const bool same = page.parent == parent && std::ranges::equal(tokens, page.tokens) && (parent || page.salt == salt);
  return same ? found->second : -1;
}

}  // namespace r1
