// Importance matrices: for each matrix of a model, the mean square of the activations that multiply each of its
// columns, measured on some text. Reads llama.cpp's two formats: a plain list (imatrix.dat) and GGUF (general.type
// "imatrix"). Writes the second.
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
  // Errors: a file that ends early; a mean that is negative or not finite; a name given twice; a file without entries.
  static Result<Imatrix> read(const std::filesystem::path& path);

  // The weights of a tensor, by its GGUF name: `cols` for each matrix of a stack, or `cols` for all of them if the file
  // has no more. Empty if the file does not have the tensor.
  // Errors: the file has another number of weights for it.
  Result<std::span<const float>> of(std::string_view tensor, i64 matrices, i64 cols) const;

  i64 size() const { return static_cast<i64>(entries_.size()); }
  std::vector<std::string> datasets;  // the texts that it was measured on, if the file names them
  i64 chunks = 0;

 private:
  friend struct ImatrixReader;
  std::string path_;
  std::map<std::string, std::vector<float>, std::less<>> entries_;
};

// What was measured of one matrix, or of a stack of matrices.
struct ImatrixSums {
  i64 cols = 0;
  std::vector<double> squares;  // [matrices, cols] sums over the rows of activations
  std::vector<i64> rows;        // [matrices]
};

struct MeasuredImatrix {
  std::map<std::string, ImatrixSums> tensors;  // by GGUF name
  std::string dataset;                         // the text, as the file names it
  i64 chunks = 0, chunk_tokens = 0;
};

// Writes llama.cpp's GGUF format. The file appears whole or not at all.
Status write_imatrix(const std::filesystem::path& path, const MeasuredImatrix& imatrix);

}  // namespace r1
