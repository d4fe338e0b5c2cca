#include "convert/quantize_model.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "convert/convert.hpp"
#include "convert/row_stream.hpp"
#include "core/file.hpp"
#include "core/integer.hpp"
#include "formats/gguf.hpp"
#include "quant/quantize.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr i64 kPiece = 8 << 20;   // elements at a time: 32 MiB of f32
constexpr i64 kGrain = 64 << 10;  // elements of a thread's task

// A tensor of the model, as the file to be written arranges it.
struct SourceTensor {
  std::string name;
  std::vector<i64> shape;
  std::function<void(i64 first, i64 count, float* dst)> read;
  std::optional<StoredTensor> stored;         // set if the tensor lies somewhere as a whole
  std::vector<const PublishedTensor*> parts;  // otherwise the tensors that its rows are made of

  i64 cols() const { return shape.back(); }
  i64 rows() const { return elements() / cols(); }
  i64 matrices() const { return shape.size() < 3 ? 1 : rows() / shape[shape.size() - 2]; }
  i64 elements() const { return element_count(shape); }
};

struct SourceModel {
  GgufMetadata metadata;
  std::vector<SourceTensor> tensors;
  i64 bytes = 0;             // of the model's files
  std::optional<Gguf> file;  // the file or the plan keeps the tensors' bytes alive
  std::optional<GgufPlan> plan;
};

// ---- a GGUF, whose arrangement stays

// Compares the numbers in names by value: "blk.2.x" comes before "blk.10.x".
bool in_layer_order(std::string_view a, std::string_view b) {
  const auto digits = [](std::string_view s) {
    return s.substr(0, std::min(s.find_first_not_of("0123456789"), s.size()));
  };
  while (!a.empty() && !b.empty()) {
    const std::string_view x = digits(a), y = digits(b);
    if (x != y && !x.empty() && !y.empty()) return x.size() != y.size() ? x.size() < y.size() : x < y;
    if (a[0] != b[0]) return a[0] < b[0];
    a.remove_prefix(1), b.remove_prefix(1);
  }
  return a.size() < b.size();
}

Result<SourceModel> read_gguf(const fs::path& path) {
  SourceModel in;
  in.file = R1_TRY(Gguf::open(path));
  if (!in.file->unsupported().empty()) {
    const auto& [name, type] = *in.file->unsupported().begin();
    return fail(Errc::unsupported, "{}: {} is {}, which cannot be read", path.string(), name, type);
  }
  for (const std::string& key : in.file->keys())
    if (!key.starts_with("split.")) in.metadata.emplace_back(key, R1_TRY(in.file->value(key)));
  for (const auto& [name, tensor] : in.file->tensors()) {
    const StoredTensor* t = &tensor;
    in.tensors.push_back(
        {name, tensor.shape, [t](i64 first, i64 count, float* dst) { read_rows(*t, first, count, dst); }, tensor, {}});
    in.bytes += std::ssize(tensor.bytes);
  }
  std::sort(in.tensors.begin(), in.tensors.end(),
            [](const SourceTensor& a, const SourceTensor& b) { return in_layer_order(a.name, b.name); });
  return in;
}

// ---- a folder, arranged as `r1 convert` would

Result<SourceModel> read_folder(const fs::path& path, Mtp mtp) {
  SourceModel in;
  ConvertOptions options;
  options.mtp = mtp;
  in.plan = R1_TRY(plan_gguf(path, options));
  in.metadata = std::move(in.plan->metadata);
  if (!in.plan->divisors.empty()) {
    StoredTensor t{
        "rope_freqs.weight", DType::f32, {std::ssize(in.plan->divisors)}, std::as_bytes(std::span(in.plan->divisors))};
    in.tensors.push_back({t.name, t.shape, nullptr, t, {}});
  }
  std::set<const PublishedTensor*> seen;
  for (const GgufTensor& t : in.plan->tensors) {
    in.tensors.push_back({t.name, t.shape, [&t](i64 first, i64 count, float* dst) { read_rows(t, first, count, dst); },
                          std::nullopt, t.parts});
    for (const PublishedTensor* p : t.parts)
      if (seen.insert(p).second)
        in.bytes += std::ssize(p->stored.bytes) + std::ssize(p->stored.scales) + std::ssize(p->k_b.bytes);
  }
  return in;
}

// ---- the metadata of the output

Result<i64> largest(const SourceModel& in, const std::string& key, i64 fallback) {
  const auto at = std::find_if(in.metadata.begin(), in.metadata.end(), [&](const auto& e) { return e.first == key; });
  if (at == in.metadata.end()) return fallback;
  const GgufValue& v = at->second;
  if (v.type == GgufType::string || v.type == GgufType::f32 || v.type == GgufType::f64)
    return fail(Errc::corrupt, "{}: must be an integer or an array of them", key);
  if (v.type != GgufType::array) return v.integer;
  const auto& all = v.array.integers;  // one per layer
  return all.empty() ? fallback : *std::max_element(all.begin(), all.end());
}

Result<MixModel> mix_model(const SourceModel& in) {
  const auto at = std::find_if(in.metadata.begin(), in.metadata.end(),
                               [](const auto& e) { return e.first == "general.architecture"; });
  if (at == in.metadata.end() || at->second.type != GgufType::string)
    return fail(Errc::corrupt, "general.architecture is missing: the file holds no model");
  const std::string arch = at->second.text + ".";
  MixModel m;
  m.layers = R1_TRY(largest(in, arch + "block_count", 0));
  m.heads = R1_TRY(largest(in, arch + "attention.head_count", 0));
  m.kv_heads = R1_TRY(largest(in, arch + "attention.head_count_kv", m.heads));
  m.experts = R1_TRY(largest(in, arch + "expert_count", 0));
  m.tied = std::none_of(in.tensors.begin(), in.tensors.end(),
                        [](const SourceTensor& t) { return t.name == "output.weight"; });
  return m;
}

GgufMetadata metadata_of(const SourceModel& in, const QuantizeOptions& options) {
  GgufMetadata out;
  for (const auto& [key, value] : in.metadata)
    if (!key.starts_with("quantize.imatrix.") && key != "general.file_type" && key != "general.quantization_version")
      out.emplace_back(key, value);
  out.emplace_back("general.file_type", GgufValue::of_u32(options.mix.file_type));
  out.emplace_back("general.quantization_version", GgufValue::of_u32(2));
  if (const Imatrix* m = options.importance) {
    out.emplace_back("quantize.imatrix.file", GgufValue::of_text(options.importance_name));
    if (!m->datasets.empty()) out.emplace_back("quantize.imatrix.dataset", GgufValue::of_text(m->datasets.front()));
    out.emplace_back("quantize.imatrix.entries_count", GgufValue::of_u32(m->size()));
    if (m->chunks > 0) out.emplace_back("quantize.imatrix.chunks_count", GgufValue::of_u32(m->chunks));
  }
  return out;
}

// ---- one tensor

struct TensorPlan {
  const SourceTensor* from;
  DType to, wanted;                   // wanted: what the mix asks for
  std::span<const float> importance;  // per column; one run of columns per matrix of a stack, or one for all

  std::span<const float> importance_of(i64 matrix) const {
    const auto cols = static_cast<size_t>(from->cols());
    return importance.size() <= cols ? importance : importance.subspan(matrix * cols, cols);
  }
};

// Counts the elements for options.progress.
struct QuantizeProgress {
  const QuantizeOptions& options;
  i64 elements = 0, done = 0;
  Status advance(const SourceTensor& t, i64 more) {
    done += more;
    return options.progress ? options.progress(t.name, done, elements) : Status();
  }
};

// Encodes rows [begin, end), which may lie in several matrices of a stack.
Status encode(const TensorPlan& plan, i64 begin, i64 end, std::vector<float>& scratch, std::byte* dst) {
  const i64 cols = plan.from->cols(), per_matrix = plan.from->rows() / plan.from->matrices();
  scratch.resize((end - begin) * cols);
  plan.from->read(begin, end - begin, scratch.data());
  for (i64 row = begin; row < end;) {
    const i64 matrix = row / per_matrix, stop = std::min(end, (matrix + 1) * per_matrix);
    const Status done =
        quantize_rows(plan.to, dst + (row - begin) * row_bytes(plan.to, cols), scratch.data() + (row - begin) * cols,
                      stop - row, cols, plan.importance_of(matrix));
    if (!done) return tl::unexpected(Error(done.error()).in(fmt::format("{}, from row {}", plan.from->name, row)));
    row = stop;
  }
  return {};
}

void release_rows(const SourceTensor& t, i64 row, i64 count) {
  if (t.stored) {
    const size_t row_size = t.stored->bytes.size() / static_cast<size_t>(t.rows());
    release_pages(t.stored->bytes.subspan(row * row_size, count * row_size));
  }
  for (const PublishedTensor* p : t.parts) release_pages(p->stored.bytes), release_pages(p->k_b.bytes);
}

Status write_tensor(const TensorPlan& plan, ThreadPool& pool, QuantizeProgress& progress, const ByteSink& sink) {
  const SourceTensor& t = *plan.from;
  if (t.stored && !t.read) return sink(t.stored->bytes);  // made here, not read from a file
  const i64 cols = t.cols(), rows = t.rows(), to_bytes = row_bytes(plan.to, cols);
  const i64 grain = std::max<i64>(kGrain / cols, 1), piece = std::max(kPiece / cols / grain, i64{1}) * grain;
  std::vector<std::vector<float>> scratch(pool.threads());
  std::vector<std::byte> encoded;
  i64 unreleased = 0;
  for (i64 row = 0; row < rows; row += piece) {
    const i64 count = std::min(piece, rows - row);
    if (t.stored && t.stored->dtype == plan.to) {
      R1_TRY(sink(t.stored->bytes.subspan(row * to_bytes, count * to_bytes)));
    } else {
      encoded.resize(count * to_bytes);
      std::vector<Status> results(ceil_div(count, grain));
      pool.ranges(count, grain, [&](i64 begin, i64 end, int worker) {
        results[begin / grain] =
            encode(plan, row + begin, row + end, scratch[worker], encoded.data() + begin * to_bytes);
      });
      for (const Status& r : results) R1_TRY(r);
      R1_TRY(sink(encoded));
    }
    R1_TRY(progress.advance(t, count * cols));
    if ((row + count - unreleased) * cols < kReleaseEvery && row + count < rows) continue;
    release_rows(t, unreleased, row + count - unreleased);
    unreleased = row + count;
  }
  return {};
}

// ---- the whole file

Result<std::vector<TensorPlan>> plan_tensors(const SourceModel& in, const QuantizeOptions& options) {
  const MixModel model = R1_TRY(mix_model(in));
  std::vector<TensorPlan> plans;
  i64 again = 0, known = 0;
  for (const SourceTensor& t : in.tensors) {
    TensorPlan plan{&t, DType::f32, DType::f32, {}};
    plan.to = mix_type(options.mix, t.name, t.shape, model, &plan.wanted);
    if (options.importance && is_block(plan.to)) {
      plan.importance = R1_TRY(options.importance->of(t.name, t.matrices(), t.cols()));
      known += !plan.importance.empty();
    }
    again += t.stored && is_block(t.stored->dtype) && t.stored->dtype != plan.to && is_block(plan.to);
    plans.push_back(plan);
  }
  if (again && options.note)
    options.note(
        fmt::format("{} tensors are quantised already; quantising 16-bit or 32-bit weights loses less", again));
  if (options.importance && !known)
    return fail(Errc::invalid_argument, "{}: the importance matrix names none of this model's tensors",
                options.importance_name);
  return plans;
}

}  // namespace

Result<QuantizeResult> quantize_model(const fs::path& in, const fs::path& out, const QuantizeOptions& options,
                                      ThreadPool& pool) {
  std::error_code ignored;
  const SourceModel model =
      fs::is_directory(in, ignored) ? R1_TRY(read_folder(in, options.mtp)) : R1_TRY(read_gguf(in));
  if (model.tensors.empty()) return fail(Errc::unsupported, "{}: there are no tensors in it", in.string());
  auto planned = plan_tensors(model, options);
  if (!planned) return tl::unexpected(std::move(planned).error().in(in.string()));
  const std::vector<TensorPlan>& plans = *planned;

  QuantizeResult result;
  result.bytes_before = model.bytes;
  QuantizeProgress progress{options};
  std::vector<TensorItem> items;
  for (const TensorPlan& plan : plans) {
    const SourceTensor& t = *plan.from;
    result.elements += t.elements();
    result.bytes_after += t.rows() * row_bytes(plan.to, t.cols());
    ++result.tensors[static_cast<size_t>(plan.to)];
    if (plan.to != plan.wanted && result.replaced++ == 0)
      result.wanted = plan.wanted, result.given = plan.to, result.row = t.cols();
    items.push_back({t.name, plan.to, t.shape, [&plan, &pool, &progress](const ByteSink& sink) {
                       return write_tensor(plan, pool, progress, sink);
                     }});
  }
  progress.elements = result.elements;
  R1_TRY(write_gguf(out, metadata_of(model, options), items));
  return result;
}

}  // namespace r1
