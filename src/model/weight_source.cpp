#include "model/weight_source.hpp"

#include <cstring>
#include <set>

#include "core/half.hpp"
#include "core/hash.hpp"
#include "core/philox.hpp"
#include "ops/cpu/dequantize.hpp"
#include "ops/device.hpp"

namespace r1 {
namespace {

// dst gets rows [first, first+count) of every head; a head has `per_head` rows of `bytes` bytes.
void gather_heads(std::byte* dst, const std::byte* src, i64 heads, i64 per_head, i64 first, i64 count, i64 bytes) {
  for (i64 h = 0; h < heads; ++h)
    std::memcpy(dst + h * count * bytes, src + (h * per_head + first) * bytes, count * bytes);
}
void scatter_heads(std::byte* dst, const std::byte* src, i64 heads, i64 per_head, i64 first, i64 count, i64 bytes) {
  for (i64 h = 0; h < heads; ++h)
    std::memcpy(dst + (h * per_head + first) * bytes, src + h * count * bytes, count * bytes);
}

void read_f32(const Weight& w, float* dst) { dequantize(active_kernels(), w, 0, w.rows(), dst); }
void write_f32(const Weight& w, const float* src) {
  std::memcpy(w.f32(), src, w.size() * 4);
  w.bump();
}

class RandomSource final : public WeightSource {
 public:
  RandomSource(u64 seed, double range, Loading loading) : WeightSource(loading), seed_(seed), range_(range) {}
  using WeightSource::Loading, WeightSource::loading;

 private:
  Status fill(const std::string& name, const std::vector<i64>& shape, float start, float* dst) override {
    i64 n = 1;
    for (const i64 d : shape) n *= d;
    Random random(seed_, Purpose::init, fnv1a(name));
    for (i64 i = 0; i < n; ++i) dst[i] = shape.size() == 1 ? start : static_cast<float>(random.normal() * range_);
    return {};
  }
  const PublishedTensor* entry(const std::string&, const std::vector<i64>&) override { return nullptr; }
  u64 seed_;
  double range_;
};

class CheckpointSource final : public WeightSource {
 public:
  CheckpointSource(Checkpoint from, Loading loading) : WeightSource(loading), from_(std::move(from)) {}
  using WeightSource::Loading, WeightSource::loading;

  bool holds(const std::string& start) const override {
    const auto at = from_.tensors.lower_bound(start);
    const auto other = from_.unsupported.lower_bound(start);
    return (at != from_.tensors.end() && at->first.starts_with(start)) ||
           (other != from_.unsupported.end() && other->first.starts_with(start));
  }
  void ignore(std::string start) override { ignored_ = std::move(start); }

 private:
  Status fill(const std::string& name, const std::vector<i64>& shape, float, float* dst) override {
    if (const PublishedTensor* e = entry(name, shape)) read_rows(*e, 0, e->rows(), dst);
    return {};
  }

  const PublishedTensor* entry(const std::string& name, const std::vector<i64>& shape) override {
    asked_.insert(name);
    if (const auto other = from_.unsupported.find(name); other != from_.unsupported.end()) {
      note(fail(Errc::unsupported, "{}: tensor {}: {}", from_.path, name, unsupported_type(other->second)));
      return nullptr;
    }
    const auto found = from_.tensors.find(name);
    if (found == from_.tensors.end()) {
      note(fail(Errc::corrupt, "{}: tensor {} {} is missing; {} asks for it", from_.path, name, shape_text(shape),
                from_.config));
      return nullptr;
    }
    const StoredTensor& stored = found->second.stored;
    if (stored.shape != shape) {
      note(fail(Errc::corrupt, "{}: {}: shape {}, {} says {}", from_.path, name, shape_text(stored.shape), from_.config,
                shape_text(shape)));
      return nullptr;
    }
    return &found->second;
  }

  std::shared_ptr<const void> mapping() const override { return from_.keep; }

  bool differ(const std::string& a, const std::string& b) const override {
    if (from_.unsupported.contains(a)) return true;  // asking for it reports its type
    const auto x = from_.tensors.find(a), y = from_.tensors.find(b);
    if (x == from_.tensors.end() || y == from_.tensors.end()) return false;
    const StoredTensor &s = x->second.stored, &t = y->second.stored;
    const auto same = [](std::span<const std::byte> p, std::span<const std::byte> q) {
      return p.size() == q.size() && (p.empty() || std::memcmp(p.data(), q.data(), p.size()) == 0);
    };
    return s.dtype != t.dtype || s.shape != t.shape || !same(s.bytes, t.bytes) || !same(s.scales, t.scales);
  }

  Status unused() const override {
    for (const auto& [name, e] : from_.tensors) {
      if (asked_.contains(name) || redundant(name)) continue;
      if (name == "lm_head.weight") continue;  // of a tied model: head() has compared it with the embedding
      if (!ignored_.empty() && name.starts_with(ignored_)) continue;
      return fail(Errc::corrupt, "{}: tensor {} {} has no place in the model that {} describes", from_.path, name,
                  shape_text(e.stored.shape), from_.config);
    }
    return {};
  }

  Checkpoint from_;
  std::string ignored_;
  std::set<std::string> asked_;
};

// Memory of a frozen weight's own. Kernels may load past the end of a weight, so there is slack behind it.
std::shared_ptr<std::vector<std::byte>> buffer(i64 bytes) {
  return std::make_shared<std::vector<std::byte>>(bytes + 64);
}

Weight frozen(const std::string& name, const PublishedTensor& e, i64 rows, i64 cols, std::shared_ptr<const void> keep) {
  const StoredTensor& s = e.stored;
  if (e.in_place() && s.dtype == DType::f8_e4m3)
    return Weight::frozen_f8(name, rows, cols, s.bytes.data(), s.scales.data(), {std::move(keep), s.mapping});
  if (e.in_place()) return Weight::frozen(name, s.dtype, rows, cols, s.bytes.data(), {std::move(keep), s.mapping});
  const auto own = buffer(rows * row_bytes(s.dtype, cols));
  copy_rows(e, own->data());
  return Weight::frozen(name, s.dtype, rows, cols, own->data(), {own});
}

// A weight of an outline: a name, a type and a shape.
Weight bare(const std::string& name, DType dtype, i64 rows, i64 cols) {
  return Weight::frozen(name, dtype, rows, cols, nullptr, {});
}

// The plain type that holds every row of a tensor exactly.
DType plain_type(const PublishedTensor& e) {
  const bool bf16 = e.stored.dtype == DType::bf16 && (e.heads == 0 || e.k_b.dtype == DType::bf16);
  if (bf16) return DType::bf16;
  return e.heads == 0 && e.stored.dtype == DType::f16 ? DType::f16 : DType::f32;
}

}  // namespace

void WeightSource::note(Status status) {
  if (status_ && !status) status_ = std::move(status);
}

Weight WeightSource::keep(Weight w) {
  weights.push_back(w);
  return w;
}

Weight WeightSource::matrix(const std::string& name, i64 rows, i64 cols) {
  const std::vector<i64> shape{rows, cols};
  const PublishedTensor* e = failed() ? nullptr : entry(name, shape);
  if (failed()) return {};
  if (trainable() || (e && e->heads)) e = nullptr;  // the weight is f32 in memory of its own
  const Weight w = outline() ? bare(name, e ? e->stored.dtype : DType::f32, rows, cols)
                   : e       ? frozen(name, *e, rows, cols, mapping())
                             : Weight::zeros(name, rows, cols, trainable());
  if (!e && !outline()) note(fill(name, shape, 0, w.f32()));
  checkpoint.push_back(
      {name, shape, [w](float* dst) { read_f32(w, dst); }, [w](const float* src) { write_f32(w, src); }});
  return keep(w);
}

Weight WeightSource::vector(const std::string& name, i64 n, float start, Vector use) {
  if (!failed()) entry(name, {n});
  if (failed()) return {};
  const bool trained = use == Vector::trained && trainable();
  const Weight w = outline() ? bare(name, DType::f32, 1, n) : Weight::zeros(name, 1, n, trained);
  if (!outline()) note(fill(name, {n}, start, w.f32()));
  // The router's bias is added to f32 scores to choose the experts: published checkpoints keep it in f32 too.
  const bool exact = use == Vector::router_bias;
  checkpoint.push_back(
      {name, {n}, [w](float* dst) { read_f32(w, dst); }, [w](const float* src) { write_f32(w, src); }, exact});
  return keep(w);
}

Weight WeightSource::norm(const std::string& name, i64 n) { return vector(name, n, 1, Vector::trained); }
Weight WeightSource::offset(const std::string& name, i64 n) { return vector(name, n, 0, Vector::trained); }
Weight WeightSource::bias(const std::string& name, i64 n) { return vector(name, n, 0, Vector::router_bias); }

Weight WeightSource::head(const Weight& embed, bool& tied) {
  if (failed()) return {};
  const std::string name = "lm_head.weight";
  tied = tied && !differ(name, embed.name());
  return tied ? embed : matrix(name, embed.rows(), embed.cols());
}

std::pair<Weight, Weight> WeightSource::by_head(const std::string& name, i64 heads, i64 a, i64 b, i64 cols) {
  const std::vector<i64> shape{heads * (a + b), cols};
  const PublishedTensor* e = failed() ? nullptr : entry(name, shape);
  if (failed()) return {};
  if (trainable()) e = nullptr;
  const DType dtype = e ? plain_type(*e) : DType::f32;
  const bool mapped = e && e->in_place() && e->stored.dtype == dtype;
  std::vector<float> whole;
  std::vector<u16> halves;
  if (!mapped && !outline()) {
    whole.resize(shape[0] * cols);
    note(fill(name, shape, 0, whole.data()));
    if (dtype == DType::bf16)
      for (const float v : whole) halves.push_back(bf16_from_f32(v));
  }
  const std::byte* src = mapped                 ? e->stored.bytes.data()
                         : dtype == DType::bf16 ? reinterpret_cast<const std::byte*>(halves.data())
                                                : reinterpret_cast<const std::byte*>(whole.data());
  const i64 bytes = cols * bytes_per_element(dtype);
  const auto part = [&](const char* suffix, i64 first, i64 count) {
    if (outline()) return keep(bare(name + suffix, dtype, heads * count, cols));
    if (dtype == DType::f32) {
      const Weight w = Weight::zeros(name + suffix, heads * count, cols, trainable());
      gather_heads(reinterpret_cast<std::byte*>(w.f32()), src, heads, a + b, first, count, bytes);
      return keep(w);
    }
    const auto own = buffer(heads * count * bytes);
    gather_heads(own->data(), src, heads, a + b, first, count, bytes);
    return keep(Weight::frozen(name + suffix, dtype, heads * count, cols, own->data(), {own}));
  };
  const Weight wa = part(":a", 0, a), wb = part(":b", a, b);
  checkpoint.push_back(
      {name, shape,
       [=](float* dst) {
         const auto put = [&](const Weight& w, i64 first, i64 count) {
           std::vector<float> rows(w.size());
           read_f32(w, rows.data());
           scatter_heads(reinterpret_cast<std::byte*>(dst), reinterpret_cast<const std::byte*>(rows.data()), heads,
                         a + b, first, count, cols * 4);
         };
         put(wa, 0, a), put(wb, a, b);
       },
       [=](const float* from) {
         const auto take = [&](const Weight& w, i64 first, i64 count) {
           gather_heads(reinterpret_cast<std::byte*>(w.f32()), reinterpret_cast<const std::byte*>(from), heads, a + b,
                        first, count, cols * 4);
           w.bump();
         };
         take(wa, 0, a), take(wb, a, b);
       }});
  return {wa, wb};
}

Status WeightSource::finish() {
  note(unused());
  return status_;
}

std::unique_ptr<WeightSource> random_source(u64 seed, double range, Weights kind) {
  return std::make_unique<RandomSource>(seed, range, RandomSource::loading(kind));
}

std::unique_ptr<WeightSource> random_outline() {
  return std::make_unique<RandomSource>(0, 0.0, RandomSource::Loading::outline);
}

std::unique_ptr<WeightSource> checkpoint_source(Checkpoint checkpoint, Weights kind) {
  return std::make_unique<CheckpointSource>(std::move(checkpoint), CheckpointSource::loading(kind));
}

std::unique_ptr<WeightSource> outline_source(Checkpoint checkpoint) {
  return std::make_unique<CheckpointSource>(std::move(checkpoint), CheckpointSource::Loading::outline);
}

}  // namespace r1
