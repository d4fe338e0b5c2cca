// Activations: f32, row-major, contiguous, reference-counted buffers that an Arena recycles.
//
// A Tensor is a handle; copies share the buffer. The tape finds gradients by the buffer's identity (Tensor::id), so ops
// never write to their inputs, and there are no views: a slice is an op. Buffers are 64-byte aligned.
// Not thread-safe: a handle belongs to the thread that runs its Pass. Kernels on other threads read and write data()
// but do not touch the handle.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

class Arena;

namespace detail {
struct Block;  // the header in front of every buffer
void retain(Block*) noexcept;
void release(Block*) noexcept;
}  // namespace detail

class Tensor {
 public:
  Tensor() = default;  // empty: no buffer, rows() == cols() == 0
  Tensor(const Tensor& o) noexcept : block_(o.block_), data_(o.data_), rows_(o.rows_), cols_(o.cols_) {
    if (block_) detail::retain(block_);
  }
  Tensor(Tensor&& o) noexcept
      : block_(std::exchange(o.block_, nullptr)),
        data_(std::exchange(o.data_, nullptr)),
        rows_(std::exchange(o.rows_, 0)),
        cols_(std::exchange(o.cols_, 0)) {}
  Tensor& operator=(Tensor o) noexcept {
    std::swap(block_, o.block_), std::swap(data_, o.data_), std::swap(rows_, o.rows_), std::swap(cols_, o.cols_);
    return *this;
  }
  ~Tensor() {
    if (block_) detail::release(block_);
  }

  // As with std::span, const applies to the handle and not to the floats. The rule that ops do not write to their
  // inputs protects the floats.
  float* data() const { return data_; }
  float* row(i64 r) const { return data_ + r * cols_; }
  i64 rows() const { return rows_; }
  i64 cols() const { return cols_; }
  i64 size() const { return rows_ * cols_; }
  explicit operator bool() const { return block_ != nullptr; }
  const void* id() const { return block_; }
  std::string shape() const { return fmt::format("[{},{}]", rows_, cols_); }

 private:
  friend class Arena;
  Tensor(detail::Block* block, float* data, i64 rows, i64 cols)
      : block_(block), data_(data), rows_(rows), cols_(cols) {}
  detail::Block* block_ = nullptr;
  float* data_ = nullptr;
  i64 rows_ = 0, cols_ = 0;
};

// Hands out buffers and takes them back, sorted by size class. It calls the system allocator only if the class has no
// free buffer, so repeated work of the same sizes (decode steps, training steps) allocates nothing. Buffers of 2 MiB
// and more ask the operating system for huge pages. An Arena must outlive its tensors; the destructor checks this. Not
// thread-safe.
class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  Tensor alloc(i64 rows, i64 cols);  // contents unspecified
  Tensor zeros(i64 rows, i64 cols);
  // Returns the memory of all free buffers to the system. Later allocations take new memory from it.
  void release_unused();
  i64 bytes_in_use() const { return in_use_; }      // held by live tensors
  i64 bytes_reserved() const { return reserved_; }  // taken from the system
  i64 peak_bytes() const { return peak_; }

 private:
  friend void detail::release(detail::Block*) noexcept;
  void recycle(detail::Block*) noexcept;
  void free_unused();
  std::vector<std::vector<detail::Block*>> free_;  // by size class
  i64 in_use_ = 0, reserved_ = 0, peak_ = 0;
};

}  // namespace r1
