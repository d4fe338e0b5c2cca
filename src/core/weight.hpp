// A parameter of a model. A Weight is a handle that is cheap to copy. All copies share one master, one gradient, one
// version and one set of packs (copies of the master in a layout that kernels read). A tied embedding and head, or
// weights that multi-token prediction shares with the main model, are one Weight that is used several times.
//
// The master is either f32 memory that the Weight owns, or frozen bytes of any dtype that another object keeps alive,
// such as a mapped file. Only owned f32 can be trained. Rows of block types follow one another, row_bytes(dtype, cols)
// each. FP8 has a separate array of scales. An optimizer step writes the master and calls bump(); a stale pack is
// refilled in place at its next use. Not thread-safe: only the thread that runs the Pass uses a Weight.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/tensor.hpp"

namespace r1 {

// What a pack is for. `level` and `format` are the kernel's; `transposed` is the direction of the product (false:
// y = x Wᵀ, true: dx = dy W).
struct PackKey {
  u8 level, format;
  bool transposed;
  auto operator<=>(const PackKey&) const = default;
};

// What holds the bytes of a frozen weight.
struct Storage {
  std::shared_ptr<const void> owner;     // the bytes are valid while it lives; null: the caller keeps them alive
  std::span<const std::byte> mapping{};  // the whole mapping of the file that the bytes lie in; empty: memory
};

class Weight {
 public:
  Weight() = default;
  // f32 [rows, cols] of zeros in memory that the weight owns. Vectors are [1, n].
  static Weight zeros(std::string name, i64 rows, i64 cols, bool trainable);
  // A frozen master of any dtype, in memory or in a mapped file.
  static Weight frozen(std::string name, DType dtype, i64 rows, i64 cols, const std::byte* bytes, Storage storage);
  // f8_e4m3 with `scales` f32 [ceil(rows / 128), ceil(cols / 128)]. Element (i, j) is the value of its byte times
  // scales[i / 128][j / 128]. The scales need no alignment. `storage` holds both arrays.
  static Weight frozen_f8(std::string name, i64 rows, i64 cols, const std::byte* bytes, const std::byte* scales,
                          Storage storage);

  explicit operator bool() const { return state_ != nullptr; }
  const void* id() const { return state_.get(); }
  const std::string& name() const { return state_->name; }
  i64 rows() const { return state_->rows; }  // out features
  i64 cols() const { return state_->cols; }  // in features
  i64 size() const { return rows() * cols(); }
  std::string shape() const { return fmt::format("[{},{}]", rows(), cols()); }
  DType dtype() const { return state_->dtype; }
  bool trainable() const { return state_->trainable; }

  // The master. f32() requires dtype() == f32. A frozen master must not be written to.
  float* f32() const;
  const std::byte* bytes() const { return state_->bytes; }
  const std::byte* row(i64 r) const { return state_->bytes + r * row_bytes(dtype(), cols()); }
  const std::byte* scales() const { return state_->scales; }  // null unless the dtype is FP8
  // The mapping of the file that a frozen master lies in. It is read-only, so the kernel can drop its pages and read
  // them again. Empty for a master in memory.
  std::span<const std::byte> mapping() const { return state_->storage.mapping; }
  // The gradient, of the master's shape. Only trainable weights have one. Backward functions add to it.
  float* grad() const;
  void clear_grad() const;

  u64 version() const { return state_->version; }
  void bump() const { ++state_->version; }  // call after changing the master: its packs are stale

  // The pack for `key`. If it is missing or stale, fill(dst) first writes its `bytes` bytes. All calls with the same
  // key must give the same `bytes`. The result stays at its address for as long as the weight lives.
  const std::byte* pack(PackKey key, i64 bytes, const std::function<void(std::byte*)>& fill) const;
  i64 pack_bytes() const;  // memory of all packs

  // For weights that can also be read without a pack: whether the next product should make and use one. Must be called
  // once for each product, because it counts its calls. The first call returns false, so that the first token does not
  // wait for packs. From one of the next eight calls on the result is true; the weight's name decides from which, so
  // that the packs of a model are made over several tokens.
  bool pack_is_due() const;
  static constexpr u64 kProductsUntilPacked = 9;  // from this call on every pack is due

 private:
  struct Pack {
    u64 version = 0;
    i64 bytes = 0;
    std::shared_ptr<std::byte> data;
  };
  struct State {
    std::string name;
    i64 rows = 0, cols = 0;
    DType dtype = DType::f32;
    bool trainable = false;
    u64 version = 1;
    u64 products = 0;  // calls of pack_is_due()
    std::byte* bytes = nullptr;
    const std::byte* scales = nullptr;
    Storage storage;
    std::shared_ptr<float> grad;
    std::map<PackKey, Pack> packs;
  };
  std::shared_ptr<State> state_;
};

}  // namespace r1
