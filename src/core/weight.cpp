#include "core/weight.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace r1 {
namespace {

constexpr i64 kOwnMapping = 1 << 20;  // packs of at least so many bytes

// Zeroed and 64-byte aligned, with 64 bytes of slack so that kernels may load full vectors past the end.
std::byte* aligned_bytes(i64 bytes) {
  const auto rounded = static_cast<size_t>((bytes + 127) / 64 * 64);
  void* p = std::aligned_alloc(64, rounded);
  R1_CHECK(p, "out of memory: {} bytes", rounded);
  std::memset(p, 0, rounded);
  return static_cast<std::byte*>(p);
}

// Memory for a pack, with the same slack. A large pack is a mapping in huge pages where the system has them, because
// with small ones much of a program's start is spent in page faults. The threads that fill the pack touch its pages
// first. The system joins neighbouring mappings, so a huge page can hold the end of one pack and the start of another.
std::shared_ptr<std::byte> pack_memory(i64 bytes) {
  if (bytes < kOwnMapping) return {aligned_bytes(bytes), [](std::byte* p) { std::free(p); }};
  const auto size = static_cast<size_t>(bytes + 64);
  void* const p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  R1_CHECK(p != MAP_FAILED, "out of memory: {} bytes", size);
  madvise(p, size, MADV_HUGEPAGE);
  return {static_cast<std::byte*>(p), [size](std::byte* q) { munmap(q, size); }};
}

}  // namespace

Weight Weight::zeros(std::string name, i64 rows, i64 cols, bool trainable) {
  Weight w;
  w.state_ = std::make_shared<State>();
  State& s = *w.state_;
  s.name = std::move(name), s.rows = rows, s.cols = cols, s.trainable = trainable;
  s.bytes = aligned_bytes(rows * cols * 4);
  s.storage.owner = std::shared_ptr<const void>(s.bytes, [](const void* p) { std::free(const_cast<void*>(p)); });
  if (trainable) {
    auto* grad = reinterpret_cast<float*>(aligned_bytes(rows * cols * 4));
    s.grad = std::shared_ptr<float>(grad, [](float* p) { std::free(p); });
  }
  return w;
}

Weight Weight::frozen(std::string name, DType dtype, i64 rows, i64 cols, const std::byte* bytes, Storage storage) {
  Weight w;
  w.state_ = std::make_shared<State>();
  State& s = *w.state_;
  s.name = std::move(name), s.rows = rows, s.cols = cols, s.dtype = dtype;
  s.bytes = const_cast<std::byte*>(bytes);
  s.storage = std::move(storage);
  return w;
}

Weight Weight::frozen_f8(std::string name, i64 rows, i64 cols, const std::byte* bytes, const std::byte* scales,
                         Storage storage) {
  Weight w = frozen(std::move(name), DType::f8_e4m3, rows, cols, bytes, std::move(storage));
  w.state_->scales = scales;
  return w;
}

float* Weight::f32() const {
  R1_CHECK(dtype() == DType::f32, "{}: f32 master asked for, it is {}", name(), name_of(dtype()));
  return reinterpret_cast<float*>(state_->bytes);
}

float* Weight::grad() const {
  R1_CHECK(state_->grad, "{}: gradient of a frozen weight", name());
  return state_->grad.get();
}

void Weight::clear_grad() const { std::memset(grad(), 0, size() * 4); }

const std::byte* Weight::pack(PackKey key, i64 bytes, const std::function<void(std::byte*)>& fill) const {
  Pack& p = state_->packs[key];
  if (!p.data) {
    p.data = pack_memory(bytes);
    p.bytes = bytes;
  }
  R1_CHECK(p.bytes == bytes, "{}: pack of {} bytes asked for, was {}", name(), bytes, p.bytes);
  if (p.version != version()) {
    fill(p.data.get());
    p.version = version();
  }
  return p.data.get();
}

bool Weight::pack_is_due() const {
  const u64 products = ++state_->products;
  if (products >= kProductsUntilPacked) return true;
  return products > 1 + std::hash<std::string>{}(name()) % (kProductsUntilPacked - 1);
}

i64 Weight::pack_bytes() const {
  i64 sum = 0;
  for (const auto& [key, p] : state_->packs) sum += p.bytes;
  return sum;
}

}  // namespace r1
