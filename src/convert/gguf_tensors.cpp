#include "convert/gguf_tensors.hpp"

#include <algorithm>
#include <map>

#include "model/gguf/table.hpp"

namespace r1 {
namespace {

using namespace gguf_table;

// Collects the tensors of the file from the published ones.
class GgufTensors {
 public:
  GgufTensors(const Checkpoint& from, const GgufDims& dims, Mtp mtp) : from_(from), dims_(dims), mtp_(mtp) {}

  Result<std::vector<GgufTensor>> collect() {
    for (const auto& [name, type] : from_.unsupported)
      return fail(Errc::unsupported, "{}: tensor {}: {}", from_.path, name, unsupported_type(type));
    for (const auto& [name, tensor] : from_.tensors) R1_TRY(add(name, tensor));
    std::vector<GgufTensor> out;
    for (auto& [order, t] : tensors_) {
      for (const PublishedTensor* part : t.parts)
        if (!part)
          return fail(Errc::corrupt, "{}: {} of {} experts of {} are missing", from_.path,
                      std::count(t.parts.begin(), t.parts.end(), nullptr), t.parts.size(), t.name);
      out.push_back(std::move(t));
    }
    return out;
  }

 private:
  Status add(const std::string& name, const PublishedTensor& tensor) {
    const TensorName at = parse_name(name, "model.layers.");
    if (at.layer >= dims_.layers && (mtp_ == Mtp::leave_out || redundant(name))) return {};
    if (dims_.tied && name == "lm_head.weight") return {};  // repeats the embedding
    const std::span<const TensorRow> rows = table(at.layer);
    bool known = false;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].direction == Direction::read_only || rows[i].published != at.pattern) continue;
      known = true;
      R1_TRY(add(rows[i], static_cast<i64>(i), at, tensor));
    }
    if (known || redundant(name)) return {};
    return fail(Errc::unsupported, "{}: tensor {} {} has no place in a GGUF of architecture {}", from_.path, name,
                shape_text(tensor.stored.shape), dims_.architecture);
  }

  Status add(const TensorRow& row, i64 index, const TensorName& at, const PublishedTensor& tensor) {
    const bool last = at.layer < 0 && index > 0;  // the final norm and the head come after the layers
    GgufTensor& t = tensors_[{last ? INT64_MAX : at.layer, index}];
    const std::vector<i64>& shape = tensor.stored.shape;
    if (shape.empty() || shape.size() > 2)
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, expected a vector or a matrix", from_.path,
                  tensor.stored.name, shape_text(shape));
    t.name = gguf_name(row, at.layer);
    t.exact = shape.size() < 2 || t.name.ends_with("ffn_gate_inp.weight");
    t.shape = shape;
    switch (row.arrangement) {
      case Arrangement::rotary:
        if (dims_.rotary == RotaryRows::paired) t.rows = GgufTensor::Rows::paired;
        break;
      case Arrangement::expert: return add_expert(t, at, tensor);
      case Arrangement::k_half:
        t.rows = GgufTensor::Rows::k_half;
        t.shape = {dims_.heads, dims_.kv_rank, dims_.nope};
        break;
      case Arrangement::v_half:
        t.rows = GgufTensor::Rows::v_half;
        t.shape = {dims_.heads, dims_.v, dims_.kv_rank};
        break;
      default: break;
    }
    t.parts = {&tensor};
    t.heads = dims_.heads, t.head = dims_.head, t.nope = dims_.nope;
    return check(t, tensor);
  }

  Status check(const GgufTensor& t, const PublishedTensor& tensor) const {
    const std::vector<i64>& shape = tensor.stored.shape;
    const std::vector<i64> kv_b{dims_.heads * (dims_.nope + dims_.v), dims_.kv_rank};
    const bool half = t.rows == GgufTensor::Rows::k_half || t.rows == GgufTensor::Rows::v_half;
    if (half && shape != kv_b)
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, {} says {}", from_.path, tensor.stored.name,
                  shape_text(shape), from_.config, shape_text(kv_b));
    if (t.rows == GgufTensor::Rows::paired && shape[0] % dims_.head)
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, heads of {} rows do not divide it", from_.path,
                  tensor.stored.name, shape_text(shape), dims_.head);
    return {};
  }

  Status add_expert(GgufTensor& t, const TensorName& at, const PublishedTensor& tensor) {
    const std::vector<i64>& shape = tensor.stored.shape;
    const std::string& name = tensor.stored.name;
    if (at.expert >= dims_.experts)
      return fail(Errc::corrupt, "{}: tensor {}: expert {}, {} says there are {}", from_.path, name, at.expert,
                  from_.config, dims_.experts);
    if (shape.size() != 2)
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, expected a matrix", from_.path, name, shape_text(shape));
    t.rows = GgufTensor::Rows::stacked;
    t.exact = false;
    t.shape = {dims_.experts, shape[0], shape[1]};
    t.parts.resize(dims_.experts);
    t.parts[at.expert] = &tensor;
    for (const PublishedTensor* other : t.parts)
      if (other && other->stored.shape != shape)
        return fail(Errc::corrupt, "{}: tensor {}: shape {}, {} has {}", from_.path, name, shape_text(shape),
                    other->stored.name, shape_text(other->stored.shape));
    return {};
  }

  const Checkpoint& from_;
  const GgufDims& dims_;
  Mtp mtp_;
  std::map<std::pair<i64, i64>, GgufTensor> tensors_;  // by layer and index in the table: the file's order
};

// The published row in row r of paired heads: row 2i of a head is published row i, row 2i+1 is published row i +
// head/2.
i64 published_row(i64 r, i64 head) {
  const i64 i = r % head;
  return r - i + (i % 2 ? i / 2 + head / 2 : i / 2);
}

void read_paired(const GgufTensor& t, i64 first, i64 count, float* dst) {
  if (t.shape.size() > 1) {
    for (i64 r = 0; r < count; ++r) read_rows(*t.parts[0], published_row(first + r, t.head), 1, dst + r * t.cols());
    return;
  }
  std::vector<float> whole(t.cols());
  read_rows(*t.parts[0], 0, 1, whole.data());
  for (i64 r = 0; r < t.cols(); ++r) dst[r] = whole[published_row(r, t.head)];
}

// Row r of k_b belongs to head r / kv_rank: it is column r % kv_rank of that head's nope rows.
void read_k_half(const GgufTensor& t, i64 first, i64 count, float* dst) {
  const PublishedTensor& kv_b = *t.parts[0];
  const i64 rank = kv_b.cols(), per_head = kv_b.rows() / t.heads;
  std::vector<float> k(t.nope * rank);
  i64 k_head = -1;  // the head whose rows are in k
  for (i64 r = first; r < first + count; ++r, dst += t.nope) {
    if (k_head != r / rank) read_rows(kv_b, (k_head = r / rank) * per_head, t.nope, k.data());
    for (i64 i = 0; i < t.nope; ++i) dst[i] = k[i * rank + r % rank];
  }
}

void read_v_half(const GgufTensor& t, i64 first, i64 count, float* dst) {
  const PublishedTensor& kv_b = *t.parts[0];
  const i64 per_head = kv_b.rows() / t.heads, v = per_head - t.nope;
  for (i64 r = first; r < first + count; ++r, dst += t.cols())
    read_rows(kv_b, r / v * per_head + t.nope + r % v, 1, dst);
}

void read_stacked(const GgufTensor& t, i64 first, i64 count, float* dst) {
  const i64 rows = t.shape[1];
  for (i64 r = first; r < first + count;) {
    const i64 from = r % rows, n = std::min(rows - from, first + count - r);
    read_rows(*t.parts[r / rows], from, n, dst);
    dst += n * t.cols(), r += n;
  }
}

}  // namespace

i64 GgufTensor::row_count() const {
  i64 n = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) n *= shape[i];
  return n;
}

Result<std::vector<GgufTensor>> gguf_tensors(const Checkpoint& checkpoint, const GgufDims& dims, Mtp mtp) {
  return GgufTensors(checkpoint, dims, mtp).collect();
}

void read_rows(const GgufTensor& t, i64 first, i64 count, float* dst) {
  switch (t.rows) {
    case GgufTensor::Rows::in_order: return read_rows(*t.parts[0], first, count, dst);
    case GgufTensor::Rows::paired: return read_paired(t, first, count, dst);
    case GgufTensor::Rows::stacked: return read_stacked(t, first, count, dst);
    case GgufTensor::Rows::k_half: return read_k_half(t, first, count, dst);
    case GgufTensor::Rows::v_half: return read_v_half(t, first, count, dst);
  }
}

}  // namespace r1
