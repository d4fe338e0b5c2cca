#include "model/published.hpp"

#include <algorithm>
#include <cstring>

#include "ops/cpu/dequantize.hpp"
#include "ops/device.hpp"

namespace r1 {
namespace {

// The index of published row r among paired rows.
i64 paired_row(i64 r, i64 head) {
  const i64 i = r % head, half = head / 2;
  return r - i + (i < half ? 2 * i : 2 * (i - half) + 1);
}

// Rows of kv_b_proj in halves. A row of k is a column of its head in k_b; a row of v lies in the file as it is.
void read_halves(const PublishedTensor& t, i64 first, i64 count, float* dst) {
  const i64 rank = t.cols(), per_head = t.rows() / t.heads, nope = t.k_b.cols(), v = per_head - nope;
  std::vector<float> k;
  i64 k_head = -1;  // the head whose rows are in k
  for (i64 r = first; r < first + count; ++r, dst += rank) {
    const i64 head = r / per_head, i = r % per_head;
    if (i >= nope) {
      StoredTensor rows = t.stored;
      rows.shape = {t.heads * v, rank};
      read_rows(rows, head * v + i - nope, 1, dst);
      continue;
    }
    if (k_head != head) {
      k.resize(rank * nope);
      read_rows(t.k_b, head * rank, rank, k.data());
      k_head = head;
    }
    for (i64 c = 0; c < rank; ++c) dst[c] = k[c * nope + i];
  }
}

}  // namespace

void read_rows(const StoredTensor& t, i64 first, i64 count, float* dst) {
  const i64 cols = t.cols();
  if (t.dtype == DType::f8_e4m3) {
    const i64 rows = std::ssize(t.bytes) / std::max<i64>(cols, 1);
    const Weight w = Weight::frozen_f8(t.name, rows, cols, t.bytes.data(), t.scales.data(), {});
    return dequantize(active_kernels(), w, first, first + count, dst);
  }
  const i64 bytes = row_bytes(t.dtype, cols);
  dequantize(active_kernels(), t.dtype, t.bytes.data() + first * bytes, dst, count * cols);
}

void read_rows(const PublishedTensor& t, i64 first, i64 count, float* dst) {
  R1_CHECK(first >= 0 && count >= 0 && first + count <= t.rows(), "{}: rows {}..{} of {}", t.stored.name, first,
           first + count, t.rows());
  if (count == 0 || t.cols() == 0) return;
  if (t.heads) return read_halves(t, first, count, dst);
  if (!t.paired_head) return read_rows(t.stored, first, count, dst);
  if (t.stored.shape.size() == 1) {  // a bias: each element belongs to a row of the matrix
    std::vector<float> paired(t.cols());
    read_rows(t.stored, 0, 1, paired.data());
    for (i64 r = 0; r < t.cols(); ++r) dst[r] = paired[paired_row(r, t.paired_head)];
    return;
  }
  for (i64 r = 0; r < count; ++r) read_rows(t.stored, paired_row(first + r, t.paired_head), 1, dst + r * t.cols());
}

void copy_rows(const PublishedTensor& t, std::byte* dst) {
  R1_CHECK(t.heads == 0 && t.stored.shape.size() == 2, "copy_rows: {} is not a whole matrix", t.stored.name);
  const i64 bytes = row_bytes(t.stored.dtype, t.cols());
  for (i64 r = 0; r < t.rows(); ++r) {
    const i64 from = t.paired_head ? paired_row(r, t.paired_head) : r;
    std::memcpy(dst + r * bytes, t.stored.bytes.data() + from * bytes, bytes);
  }
}

Checkpoint published_tensors(const Safetensors& file, std::string path) {
  Checkpoint out;
  out.path = std::move(path);
  out.config = "config.json";
  for (const auto& [name, tensor] : file.tensors())
    out.tensors.emplace_hint(out.tensors.end(), name, PublishedTensor{tensor});
  out.unsupported.insert(file.unsupported().begin(), file.unsupported().end());
  out.keep = file.mapping();
  return out;
}

bool redundant(std::string_view name) {
  return name.ends_with(".embed_tokens.weight") || name.ends_with(".shared_head.head.weight") ||
         name.ends_with("rotary_emb.inv_freq");
}

}  // namespace r1
