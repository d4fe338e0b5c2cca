// A tensor file while it is written, for the writers of all formats. It gathers small pieces into large writes and
// checks that each tensor has the bytes that its dtype and shape promise.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "formats/stored_tensor.hpp"

namespace r1 {

// The bytes of a tensor whose rows are cut into such blocks. `where` begins the error's text.
// Errors: a negative side; a row that is no multiple of the block; a number of elements or bytes beyond 63 bits.
Result<i64> bytes_of_shape(const BlockShape& block, const std::vector<i64>& shape, const std::string& where);

class TensorFile {
 public:
  static Result<TensorFile> create(const std::filesystem::path& path);
  i64 size() const { return size_; }  // so far
  Status write(const void* data, i64 bytes);
  Status pad_to(i64 alignment);
  // Runs item.write.
  // Errors: it hands over more or fewer than `bytes` bytes; the file cannot be written.
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
