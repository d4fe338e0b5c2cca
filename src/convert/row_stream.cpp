#include "convert/row_stream.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/file.hpp"
#include "core/half.hpp"

namespace r1 {
namespace {

constexpr i64 kPieceElements = 2 << 20;  // 8 MiB of f32

// The index of the first value that is infinite or no number: its exponent has only ones. -1: there is none.
i64 first_not_finite(DType type, std::span<const std::byte> bytes) {
  const auto find = [&]<class T>(T exponent) -> i64 {
    for (i64 i = 0; i < std::ssize(bytes) / i64{sizeof(T)}; ++i) {
      T value;
      std::memcpy(&value, bytes.data() + i * i64{sizeof(T)}, sizeof value);
      if ((value & exponent) == exponent) return i;
    }
    return -1;
  };
  switch (type) {
    case DType::f32: return find(u32{0x7f800000});
    case DType::bf16: return find(u16{0x7f80});
    case DType::f16: return find(u16{0x7c00});
    default: return -1;
  }
}

Status check_finite(const RowStream& s, DType type, std::span<const std::byte> bytes, i64 first_element) {
  const i64 bad = first_not_finite(type, bytes);
  if (bad < 0) return {};
  return fail(Errc::corrupt, "tensor {}: a value in row {} is not finite: the model is damaged", s.name,
              (first_element + bad) / std::max<i64>(s.cols, 1));
}

Result<std::span<const std::byte>> rounded(const RowStream& s, const std::vector<float>& values,
                                           std::vector<u16>& halves) {
  if (s.type == DType::f32) return std::as_bytes(std::span(values));
  halves.resize(values.size());
  const auto narrow = s.type == DType::bf16 ? bf16_from_f32 : f16_from_f32;
  for (size_t i = 0; i < values.size(); ++i) halves[i] = narrow(values[i]);
  if (s.type == DType::f16)
    for (size_t i = 0; i < values.size(); ++i)
      if ((halves[i] & 0x7fff) == 0x7c00 && std::isfinite(values[i]))
        return fail(Errc::invalid_argument, "tensor {}: {} is beyond f16's 65504; convert to bf16 or f32", s.name,
                    values[i]);
  return std::as_bytes(std::span(halves));
}

Status stream_bytes(const RowStream& s, const ByteSink& sink) {
  constexpr size_t kPiece = 8 << 20;
  i64 elements = 0;
  for (const PublishedTensor* t : s.from)
    for (std::span<const std::byte> rest = t->stored.bytes; !rest.empty();) {
      const auto piece = rest.first(std::min(kPiece, rest.size()));
      R1_TRY(check_finite(s, s.type, piece, elements));
      if (is_plain(s.type)) elements += std::ssize(piece) / bytes_per_element(s.type);
      R1_TRY(sink(piece));
      if (s.written) R1_TRY(s.written(std::ssize(piece)));
      release_pages(piece);
      rest = rest.subspan(piece.size());
    }
  return {};
}

}  // namespace

bool RowStream::verbatim() const {
  return in_order && std::all_of(from.begin(), from.end(),
                                 [&](const PublishedTensor* t) { return t->in_place() && t->stored.dtype == type; });
}

Status stream_rows(const RowStream& s, const ByteSink& sink) {
  if (s.verbatim()) return stream_bytes(s, sink);
  const i64 piece = std::max<i64>(1, kPieceElements / std::max<i64>(1, s.cols));
  std::vector<float> values;
  std::vector<u16> halves;
  i64 read = 0;  // elements since the last release
  for (i64 first = 0; first < s.rows; first += piece) {
    const i64 count = std::min(piece, s.rows - first);
    values.resize(count * s.cols);
    s.read(first, count, values.data());
    R1_TRY(check_finite(s, DType::f32, std::as_bytes(std::span(values)), first * s.cols));
    const std::span<const std::byte> bytes = R1_TRY(rounded(s, values, halves));
    R1_TRY(sink(bytes));
    if (s.written) R1_TRY(s.written(std::ssize(bytes)));
    read += count * s.cols;
    if (read < kReleaseEvery && first + piece < s.rows) continue;
    read = 0;
    for (const PublishedTensor* t : s.from) release_pages(t->stored.bytes), release_pages(t->k_b.bytes);
  }
  return {};
}

}  // namespace r1
