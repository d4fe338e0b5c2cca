#include "model/gguf/names.hpp"

#include <algorithm>

#include "model/gguf/table.hpp"

namespace r1 {
namespace {

using namespace gguf_table;

// ---- GGUF → published

class Reader {
 public:
  Reader(const Gguf& file, const GgufDims& dims) : file_(file), dims_(dims) {
    out_.path = file.path();
    out_.config = "its metadata";
    out_.keep = file.mapping();
  }

  Result<Checkpoint> read() {
    for (const auto& [name, tensor] : file_.tensors()) R1_TRY(place(name, &tensor));
    for (const auto& [name, type] : file_.unsupported()) R1_TRY(place(name, nullptr, type));
    share_norm();
    return std::move(out_);
  }

 private:
  tl::unexpected<Error> wrong_shape(const StoredTensor& t, const std::string& expected) const {
    return fail(Errc::corrupt, "{}: tensor {}: shape {}, the metadata asks for {}", out_.path, t.name, text(t.shape),
                expected);
  }

  Status place(const std::string& name, const StoredTensor* tensor, const std::string& type = "") {
    if (name.ends_with(".scale") || name.ends_with(".input_scale"))
      return fail(Errc::unsupported, "{}: tensor {} scales another one; such files are not supported", out_.path, name);
    if (name == "rope_freqs.weight") return {};  // part of the configuration
    const Parsed at = parse_name(name, "blk.");
    bool known = false;
    for (const Pair& pair : table(at.layer)) {
      if (pair.gguf != at.pattern) continue;
      known = true;
      if (tensor) R1_TRY(place(pair, at, *tensor));
      else mark_unsupported(pair, at, type);
    }
    if (!known && tensor) out_.tensors[name] = {*tensor};
    if (!known && !tensor) out_.unsupported[name] = type;
    return {};
  }

  // Of a stack its first expert: who asks for the others asks for that one too.
  void mark_unsupported(const Pair& pair, const Parsed& at, const std::string& type) {
    out_.unsupported[published_name(pair, at.layer, std::max<i64>(at.expert, 0))] = type;
  }

  PublishedTensor& add(std::string name, PublishedTensor t) {
    t.stored.name = name;
    return out_.tensors[std::move(name)] = std::move(t);
  }

  Status place(const Pair& pair, const Parsed& at, const StoredTensor& t) {
    const i64 q = dims_.heads * dims_.head, kv = dims_.kv_heads * dims_.head;
    switch (pair.how) {
      case How::whole: add(published_name(pair, at.layer, at.expert), {t}); return {};
      case How::rotary: return place_rotary(published_name(pair, at.layer, -1), t);
      case How::q_rows: return place_rows(published_name(pair, at.layer, -1), t, 0, q, q + 2 * kv, true);
      case How::k_rows: return place_rows(published_name(pair, at.layer, -1), t, q, kv, q + 2 * kv, true);
      case How::v_rows: return place_rows(published_name(pair, at.layer, -1), t, q + kv, kv, q + 2 * kv, false);
      case How::expert:
      case How::gate_of_expert:
      case How::up_of_expert: return place_experts(pair, at.layer, t);
      case How::k_half: return place_k_half(at.layer, t);
      case How::v_half: return place_v_half(pair, at.layer, t);
    }
    return {};
  }

  Status place_rotary(std::string name, const StoredTensor& t) {
    PublishedTensor& p = add(std::move(name), {t});
    if (dims_.architecture != "llama") return {};
    if (t.shape.empty() || t.shape.size() > 2 || t.shape[0] % dims_.head)
      return wrong_shape(t, fmt::format("heads of {} rows", dims_.head));
    p.paired_head = dims_.head;
    return {};
  }

  // Rows first .. first + count of a fused tensor of `all` rows; of a vector its elements.
  Status place_rows(std::string name, const StoredTensor& t, i64 first, i64 count, i64 all, bool rotary) {
    if (t.shape.empty() || t.shape.size() > 2 || t.shape[0] != all) return wrong_shape(t, fmt::format("{} rows", all));
    StoredTensor part = t;
    part.shape[0] = count;
    if (t.shape.size() == 1 && is_block(t.dtype)) return wrong_shape(t, "a vector of a plain type");
    const i64 bytes = t.shape.size() == 1 ? bytes_per_element(t.dtype) : row_bytes(t.dtype, t.shape[1]);
    part.bytes = t.bytes.subspan(first * bytes, count * bytes);
    return rotary ? place_rotary(std::move(name), part) : (add(std::move(name), {part}), Status());
  }

  Status place_experts(const Pair& pair, i64 layer, const StoredTensor& t) {
    if (t.shape.size() != 3 || t.shape[0] != dims_.experts)
      return wrong_shape(t, fmt::format("{} matrices, one per expert", dims_.experts));
    i64 rows = t.shape[1], first = 0;
    if (pair.how != How::expert) {
      if (rows % 2) return wrong_shape(t, "an even number of rows");
      rows /= 2;
      first = pair.how == How::up_of_expert ? rows : 0;
    }
    const i64 bytes = row_bytes(t.dtype, t.shape[2]);
    for (i64 e = 0; e < dims_.experts; ++e) {
      StoredTensor one{
          "", t.dtype, {rows, t.shape[2]}, t.bytes.subspan((e * t.shape[1] + first) * bytes, rows * bytes)};
      add(published_name(pair, layer, e), {std::move(one)});
    }
    return {};
  }

  // ik_llama.cpp keeps attn_kv_b beside its halves: then the halves are not needed.
  Status place_k_half(i64 layer, const StoredTensor& t) const {
    const auto beside = [&](const char* what) {
      return file_.tensors().contains(fmt::format("blk.{}.{}", layer, what));
    };
    if (beside("attn_kv_b.weight") || beside("attn_v_b.weight")) return {};
    return fail(Errc::corrupt, "{}: tensor {} without its other half, blk.{}.attn_v_b.weight", out_.path, t.name,
                layer);
  }

  // k_b [heads, kv_rank, nope], v_b [heads, v, kv_rank], or with the first two axes as one: the same bytes.
  Status place_v_half(const Pair& pair, i64 layer, const StoredTensor& v_b) {
    if (file_.tensors().contains(fmt::format("blk.{}.attn_kv_b.weight", layer))) return {};
    const auto k = file_.tensors().find(fmt::format("blk.{}.attn_k_b.weight", layer));
    if (k == file_.tensors().end())
      return fail(Errc::corrupt, "{}: tensor {} without its other half, blk.{}.attn_k_b.weight", out_.path, v_b.name,
                  layer);
    const i64 heads = dims_.heads, nope = dims_.nope, v = dims_.v, rank = dims_.kv_rank;
    R1_TRY(check_half(k->second, heads, rank, nope));
    R1_TRY(check_half(v_b, heads, v, rank));
    PublishedTensor& p = add(published_name(pair, layer, -1), {v_b});
    p.stored.shape = {heads * (nope + v), rank};
    p.k_b = k->second;
    p.k_b.shape = {heads * rank, nope};
    p.heads = heads;
    return {};
  }

  Status check_half(const StoredTensor& t, i64 heads, i64 rows, i64 cols) const {
    const std::vector<i64> deep{heads, rows, cols}, flat{heads * rows, cols};
    if (t.shape == deep || t.shape == flat) return {};
    return wrong_shape(t, text(deep));
  }

  // Files may leave out MTP's last norm: it is the main model's then.
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
  const Parsed name = parse_name(published, "model.layers.");
  for (const Pair& pair : table(name.layer))
    if (pair.written && pair.published == name.pattern) return gguf_name(pair, name.layer);
  return {};
}

Result<GgufDims> gguf_dims(const Json& config, std::string_view source) {
  const JsonFields f = R1_TRY(JsonFields::of(config, std::string(source)));
  const std::string type = R1_TRY(f.string("model_type"));
  GgufDims d;
  d.layers = R1_TRY(f.positive("num_hidden_layers"));
  d.heads = R1_TRY(f.positive("num_attention_heads"));
  d.tied = R1_TRY(f.boolean("tie_word_embeddings", false));
  if (type == "deepseek_v2" || type == "deepseek_v3") {
    d.architecture = "deepseek2";
    d.mtp_layers = R1_TRY(f.integer_in("num_nextn_predict_layers", 0, 1024, 0));
    d.nope = R1_TRY(f.positive("qk_nope_head_dim"));
    d.head = d.nope + R1_TRY(f.positive("qk_rope_head_dim"));
    d.v = R1_TRY(f.positive("v_head_dim"));
    d.kv_rank = R1_TRY(f.positive("kv_lora_rank"));
    d.kv_heads = d.heads;
    d.experts = f.has("n_routed_experts") ? R1_TRY(f.integer_in("n_routed_experts", 0, 1 << 16)) : 0;
    return d;
  }
  if (type != "qwen2" && type != "llama")
    return fail(Errc::unsupported,
                "{}: \"{}\" has no GGUF architecture here; known: deepseek_v2, deepseek_v3, qwen2, llama",
                f.where("model_type"), type);
  d.architecture = type;
  d.kv_heads = R1_TRY(f.positive("num_key_value_heads", d.heads));
  d.head = R1_TRY(f.positive("head_dim", std::max<i64>(1, R1_TRY(f.positive("hidden_size")) / d.heads)));
  if (type == "llama" && d.head % 2) return fail(Errc::unsupported, "{}: {} is odd", f.where("head_dim"), d.head);
  return d;
}

Result<Checkpoint> published_tensors(const Gguf& file, const GgufDims& dims) { return Reader(file, dims).read(); }

}  // namespace r1
