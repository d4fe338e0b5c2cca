// Rows on their way from one file into another: read in pieces as f32, rounded, and handed on.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "formats/stored_tensor.hpp"
#include "model/published.hpp"

namespace r1 {

inline constexpr i64 kReleaseEvery = 64 << 20;  // elements read between two releases of pages

struct RowStream {
  std::string name;         // for errors
  DType type = DType::f32;  // of the rows handed on
  i64 rows = 0, cols = 0;
  std::function<void(i64 first, i64 count, float* dst)> read;
  std::vector<const PublishedTensor*> from;    // the tensors behind `read`; their pages leave memory on the way
  bool in_order = false;                       // `read` gives all rows of each of them in turn, unchanged
  std::function<Status(i64 bytes)> written{};  // called after each piece
  // Whether the bytes in the file are already those wanted. They are then handed on without a call of `read`.
  bool verbatim() const;
};
// Errors: a finite value that f16 cannot hold; those of `sink` and `written`.
Status stream_rows(const RowStream& s, const ByteSink& sink);

}  // namespace r1
