#include "model/gguf_names.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace r1 {
namespace {

// How a GGUF tensor holds a published one.
enum class How : u8 {
  whole,    // it is the tensor
  rotary,   // it is, with llama's rows paired
  q_rows, k_rows, v_rows,  // attn_qkv: q's rows, then k's, then v's
  expert,   // {} of the published name is the index into the stack
  gate_of_expert, up_of_expert,  // ffn_gate_up_exps: the first or second half of each expert's rows
  k_half, v_half                 // kv_b_proj in two
};

struct Pair {
  std::string_view published, gguf;  // {} stands for the expert; both behind the layer's prefix
  How how = How::whole;
  bool written = true;  // else only read: another form of the same
};

constexpr Pair kOutside[] = {
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"lm_head.weight", "output.weight"},
};

constexpr Pair kInLayer[] = {
    {"input_layernorm.weight", "attn_norm.weight"},
    {"self_attn.q_proj.weight", "attn_q.weight", How::rotary},
    {"self_attn.q_proj.bias", "attn_q.bias", How::rotary},
    {"self_attn.k_proj.weight", "attn_k.weight", How::rotary},
    {"self_attn.k_proj.bias", "attn_k.bias", How::rotary},
    {"self_attn.v_proj.weight", "attn_v.weight"},
    {"self_attn.v_proj.bias", "attn_v.bias"},
    {"self_attn.q_proj.weight", "attn_qkv.weight", How::q_rows, false},
    {"self_attn.k_proj.weight", "attn_qkv.weight", How::k_rows, false},
    {"self_attn.v_proj.weight", "attn_qkv.weight", How::v_rows, false},
    {"self_attn.q_proj.bias", "attn_qkv.bias", How::q_rows, false},
    {"self_attn.k_proj.bias", "attn_qkv.bias", How::k_rows, false},
    {"self_attn.v_proj.bias", "attn_qkv.bias", How::v_rows, false},
    {"self_attn.q_a_proj.weight", "attn_q_a.weight"},
    {"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
    {"self_attn.q_b_proj.weight", "attn_q_b.weight"},
    {"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
    {"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
    {"self_attn.kv_b_proj.weight", "attn_k_b.weight", How::k_half},
    {"self_attn.kv_b_proj.weight", "attn_v_b.weight", How::v_half},
    {"self_attn.kv_b_proj.weight", "attn_kv_b.weight", How::whole, false},
    {"self_attn.o_proj.weight", "attn_output.weight"},
    {"self_attn.o_proj.bias", "attn_output.bias"},
    {"post_attention_layernorm.weight", "ffn_norm.weight"},
    {"mlp.gate_proj.weight", "ffn_gate.weight"},
    {"mlp.up_proj.weight", "ffn_up.weight"},
    {"mlp.down_proj.weight", "ffn_down.weight"},
    {"mlp.gate.weight", "ffn_gate_inp.weight"},
    {"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
    {"mlp.experts.{}.gate_proj.weight", "ffn_gate_exps.weight", How::expert},
    {"mlp.experts.{}.up_proj.weight", "ffn_up_exps.weight", How::expert},
    {"mlp.experts.{}.down_proj.weight", "ffn_down_exps.weight", How::expert},
    {"mlp.experts.{}.gate_proj.weight", "ffn_gate_up_exps.weight", How::gate_of_expert, false},
    {"mlp.experts.{}.up_proj.weight", "ffn_gate_up_exps.weight", How::up_of_expert, false},
    {"mlp.experts.{}.gate_proj.weight", "ffn_gate.{}.weight", How::whole, false},
    {"mlp.experts.{}.up_proj.weight", "ffn_up.{}.weight", How::whole, false},
    {"mlp.experts.{}.down_proj.weight", "ffn_down.{}.weight", How::whole, false},
    {"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
    {"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
    {"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
    {"eh_proj.weight", "nextn.eh_proj.weight"},
    {"enorm.weight", "nextn.enorm.weight"},
    {"hnorm.weight", "nextn.hnorm.weight"},
    {"shared_head.norm.weight", "nextn.shared_head_norm.weight"},
    {"embed_tokens.weight", "nextn.embed_tokens.weight", How::whole, false},
    {"shared_head.head.weight", "nextn.shared_head_head.weight", How::whole, false},
};

// "PREFIX7.mlp.experts.3.up_proj.weight" → layer 7, "mlp.experts.{}.up_proj.weight", expert 3. Numbers as programs write
// them: no sign, no leading zero.
struct Parsed {
  i64 layer = -1, expert = -1;
  std::string pattern;
};

std::optional<i64> number_at(std::string_view text) {
  i64 n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || n < 0 || (text.size() > 1 && text[0] == '0')) return {};
  return n;
}

Parsed parse_name(std::string_view name, std::string_view prefix) {
  Parsed out;
  if (!name.starts_with(prefix)) return {-1, -1, std::string(name)};
  const auto dot = name.find('.', prefix.size());
  const auto layer = dot == name.npos ? std::nullopt : number_at(name.substr(prefix.size(), dot - prefix.size()));
  if (!layer) return {-1, -1, std::string(name)};
  out.layer = *layer;
  for (std::string_view rest = name.substr(dot + 1); !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    const auto n = out.expert < 0 ? number_at(part) : std::nullopt;
    if (n) out.expert = *n;
    if (!out.pattern.empty()) out.pattern += '.';
    out.pattern += n ? "{}" : part;
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  return out;
}

std::string with_expert(std::string_view pattern, i64 expert) {
  const auto at = pattern.find("{}");
  if (at == pattern.npos) return std::string(pattern);
  return fmt::format("{}{}{}", pattern.substr(0, at), expert, pattern.substr(at + 2));
}

std::string published_name(const Pair& pair, i64 layer, i64 expert) {
  return layer < 0 ? std::string(pair.published) : fmt::format("model.layers.{}.{}", layer, with_expert(pair.published, expert));
}
std::string gguf_name(const Pair& pair, i64 layer) {
  return layer < 0 ? std::string(pair.gguf) : fmt::format("blk.{}.{}", layer, pair.gguf);
}

std::span<const Pair> table(i64 layer) {
  return layer < 0 ? std::span<const Pair>(kOutside) : std::span<const Pair>(kInLayer);
}

std::string text(const std::vector<i64>& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

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
    return fail(Errc::corrupt, "{}: tensor {}: shape {}, the metadata asks for {}", out_.path, t.name, text(t.shape), expected);
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
      case How::whole:
        add(published_name(pair, at.layer, at.expert), {t});
        return {};
      case How::rotary:
        return place_rotary(published_name(pair, at.layer, -1), t);
      case How::q_rows:
        return place_rows(published_name(pair, at.layer, -1), t, 0, q, q + 2 * kv, true);
      case How::k_rows:
        return place_rows(published_name(pair, at.layer, -1), t, q, kv, q + 2 * kv, true);
      case How::v_rows:
        return place_rows(published_name(pair, at.layer, -1), t, q + kv, kv, q + 2 * kv, false);
      case How::expert:
      case How::gate_of_expert:
      case How::up_of_expert:
        return place_experts(pair, at.layer, t);
      case How::k_half:
        return place_k_half(at.layer, t);
      case How::v_half:
        return place_v_half(pair, at.layer, t);
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
    part.bytes = t.bytes.subspan(static_cast<size_t>(first * bytes), static_cast<size_t>(count * bytes));
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
      StoredTensor one{"", t.dtype, {rows, t.shape[2]}, t.bytes.subspan(static_cast<size_t>((e * t.shape[1] + first) * bytes),
                                                                      static_cast<size_t>(rows * bytes))};
      add(published_name(pair, layer, e), {std::move(one)});
    }
    return {};
  }

  // ik_llama.cpp keeps attn_kv_b beside its halves: then the halves are not needed.
  Status place_k_half(i64 layer, const StoredTensor& t) const {
    const auto beside = [&](const char* what) { return file_.tensors().contains(fmt::format("blk.{}.{}", layer, what)); };
    if (beside("attn_kv_b.weight") || beside("attn_v_b.weight")) return {};
    return fail(Errc::corrupt, "{}: tensor {} without its other half, blk.{}.attn_v_b.weight", out_.path, t.name, layer);
  }

  // k_b [heads, kv_rank, nope], v_b [heads, v, kv_rank], or with the first two axes as one: the same bytes.
  Status place_v_half(const Pair& pair, i64 layer, const StoredTensor& v_b) {
    if (file_.tensors().contains(fmt::format("blk.{}.attn_kv_b.weight", layer))) return {};
    const auto k = file_.tensors().find(fmt::format("blk.{}.attn_k_b.weight", layer));
    if (k == file_.tensors().end())
      return fail(Errc::corrupt, "{}: tensor {} without its other half, blk.{}.attn_k_b.weight", out_.path, v_b.name, layer);
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

// ---- published → GGUF

// Copies of the embedding and the head in the MTP layer, and rope tables of old checkpoints: nobody needs them.
bool superfluous(std::string_view name) {
  return name.ends_with(".embed_tokens.weight") || name.ends_with(".shared_head.head.weight") ||
         name.ends_with("rotary_emb.inv_freq");
}

class Writer {
 public:
  Writer(const Checkpoint& from, const GgufDims& dims, Mtp mtp) : from_(from), dims_(dims), mtp_(mtp) {}

  Result<std::vector<GgufTensor>> plan() {
    for (const auto& [name, type] : from_.unsupported)
      return fail(Errc::unsupported, "{}: tensor {}: {}", from_.path, name, unsupported_type(type));
    for (const auto& [name, tensor] : from_.tensors) R1_TRY(add(name, tensor));
    std::vector<GgufTensor> out;
    for (auto& [order, t] : tensors_) {
      for (const PublishedTensor* part : t.parts)
        if (!part) return fail(Errc::corrupt, "{}: {} of {} experts of {} are missing", from_.path,
                               std::count(t.parts.begin(), t.parts.end(), nullptr), t.parts.size(), t.name);
      out.push_back(std::move(t));
    }
    return out;
  }

 private:
  Status add(const std::string& name, const PublishedTensor& tensor) {
    const Parsed at = parse_name(name, "model.layers.");
    if (at.layer >= dims_.layers && (mtp_ == Mtp::leave_out || superfluous(name))) return {};
    if (dims_.tied && name == "lm_head.weight") return {};  // nobody reads it
    const std::span<const Pair> rows = table(at.layer);
    bool known = false;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].written || rows[i].published != at.pattern) continue;
      known = true;
      R1_TRY(add(rows[i], static_cast<i64>(i), at, tensor));
    }
    if (known || superfluous(name)) return {};
    return fail(Errc::unsupported, "{}: tensor {} {} has no place in a GGUF of architecture {}", from_.path, name,
                text(tensor.stored.shape), dims_.architecture);
  }

  Status add(const Pair& pair, i64 row, const Parsed& at, const PublishedTensor& tensor) {
    const bool last = at.layer < 0 && row > 0;  // the norm and the head close the file
    GgufTensor& t = tensors_[{last ? INT64_MAX : at.layer, row}];
    const std::vector<i64>& shape = tensor.stored.shape;
    if (shape.empty() || shape.size() > 2)
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, expected a vector or a matrix", from_.path, tensor.stored.name, text(shape));
    t.name = gguf_name(pair, at.layer);
    t.exact = shape.size() < 2 || t.name.ends_with("ffn_gate_inp.weight");
    t.shape = shape;
    switch (pair.how) {
      case How::rotary:
        if (dims_.architecture == "llama") t.rows = GgufTensor::Rows::paired;
        break;
      case How::expert:
        return add_expert(t, at, tensor);
      case How::k_half:
        t.rows = GgufTensor::Rows::k_half;
        t.shape = {dims_.heads, dims_.kv_rank, dims_.nope};
        break;
      case How::v_half:
        t.rows = GgufTensor::Rows::v_half;
        t.shape = {dims_.heads, dims_.v, dims_.kv_rank};
        break;
      default:
        break;
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
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, {} says {}", from_.path, tensor.stored.name, text(shape),
                  from_.config, text(kv_b));
    if (t.rows == GgufTensor::Rows::paired && shape[0] % dims_.head)
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, its rows are no whole heads of {}", from_.path,
                  tensor.stored.name, text(shape), dims_.head);
    return {};
  }

  Status add_expert(GgufTensor& t, const Parsed& at, const PublishedTensor& tensor) {
    const std::vector<i64>& shape = tensor.stored.shape;
    const std::string& name = tensor.stored.name;
    if (at.expert >= dims_.experts)
      return fail(Errc::corrupt, "{}: tensor {}: expert {}, {} says there are {}", from_.path, name, at.expert, from_.config,
                  dims_.experts);
    if (shape.size() != 2)
      return fail(Errc::corrupt, "{}: tensor {}: shape {}, expected a matrix", from_.path, name, text(shape));
    t.rows = GgufTensor::Rows::stacked;
    t.exact = false;
    t.shape = {dims_.experts, shape[0], shape[1]};
    t.parts.resize(static_cast<size_t>(dims_.experts));
    t.parts[static_cast<size_t>(at.expert)] = &tensor;
    for (const PublishedTensor* other : t.parts)
      if (other && other->stored.shape != shape)
        return fail(Errc::corrupt, "{}: tensor {}: shape {}, {} has {}", from_.path, name, text(shape), other->stored.name,
                    text(other->stored.shape));
    return {};
  }

  const Checkpoint& from_;
  const GgufDims& dims_;
  Mtp mtp_;
  std::map<std::pair<i64, i64>, GgufTensor> tensors_;  // layer and row of the table: the file's order
};

// Row 2i of a paired head is published row i, row 2i+1 is published row i + head/2.
i64 published_row(i64 r, i64 head) {
  const i64 i = r % head;
  return r - i + (i % 2 ? i / 2 + head / 2 : i / 2);
}

void read_paired(const GgufTensor& t, i64 first, i64 count, float* dst) {
  if (t.shape.size() > 1) {
    for (i64 r = 0; r < count; ++r) read_rows(*t.parts[0], published_row(first + r, t.head), 1, dst + r * t.cols());
    return;
  }
  std::vector<float> whole(static_cast<size_t>(t.cols()));
  read_rows(*t.parts[0], 0, 1, whole.data());
  for (i64 r = 0; r < t.cols(); ++r) dst[r] = whole[static_cast<size_t>(published_row(r, t.head))];
}

// Row r of k_b is column r % kv_rank of the nope rows of head r / kv_rank.
void read_k_half(const GgufTensor& t, i64 first, i64 count, float* dst) {
  const PublishedTensor& kv_b = *t.parts[0];
  const i64 rank = kv_b.cols(), per_head = kv_b.rows() / t.heads;
  std::vector<float> k(static_cast<size_t>(t.nope * rank));
  i64 held = -1;
  for (i64 r = first; r < first + count; ++r, dst += t.nope) {
    if (held != r / rank) read_rows(kv_b, (held = r / rank) * per_head, t.nope, k.data());
    for (i64 i = 0; i < t.nope; ++i) dst[i] = k[static_cast<size_t>(i * rank + r % rank)];
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
    read_rows(*t.parts[static_cast<size_t>(r / rows)], from, n, dst);
    dst += n * t.cols(), r += n;
  }
}

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
    return fail(Errc::unsupported, "{}: \"{}\" has no GGUF architecture here; known: deepseek_v2, deepseek_v3, qwen2, llama",
                f.where("model_type"), type);
  d.architecture = type;
  d.kv_heads = R1_TRY(f.positive("num_key_value_heads", d.heads));
  d.head = R1_TRY(f.positive("head_dim", std::max<i64>(1, R1_TRY(f.positive("hidden_size")) / d.heads)));
  if (type == "llama" && d.head % 2) return fail(Errc::unsupported, "{}: {} is odd", f.where("head_dim"), d.head);
  return d;
}

Result<Checkpoint> published_tensors(const Gguf& file, const GgufDims& dims) { return Reader(file, dims).read(); }

i64 GgufTensor::row_count() const {
  i64 n = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) n *= shape[i];
  return n;
}

Result<std::vector<GgufTensor>> gguf_tensors(const Checkpoint& checkpoint, const GgufDims& dims, Mtp mtp) {
  return Writer(checkpoint, dims, mtp).plan();
}

void read_rows(const GgufTensor& t, i64 first, i64 count, float* dst) {
  switch (t.rows) {
    case GgufTensor::Rows::in_order:
      return read_rows(*t.parts[0], first, count, dst);
    case GgufTensor::Rows::paired:
      return read_paired(t, first, count, dst);
    case GgufTensor::Rows::stacked:
      return read_stacked(t, first, count, dst);
    case GgufTensor::Rows::k_half:
      return read_k_half(t, first, count, dst);
    case GgufTensor::Rows::v_half:
      return read_v_half(t, first, count, dst);
  }
}

}  // namespace r1
