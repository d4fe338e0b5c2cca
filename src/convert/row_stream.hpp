// Rows on their way from one file into another: read in pieces as f32, rounded, handed on.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "formats/stored_tensor.hpp"
#include "model/published.hpp"

namespace r1 {

struct RowStream {
  std::string name;  // for errors
  DType type = DType::f32;
  i64 rows = 0, cols = 0;
  std::function<void(i64 first, i64 count, float* dst)> read;
  std::vector<const PublishedTensor*> from;  // what `read` reads; their pages are let go on the way
  bool in_order = false;                     // it reads all rows of each in turn, untouched
  std::function<Status(i64 bytes)> written;  // after each piece
  // All of them lie in the file as they are wanted: handed on as they are, and `read` is not called.
  bool verbatim() const;
};
// Err: a finite value that f16 cannot hold, what sink and written say.
Status stream_rows(const RowStream& s, const ByteSink& sink);

// Bytes of a mapping that will not be read again soon leave memory.
void release_pages(std::span<const std::byte> bytes);

}  // namespace r1
