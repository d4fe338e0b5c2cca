// A parameter of a model. The handle is cheap to copy; all copies are one identity: one master, one gradient, one
// version, and the packs made from the master for the kernels. Tied embedding and head, and what MTP shares with the
// main model, are therefore one identity with several uses.
//
// Master: f32 owned by us, or frozen bytes of any dtype that someone keeps (a mapped file). Only owned f32 can be
// trained. Rows of block types lie one after another, row_bytes(dtype, cols) each. FP8 has scales beside it. An
// optimizer step writes the master and calls bump(); a stale pack is refilled in place at its next use. Not
// thread-safe: used from the thread that runs the Pass.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/tensor.hpp"

namespace r1 {

// What a pack was made for. `level` and `format` belong to the kernel that made it; `transposed` is the direction
// (false: y = x Wᵀ, true: dx = dy W).
struct PackKey {
  u8 level, format;
  bool transposed;
  auto operator<=>(const PackKey&) const = default;
};

class Weight {
 public:
  Weight() = default;
  // f32 [rows, cols], zero, trainable or not. Vectors are [1, n]. Memory is the weight's own.
  static Weight zeros(std::string name, i64 rows, i64 cols, bool trainable);
  // A master of any dtype in memory that `keep` owns (a mapped file): frozen.
  static Weight frozen(std::string name, DType dtype, i64 rows, i64 cols, const std::byte* bytes,
                       std::shared_ptr<const void> keep);
  // f8_e4m3 with `scales` f32 [ceil(rows / 128), ceil(cols / 128)]: element (i, j) is its byte's value times
  // scales[i / 128][j / 128]. The scales need no alignment; `keep` owns both.
  static Weight frozen_f8(std::string name, i64 rows, i64 cols, const std::byte* bytes, const std::byte* scales,
                          std::shared_ptr<const void> keep);

  explicit operator bool() const { return state_ != nullptr; }
  const void* id() const { return state_.get(); }
  const std::string& name() const { return state_->name; }
  i64 rows() const { return state_->rows; }  // out features
  i64 cols() const { return state_->cols; }  // in features
  i64 size() const { return rows() * cols(); }
  std::string shape() const { return fmt::format("[{},{}]", rows(), cols()); }
  DType dtype() const { return state_->dtype; }
  bool trainable() const { return state_->trainable; }

  // The master. f32() requires dtype() == f32; a frozen master must not be written.
  float* f32() const;
  const std::byte* bytes() const { return state_->bytes; }
  const std::byte* row(i64 r) const { return state_->bytes + r * row_bytes(dtype(), cols()); }
  const std::byte* scales() const { return state_->scales; }  // null but for FP8
  // Gradient, same shape as the master; exists iff trainable(). Backward functions add to it.
  float* grad() const;
  void clear_grad() const;

  u64 version() const { return state_->version; }
  void bump() const { ++state_->version; }  // the master changed: packs are stale

  // The pack for `key`, refilled by `fill(dst)` if it is missing or stale. `bytes` must not change for a key.
  const std::byte* pack(PackKey key, i64 bytes, const std::function<void(std::byte*)>& fill) const;
  i64 pack_bytes() const;  // memory in packs

 private:
  struct Pack {
    u64 version = 0;
    i64 bytes = 0;
    std::unique_ptr<std::byte[], void (*)(std::byte*)> data{nullptr, nullptr};
  };
  struct State {
    std::string name;
    i64 rows = 0, cols = 0;
    DType dtype = DType::f32;
    bool trainable = false;
    u64 version = 1;
    std::byte* bytes = nullptr;
    const std::byte* scales = nullptr;
    std::shared_ptr<const void> keep;
    std::shared_ptr<float> grad;
    std::map<PackKey, Pack> packs;
  };
  std::shared_ptr<State> state_;
};

}  // namespace r1
