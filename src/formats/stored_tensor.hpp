// A tensor in a file of any format: one to read, and one to write.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <fmt/ranges.h>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// "[2,3]", for messages.
inline std::string shape_text(std::span<const i64> shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }
// The product of the sides, which must fit 63 bits: readers and writers have checked that.
inline i64 element_count(const std::vector<i64>& shape) {
  i64 n = 1;
  for (const i64 side : shape) n *= side;
  return n;
}

struct StoredTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<i64> shape;                // outermost first: a weight is [out, in] in every format
  std::span<const std::byte> bytes;      // inside the mapping; may be unaligned
  std::span<const std::byte> scales{};   // f8_e4m3: f32 [ceil(out / 128), ceil(in / 128)]
  std::span<const std::byte> mapping{};  // the whole mapping of the file that `bytes` lies in
  i64 elements() const { return element_count(shape); }
  i64 cols() const { return shape.empty() ? 1 : shape.back(); }  // the innermost axis
};

// Takes the next bytes of a tensor. Each call may bring any number of them.
using ByteSink = std::function<Status(std::span<const std::byte>)>;

// `write` hands all of the tensor's bytes to the sink, in order and in pieces, so a tensor may be larger than memory.
// The writer checks their number against dtype and shape.
struct TensorItem {
  std::string name;
  DType dtype = DType::f32;
  std::vector<i64> shape;  // outermost first
  std::function<Status(const ByteSink&)> write;
};

}  // namespace r1
