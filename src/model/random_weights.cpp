#include "model/random_weights.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>

#include "core/integer.hpp"
#include "core/random_blocks.hpp"
#include "model/gguf/names.hpp"

namespace r1 {
namespace {

constexpr double kSpread = 0.02;           // standard deviation: initializer_range of the published models
constexpr i64 kPattern = 4 * 1024 * 1024;  // elements before values repeat

// Anonymous memory, in huge pages where the system grants them.
std::shared_ptr<std::byte> pages(i64 bytes) {
  const auto size = static_cast<size_t>(bytes);
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  madvise(p, size, MADV_HUGEPAGE);
  return {static_cast<std::byte*>(p), [size](std::byte* q) { munmap(q, size); }};
}

void repeat(std::span<const std::byte> pattern, std::byte* dst, i64 bytes) {
  for (i64 at = 0; at < bytes; at += std::ssize(pattern))
    std::memcpy(dst + at, pattern.data(), std::min(pattern.size(), static_cast<size_t>(bytes - at)));
}

class RandomWeights final : public WeightSource {
 public:
  using WeightSource::Loading;
  RandomWeights(StoredTypeOf type_of, const GgufDims& dims, Loading loading)
      : WeightSource(loading), has_bytes_(loading != Loading::outline), type_of_(std::move(type_of)), dims_(dims) {}

 private:
  const PublishedTensor* entry(const std::string& name, const std::vector<i64>& shape) override {
    const DType type = type_of_(gguf_name(name), shape, dims_);
    if (shape.size() < 2 || type == DType::f32 || name.ends_with(".kv_b_proj.weight")) return nullptr;
    const i64 bytes = shape[0] * row_bytes(type, shape[1]);
    const i64 scale_bytes =
        type == DType::f8_e4m3 ? ceil_div(shape[0], kScaleBlock) * ceil_div(shape[1], kScaleBlock) * 4 : 0;
    if (!has_bytes_) {
      tensors_.emplace_back();
      tensors_.back().stored = {name, type, shape, {}, {}};
      return &tensors_.back();
    }
    constexpr i64 kSlack = 64;  // kernels may load past the end of a weight
    last_ = pages(bytes + scale_bytes + kSlack);
    if (!last_) {
      note(fail(Errc::exhausted, "{}: there is no memory for its {} bytes", name, bytes));
      return nullptr;
    }
    repeat(pattern(type), last_.get(), bytes);
    if (scale_bytes) RandomBlocks(1, kSpread / 100).fill(DType::f32, last_.get() + bytes, scale_bytes / 4);
    const std::span<const std::byte> scales(last_.get() + bytes, scale_bytes);
    tensors_.emplace_back();
    tensors_.back().stored = {name, type, shape, {last_.get(), static_cast<size_t>(bytes)}, scales};
    return &tensors_.back();
  }
  std::shared_ptr<const void> mapping() const override { return last_; }

  Status fill(const std::string&, const std::vector<i64>& shape, float start, float* dst) override {
    if (shape.size() == 1) {
      std::fill_n(dst, shape[0], start);
      return {};
    }
    repeat(pattern(DType::f32), reinterpret_cast<std::byte*>(dst), shape[0] * shape[1] * 4);
    return {};
  }

  const std::vector<std::byte>& pattern(DType type) {
    std::vector<std::byte>& p = patterns_[type];
    if (p.empty()) {
      p.resize(row_bytes(type, kPattern));
      RandomBlocks(static_cast<u64>(type) + 1, kSpread).fill(type, p.data(), kPattern);
    }
    return p;
  }

  bool has_bytes_;
  StoredTypeOf type_of_;
  GgufDims dims_;
  std::map<DType, std::vector<std::byte>> patterns_;
  std::deque<PublishedTensor> tensors_;
  std::shared_ptr<std::byte> last_;  // memory of the tensor that entry() returned last
};

}  // namespace

std::unique_ptr<WeightSource> random_weights(StoredTypeOf type_of, const GgufDims& dims) {
  return std::make_unique<RandomWeights>(std::move(type_of), dims, RandomWeights::Loading::frozen);
}

std::unique_ptr<WeightSource> random_weights_outline(StoredTypeOf type_of, const GgufDims& dims) {
  return std::make_unique<RandomWeights>(std::move(type_of), dims, RandomWeights::Loading::outline);
}

}  // namespace r1
