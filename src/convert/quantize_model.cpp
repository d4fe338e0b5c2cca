#include "convert/quantize_model.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "convert/convert.hpp"
#include "convert/row_stream.hpp"
#include "core/integer.hpp"
#include "formats/gguf.hpp"
#include "quant/quantize.hpp"

namespace r1 {
namespace {

namespace fs = std::filesystem;

constexpr i64 kPiece = 8 << 20;          // elements at a time: 32 MiB of f32
constexpr i64 kGrain = 64 << 10;         // elements of a thread's task
constexpr i64 kReleaseEvery = 64 << 20;  // elements read between letting pages go

// A tensor of the output, wherever its rows come from.
struct Source {
  std::string name;
  std::vector<i64> shape;
  std::function<void(i64 first, i64 count, float* dst)> read;
  std::optional<StoredTensor> stored;         // if these are its bytes
  std::vector<const PublishedTensor*> parts;  // else what its rows are made of

  i64 cols() const { return shape.back(); }
  i64 rows() const { return elements() / cols(); }
  i64 matrices() const { return shape.size() < 3 ? 1 : rows() / shape[shape.size() - 2]; }
  i64 elements() const { return element_count(shape); }
};

struct Input {
  GgufMetadata metadata;
  std::vector<Source> tensors;
  i64 bytes = 0;
  std::optional<Gguf> file;  // one of these holds the bytes
  std::optional<GgufPlan> plan;
};

// ---- a GGUF as it is

// "blk.2.x" before "blk.10.x": numbers in names by value.
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

Result<Input> input_of_gguf(const fs::path& path) {
  Input in;
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
    in.bytes += static_cast<i64>(tensor.bytes.size());
  }
  std::sort(in.tensors.begin(), in.tensors.end(),
            [](const Source& a, const Source& b) { return in_layer_order(a.name, b.name); });
  return in;
}

// ---- a folder as `r1 convert` would have it

Result<Input> input_of_folder(const fs::path& path, bool mtp) {
  Input in;
  ConvertOptions options;
  options.mtp = mtp ? Mtp::include : Mtp::leave_out;
  in.plan = R1_TRY(plan_gguf(path, options));
  in.metadata = std::move(in.plan->metadata);
  if (!in.plan->divisors.empty()) {
    StoredTensor t{"rope_freqs.weight",
                   DType::f32,
                   {static_cast<i64>(in.plan->divisors.size())},
                   std::as_bytes(std::span(in.plan->divisors))};
    in.tensors.push_back({t.name, t.shape, nullptr, t, {}});
  }
  std::set<const PublishedTensor*> seen;
  for (const GgufTensor& t : in.plan->tensors) {
    in.tensors.push_back({t.name, t.shape, [&t](i64 first, i64 count, float* dst) { read_rows(t, first, count, dst); },
                          std::nullopt, t.parts});
    for (const PublishedTensor* p : t.parts)
      if (seen.insert(p).second)
        in.bytes += static_cast<i64>(p->stored.bytes.size() + p->stored.scales.size() + p->k_b.bytes.size());
  }
  return in;
}

// ---- what the output says of itself

Result<i64> largest(const Input& in, const std::string& key, i64 fallback) {
  const auto at = std::find_if(in.metadata.begin(), in.metadata.end(), [&](const auto& e) { return e.first == key; });
  if (at == in.metadata.end()) return fallback;
  const GgufValue& v = at->second;
  if (v.type == GgufType::string || v.type == GgufType::f32 || v.type == GgufType::f64)
    return fail(Errc::corrupt, "{}: must be an integer or an array of them", key);
  if (v.type != GgufType::array) return v.integer;
  const auto& all = v.array.integers;  // per layer
  return all.empty() ? fallback : *std::max_element(all.begin(), all.end());
}

Result<MixModel> mix_model(const Input& in) {
  const auto at = std::find_if(in.metadata.begin(), in.metadata.end(),
                               [](const auto& e) { return e.first == "general.architecture"; });
  if (at == in.metadata.end() || at->second.type != GgufType::string)
    return fail(Errc::corrupt, "general.architecture: missing: no model");
  const std::string arch = at->second.text + ".";
  MixModel m;
  m.layers = R1_TRY(largest(in, arch + "block_count", 0));
  m.heads = R1_TRY(largest(in, arch + "attention.head_count", 0));
  m.kv_heads = R1_TRY(largest(in, arch + "attention.head_count_kv", m.heads));
  m.experts = R1_TRY(largest(in, arch + "expert_count", 0));
  m.tied =
      std::none_of(in.tensors.begin(), in.tensors.end(), [](const Source& t) { return t.name == "output.weight"; });
  return m;
}

GgufMetadata metadata_of(const Input& in, const QuantizeOptions& options) {
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

struct Job {
  const Source* from;
  DType to;
  std::span<const float> importance;  // cols for each matrix of a stack, or cols for all

  std::span<const float> importance_of(i64 matrix) const {
    const auto cols = static_cast<size_t>(from->cols());
    return importance.size() <= cols ? importance : importance.subspan(matrix * cols, cols);
  }
};

struct Run {
  const QuantizeOptions& options;
  ThreadPool& pool;
  i64 elements = 0, done = 0;
  Status advance(const Source& t, i64 more) {
    done += more;
    return options.progress ? options.progress(t.name, done, elements) : Status();
  }
};

// Rows [begin, end), which may lie in several matrices of a stack.
Status encode(const Job& job, i64 begin, i64 end, std::vector<float>& scratch, std::byte* dst) {
  const i64 cols = job.from->cols(), per_matrix = job.from->rows() / job.from->matrices();
  scratch.resize((end - begin) * cols);
  job.from->read(begin, end - begin, scratch.data());
  for (i64 row = begin; row < end;) {
    const i64 matrix = row / per_matrix, stop = std::min(end, (matrix + 1) * per_matrix);
    const Status done =
        quantize_rows(job.to, dst + (row - begin) * row_bytes(job.to, cols), scratch.data() + (row - begin) * cols,
                      stop - row, cols, job.importance_of(matrix));
    if (!done) return tl::unexpected(Error(done.error()).in(fmt::format("{}, from row {}", job.from->name, row)));
    row = stop;
  }
  return {};
}

void let_go(const Source& t, i64 row, i64 count) {
  if (t.stored) {
    const size_t row_size = t.stored->bytes.size() / static_cast<size_t>(t.rows());
    release_pages(t.stored->bytes.subspan(row * row_size, count * row_size));
  }
  for (const PublishedTensor* p : t.parts) release_pages(p->stored.bytes), release_pages(p->k_b.bytes);
}

Status write_tensor(const Job& job, Run& run, const ByteSink& sink) {
  const Source& t = *job.from;
  if (t.stored && !t.read) return sink(t.stored->bytes);  // not in a file
  const i64 cols = t.cols(), rows = t.rows(), to_bytes = row_bytes(job.to, cols);
  const i64 grain = std::max<i64>(kGrain / cols, 1), piece = std::max(kPiece / cols / grain, i64{1}) * grain;
  std::vector<std::vector<float>> scratch(run.pool.threads());
  std::vector<std::byte> encoded;
  i64 kept_from = 0;
  for (i64 row = 0; row < rows; row += piece) {
    const i64 count = std::min(piece, rows - row);
    if (t.stored && t.stored->dtype == job.to) {
      R1_TRY(sink(t.stored->bytes.subspan(row * to_bytes, count * to_bytes)));
    } else {
      encoded.resize(count * to_bytes);
      std::vector<Status> results(ceil_div(count, grain));
      run.pool.ranges(count, grain, [&](i64 begin, i64 end, int worker) {
        results[begin / grain] =
            encode(job, row + begin, row + end, scratch[worker], encoded.data() + begin * to_bytes);
      });
      for (const Status& r : results) R1_TRY(r);
      R1_TRY(sink(encoded));
    }
    R1_TRY(run.advance(t, count * cols));
    if ((row + count - kept_from) * cols < kReleaseEvery && row + count < rows) continue;
    let_go(t, kept_from, row + count - kept_from);
    kept_from = row + count;
  }
  return {};
}

// ---- the whole file

Result<std::vector<Job>> plan(const Input& in, const QuantizeOptions& options) {
  const MixModel model = R1_TRY(mix_model(in));
  std::vector<Job> jobs;
  i64 again = 0, known = 0;
  for (const Source& t : in.tensors) {
    Job job{&t, mix_type(options.mix, t.name, t.shape, model), {}};
    if (options.importance && is_block(job.to)) {
      job.importance = R1_TRY(options.importance->of(t.name, t.matrices(), t.cols()));
      known += !job.importance.empty();
    }
    again += t.stored && is_block(t.stored->dtype) && t.stored->dtype != job.to && is_block(job.to);
    jobs.push_back(job);
  }
  if (again && options.note)
    options.note(fmt::format("{} tensors are quantised already: starting from 16 or 32 bits loses less", again));
  if (options.importance && !known)
    return fail(Errc::invalid_argument, "{}: the importance matrix names none of this model's tensors",
                options.importance_name);
  return jobs;
}

}  // namespace

Result<QuantizeResult> quantize_model(const fs::path& in, const fs::path& out, const QuantizeOptions& options,
                                      ThreadPool& pool) {
  std::error_code ignored;
  const Input input =
      fs::is_directory(in, ignored) ? R1_TRY(input_of_folder(in, options.mtp)) : R1_TRY(input_of_gguf(in));
  if (input.tensors.empty()) return fail(Errc::unsupported, "{}: holds no tensors", in.string());
  auto planned = plan(input, options);
  if (!planned) return tl::unexpected(std::move(planned).error().in(in.string()));
  const std::vector<Job>& jobs = *planned;

  QuantizeResult result;
  result.bytes_before = input.bytes;
  Run run{options, pool};
  std::vector<TensorItem> items;
  for (const Job& job : jobs) {
    const Source& t = *job.from;
    result.elements += t.elements();
    result.bytes_after += t.rows() * row_bytes(job.to, t.cols());
    ++result.tensors[static_cast<size_t>(job.to)];
    items.push_back(
        {t.name, job.to, t.shape, [&job, &run](const ByteSink& sink) { return write_tensor(job, run, sink); }});
  }
  run.elements = result.elements;
  R1_TRY(write_gguf(out, metadata_of(input, options), items));
  return result;
}

}  // namespace r1
