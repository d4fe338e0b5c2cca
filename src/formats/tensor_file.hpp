// A tensor file on its way to disk: what the writers of every format share. Pieces of any size are gathered into large
// writes; each tensor's bytes are counted against what its dtype and shape promise.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "formats/stored_tensor.hpp"

namespace r1 {

// Bytes of a tensor. Err: a negative side, a row that is no multiple of the dtype's block, a product that overflows;
// nothing is multiplied further once it has wrapped. `where` begins the error.
Result<i64> bytes_of_shape(DType dtype, const std::vector<i64>& shape, const std::string& where);

class TensorFile {
 public:
  static Result<TensorFile> create(const std::filesystem::path& path);
  i64 size() const { return size_; }  // so far
  Status write(const void* data, i64 bytes);
  Status pad_to(i64 alignment);
  // Runs item.write. Err: it handed over more or fewer than `bytes`.
  Status write_item(const TensorItem& item, i64 bytes);
  Status commit();  // flush, fsync, rename

 private:
  explicit TensorFile(AtomicFile file) : file_(std::move(file)) {}
  Status flush();
  AtomicFile file_;
  std::vector<char> pending_;
  i64 size_ = 0;
};

}  // namespace r1
