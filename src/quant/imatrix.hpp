// Importance matrices: for each matrix of a model, the mean square of what multiplies each of its columns, measured on
// some text. Two formats of llama.cpp's: a plain list (imatrix.dat) and GGUF (general.type "imatrix").
#pragma once
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/error.hpp"

namespace r1 {

class Imatrix {
 public:
  static Result<Imatrix> read(const std::filesystem::path& path);

  // A tensor's weights, by its GGUF name: `cols` for each matrix of the stack (one for all where the file has no more),
  // or none where the file does not know the tensor. Err: another number of them.
  Result<std::span<const float>> of(std::string_view tensor, i64 matrices, i64 cols) const;

  i64 size() const { return static_cast<i64>(entries_.size()); }
  std::vector<std::string> datasets;  // what it was measured on, as far as the file says
  i64 chunks = 0;

 private:
  friend struct ImatrixReader;
  std::string path_;
  std::map<std::string, std::vector<float>, std::less<>> entries_;
};

}  // namespace r1
