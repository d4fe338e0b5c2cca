#include "formats/tensor_file.hpp"

#include "formats/json.hpp"

namespace r1 {
namespace {

constexpr size_t kPending = size_t{1} << 20;  // a write call costs microseconds, a megabyte hundreds

}  // namespace

Result<i64> bytes_of_shape(DType dtype, const std::vector<i64>& shape, const std::string& where) {
  const BlockShape block = block_of(dtype);
  const i64 row = shape.empty() ? 1 : shape.back();
  if (row % block.elements) {
    return fail(Errc::corrupt, "{}: shape {}: {} comes in blocks of {} along a row", where, shape_text(shape),
                block.name, block.elements);
  }
  i64 bytes = 0;
  bool wraps = __builtin_mul_overflow(row / block.elements, block.bytes, &bytes);
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] < 0) return fail(Errc::corrupt, "{}: shape {} has a negative size", where, shape_text(shape));
    if (d + 1 < shape.size()) wraps |= __builtin_mul_overflow(bytes, shape[d], &bytes);
  }
  if (wraps) return fail(Errc::corrupt, "{}: shape {} overflows", where, shape_text(shape));
  return bytes;
}

Result<TensorFile> TensorFile::create(const std::filesystem::path& path) {
  return TensorFile(R1_TRY(AtomicFile::create(path)));
}

Status TensorFile::flush() {
  R1_TRY(file_.write(pending_.data(), static_cast<i64>(pending_.size())));
  pending_.clear();
  return {};
}

Status TensorFile::write(const void* data, i64 bytes) {
  if (pending_.size() + static_cast<size_t>(bytes) > kPending) R1_TRY(flush());
  size_ += bytes;
  if (static_cast<size_t>(bytes) > kPending) return file_.write(data, bytes);
  pending_.reserve(kPending);
  const char* p = static_cast<const char*>(data);
  pending_.insert(pending_.end(), p, p + bytes);
  return {};
}

Status TensorFile::pad_to(i64 alignment) {
  static constexpr char kZeros[64] = {};
  while (size_ % alignment) R1_TRY(write(kZeros, std::min<i64>(alignment - size_ % alignment, sizeof kZeros)));
  return {};
}

Status TensorFile::write_item(const TensorItem& item, i64 bytes) {
  const i64 end = size_ + bytes;
  const auto wrong = [&](const char* how, i64 given) {
    return fail(Errc::invalid_argument, "tensor {}: its source gave {} {} bytes, {} {} has {}", shown(item.name), how,
                given, name_of(item.dtype), shape_text(item.shape), bytes);
  };
  R1_TRY(item.write([&](std::span<const std::byte> piece) -> Status {
    const i64 n = static_cast<i64>(piece.size());
    if (n > end - size_) return wrong("at least", bytes - (end - size_) + n);
    return write(piece.data(), n);
  }));
  if (size_ != end) return wrong("only", bytes - (end - size_));
  return {};
}

Status TensorFile::commit() {
  R1_TRY(flush());
  return file_.commit();
}

}  // namespace r1
