#include "core/tensor.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <cstring>

#include "core/integer.hpp"

namespace r1 {
namespace detail {

struct alignas(64) Block {
  i64 refs;
  Arena* owner;
  i64 bytes;  // of the allocation, header included
  i64 size_class;
};
static_assert(sizeof(Block) == 64, "the buffer behind the header must stay 64-byte aligned");

void retain(Block* b) noexcept { ++b->refs; }
void release(Block* b) noexcept {
  if (--b->refs == 0) b->owner->recycle(b);
}

}  // namespace detail

using detail::Block;

namespace {

constexpr i64 kHugePage = 2 << 20;

// Four size classes per power of two, so that a buffer is at most a quarter larger than requested.
i64 class_of(i64 bytes) {
  const i64 power = std::bit_width(static_cast<u64>(bytes - 1)) - 1;  // 2^power < bytes <= 2^(power+1)
  const i64 step = (i64{1} << power) / 4;
  return power * 4 + ceil_div(bytes - (i64{1} << power), step) - 1;
}
i64 class_bytes(i64 c) {
  const i64 power = c / 4, step = (i64{1} << power) / 4;
  return (i64{1} << power) + (c % 4 + 1) * step;
}

Block* from_system(i64 bytes) {
  if (bytes < kHugePage) {
    void* p = std::aligned_alloc(64, round_up(bytes, 64));
    R1_CHECK(p, "out of memory: {} bytes", bytes);
    return static_cast<Block*>(p);
  }
  void* p = nullptr;
  R1_CHECK(posix_memalign(&p, kHugePage, bytes) == 0, "out of memory: {} bytes", bytes);
  madvise(p, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return static_cast<Block*>(p);
}

}  // namespace

Arena::~Arena() {
  R1_CHECK(in_use_ == 0, "an arena with {} bytes in live tensors is destroyed", in_use_);
  free_unused();
}

void Arena::free_unused() {
  for (auto& list : free_) {
    for (Block* b : list) reserved_ -= b->bytes, std::free(b);
    list.clear();
  }
}

void Arena::release_unused() {
  free_unused();
  malloc_trim(0);  // glibc keeps freed blocks below a threshold, which grows up to 32 MiB
}

Tensor Arena::alloc(i64 rows, i64 cols) {
  R1_CHECK(rows >= 0 && cols >= 0, "tensor of {} x {}", rows, cols);
  // 64 bytes of slack behind the data: a kernel may load a full vector that starts at the last element.
  const i64 wanted = static_cast<i64>(sizeof(Block)) + rows * cols * 4 + 64;
  const i64 c = class_of(wanted), bytes = class_bytes(c);
  if (std::ssize(free_) <= c) free_.resize(c + 1);
  auto& list = free_[c];
  Block* b;
  if (list.empty()) {
    b = from_system(bytes);
    reserved_ += bytes;
    *b = Block{0, this, bytes, c};
  } else {
    b = list.back();
    list.pop_back();
  }
  b->refs = 1;
  in_use_ += bytes;
  peak_ = std::max(peak_, in_use_);
  return Tensor(b, reinterpret_cast<float*>(b + 1), rows, cols);
}

Tensor Arena::zeros(i64 rows, i64 cols) {
  Tensor t = alloc(rows, cols);
  std::memset(t.data(), 0, t.size() * 4);
  return t;
}

void Arena::recycle(Block* b) noexcept {
  in_use_ -= b->bytes;
  free_[b->size_class].push_back(b);
}

}  // namespace r1
