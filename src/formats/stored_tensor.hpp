// A tensor as it lies in a file, whatever the file's format, and one on its way into a file.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

// "[2,3]": a shape in an error message.
inline std::string shape_text(std::span<const i64> shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

struct StoredTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<i64> shape;               // outermost first: a weight is [out, in], whatever the format's own order
  std::span<const std::byte> bytes;     // inside the mapping; alignment is the file's
  std::span<const std::byte> scales{};  // f8_e4m3: f32 [ceil(out / 128), ceil(in / 128)]
  i64 elements() const {
    i64 n = 1;
    for (const i64 side : shape) n *= side;
    return n;
  }
  i64 cols() const { return shape.empty() ? 1 : shape.back(); }  // the innermost axis
};

// Takes the next bytes of a tensor, in pieces of any size.
using ByteSink = std::function<Status(std::span<const std::byte>)>;

// `write` hands over all of the tensor's bytes in order; how many is known from dtype and shape and checked. So a
// tensor larger than memory is written in pieces.
struct TensorItem {
  std::string name;
  DType dtype = DType::f32;
  std::vector<i64> shape;  // outermost first
  std::function<Status(const ByteSink&)> write;
};

}  // namespace r1
