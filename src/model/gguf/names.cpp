#include "model/gguf/names.hpp"

#include <algorithm>

#include "formats/safetensors.hpp"
#include "model/gguf/table.hpp"

namespace r1 {
namespace {

using namespace gguf_table;

// Finds the published tensors in those of a GGUF.
class PublishedTensors {
 public:
  PublishedTensors(const Gguf& file, const GgufDims& dims) : file_(file), dims_(dims) {
    out_.path = file.path();
    out_.config = "its metadata";
    out_.keep = file.mapping();
  }

  Result<Checkpoint> find() {
    for (const auto& [name, tensor] : file_.tensors()) R1_TRY(place(name, &tensor));
    for (const auto& [name, type] : file_.unsupported()) R1_TRY(place(name, nullptr, type));
    share_norm();
    return std::move(out_);
  }

 private:
  tl::unexpected<Error> wrong_shape(const StoredTensor& t, const std::string& expected) const {
    return fail(Errc::corrupt, "{}: tensor {}: shape {}, the metadata asks for {}", out_.path, t.name,
                shape_text(t.shape), expected);
  }

  Status place(const std::string& name, const StoredTensor* tensor, const std::string& type = "") {
    if (name.ends_with(".scale") || name.ends_with(".input_scale"))
      return fail(Errc::unsupported, "{}: tensor {} scales another one; such files are not supported", out_.path, name);
    if (name == "rope_freqs.weight") return {};  // config_of_gguf has read it
    const TensorName at = parse_name(name, "blk.");
    bool known = false;
    for (const TensorRow& row : table(at.layer)) {
      if (row.gguf != at.pattern) continue;
      known = true;
      if (tensor) R1_TRY(place(row, at, *tensor));
      else mark_unsupported(row, at, type);
    }
    if (!known && tensor) out_.tensors[name] = {*tensor};
    if (!known && !tensor) out_.unsupported[name] = type;
    return {};
  }

  // A stack of experts is reported under its first expert's name: a model that needs any expert of the stack needs the
  // first one too.
  void mark_unsupported(const TensorRow& row, const TensorName& at, const std::string& type) {
    out_.unsupported[published_name(row, at.layer, std::max<i64>(at.expert, 0))] = type;
  }

  PublishedTensor& add(std::string name, PublishedTensor t) {
    t.stored.name = name;
    return out_.tensors[std::move(name)] = std::move(t);
  }

  Status place(const TensorRow& row, const TensorName& at, const StoredTensor& t) {
    const i64 q = dims_.heads * dims_.head, kv = dims_.kv_heads * dims_.head;
    switch (row.arrangement) {
      case Arrangement::whole: add(published_name(row, at.layer, at.expert), {t}); return {};
      case Arrangement::rotary: return place_rotary(published_name(row, at.layer, -1), t);
      case Arrangement::q_rows:
        return place_rotary(published_name(row, at.layer, -1), R1_TRY(rows_of(t, 0, q, q + 2 * kv)));
      case Arrangement::k_rows:
        return place_rotary(published_name(row, at.layer, -1), R1_TRY(rows_of(t, q, kv, q + 2 * kv)));
      case Arrangement::v_rows:
        add(published_name(row, at.layer, -1), {R1_TRY(rows_of(t, q + kv, kv, q + 2 * kv))});
        return {};
      case Arrangement::expert:
      case Arrangement::gate_of_expert:
      case Arrangement::up_of_expert: return place_experts(row, at.layer, t);
      case Arrangement::k_half: return place_k_half(at.layer, t);
      case Arrangement::v_half: return place_v_half(row, at.layer, t);
    }
    return {};
  }

  Status place_rotary(std::string name, const StoredTensor& t) {
    PublishedTensor& p = add(std::move(name), {t});
    if (dims_.rotary == RotaryRows::in_order) return {};
    if (t.shape.empty() || t.shape.size() > 2 || t.shape[0] % dims_.head)
      return wrong_shape(t, fmt::format("heads of {} rows", dims_.head));
    p.paired_head = dims_.head;
    return {};
  }

  // Rows [first, first + count) of a fused tensor of `all` rows. The rows of a vector are its elements.
  Result<StoredTensor> rows_of(const StoredTensor& t, i64 first, i64 count, i64 all) const {
    if (t.shape.empty() || t.shape.size() > 2 || t.shape[0] != all) return wrong_shape(t, fmt::format("{} rows", all));
    StoredTensor part = t;
    part.shape[0] = count;
    if (t.shape.size() == 1 && is_block(t.dtype)) return wrong_shape(t, "a vector of a plain type");
    const i64 bytes = t.shape.size() == 1 ? bytes_per_element(t.dtype) : row_bytes(t.dtype, t.shape[1]);
    part.bytes = t.bytes.subspan(first * bytes, count * bytes);
    return part;
  }

  Status place_experts(const TensorRow& row, i64 layer, const StoredTensor& t) {
    if (t.shape.size() != 3 || t.shape[0] != dims_.experts)
      return wrong_shape(t, fmt::format("{} matrices, one per expert", dims_.experts));
    i64 rows = t.shape[1], first = 0;
    if (row.arrangement != Arrangement::expert) {
      if (rows % 2) return wrong_shape(t, "an even number of rows");
      rows /= 2;
      first = row.arrangement == Arrangement::up_of_expert ? rows : 0;
    }
    const i64 bytes = row_bytes(t.dtype, t.shape[2]);
    for (i64 e = 0; e < dims_.experts; ++e) {
      StoredTensor one = t;
      one.shape = {rows, t.shape[2]};
      one.bytes = t.bytes.subspan((e * t.shape[1] + first) * bytes, rows * bytes);
      add(published_name(row, layer, e), {std::move(one)});
    }
    return {};
  }

  // The error for a half of attn_kv_b whose other half is not there, or has a type that is not supported.
  tl::unexpected<Error> half_alone(const StoredTensor& half, const std::string& other) const {
    if (const auto type = file_.unsupported().find(other); type != file_.unsupported().end())
      return fail(Errc::unsupported, "{}: tensor {}: {}", out_.path, other, unsupported_type(type->second));
    return fail(Errc::corrupt, "{}: tensor {} without its other half, {}", out_.path, half.name, other);
  }

  // Files of ik_llama.cpp hold attn_kv_b and its halves; the halves are then not needed.
  Status place_k_half(i64 layer, const StoredTensor& t) const {
    const std::string v_b = fmt::format("blk.{}.attn_v_b.weight", layer);
    if (file_.tensors().contains(fmt::format("blk.{}.attn_kv_b.weight", layer)) || file_.tensors().contains(v_b))
      return {};
    return half_alone(t, v_b);
  }

  // k_b is [heads, kv_rank, nope] and v_b [heads, v, kv_rank]. Some files have the first two axes as one: the bytes are
  // the same.
  Status place_v_half(const TensorRow& row, i64 layer, const StoredTensor& v_b) {
    if (file_.tensors().contains(fmt::format("blk.{}.attn_kv_b.weight", layer))) return {};
    const std::string k_b = fmt::format("blk.{}.attn_k_b.weight", layer);
    const auto k = file_.tensors().find(k_b);
    if (k == file_.tensors().end()) return half_alone(v_b, k_b);
    const i64 heads = dims_.heads, nope = dims_.nope, v = dims_.v, rank = dims_.kv_rank;
    R1_TRY(check_half(k->second, heads, rank, nope));
    R1_TRY(check_half(v_b, heads, v, rank));
    PublishedTensor& p = add(published_name(row, layer, -1), {v_b});
    p.stored.shape = {heads * (nope + v), rank};
    p.k_b = k->second;
    p.k_b.shape = {heads * rank, nope};
    p.heads = heads;
    return {};
  }

  Status check_half(const StoredTensor& t, i64 heads, i64 rows, i64 cols) const {
    const std::vector<i64> deep{heads, rows, cols}, flat{heads * rows, cols};
    if (t.shape == deep || t.shape == flat) return {};
    return wrong_shape(t, shape_text(deep));
  }

  // A file may leave out the last norm of the MTP module, which is then the main model's.
  void share_norm() {
    const auto norm = out_.tensors.find("model.norm.weight");
    for (i64 l = dims_.layers; l < dims_.layers + dims_.mtp_layers && norm != out_.tensors.end(); ++l) {
      const std::string at = fmt::format("model.layers.{}.", l);
      if (out_.tensors.contains(at + "eh_proj.weight") && !out_.tensors.contains(at + "shared_head.norm.weight"))
        add(at + "shared_head.norm.weight", norm->second);
    }
  }

  const Gguf& file_;
  const GgufDims& dims_;
  Checkpoint out_;
};

}  // namespace

std::string gguf_name(std::string_view published) {
  const TensorName name = parse_name(published, "model.layers.");
  for (const TensorRow& row : table(name.layer))
    if (row.direction == Direction::both && row.published == name.pattern) return gguf_name(row, name.layer);
  return {};
}

Result<Checkpoint> published_tensors(const Gguf& file, const GgufDims& dims) {
  return PublishedTensors(file, dims).find();
}

}  // namespace r1
