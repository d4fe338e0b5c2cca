#include "quant/imatrix.hpp"

#include <cstring>

#include "core/file.hpp"
#include "formats/gguf.hpp"

namespace r1 {
namespace {

// Reads numbers and texts one after the other.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : left_(bytes) {}
  size_t left() const { return left_.size(); }

  Result<i64> count(std::string_view what) {
    i32 v = 0;
    if (left() < sizeof v) return fail(Errc::corrupt, "{}: the file ends {} bytes into 4", what, left());
    std::memcpy(&v, take(sizeof v).data(), sizeof v);
    if (v < 0) return fail(Errc::corrupt, "{}: {}, must not be negative", what, v);
    return v;
  }
  Result<std::span<const std::byte>> bytes(i64 n, std::string_view what) {
    if (n > static_cast<i64>(left())) return fail(Errc::corrupt, "{}: {} bytes claimed, {} left", what, n, left());
    return take(n);
  }

 private:
  std::span<const std::byte> take(size_t n) {
    const auto front = left_.first(n);
    left_ = left_.subspan(n);
    return front;
  }
  std::span<const std::byte> left_;
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Adds the means of sums over `count` measurements. Without measurements every mean is 1: all columns count the same.
void add_means(std::vector<float>& out, std::span<const std::byte> sums, float count) {
  for (size_t i = 0; i + sizeof(float) <= sums.size(); i += sizeof(float)) {
    float v = 1;
    if (count > 0) {
      std::memcpy(&v, sums.data() + i, sizeof v);
      v /= count;
    }
    out.push_back(v);
  }
}

Status check_means(const std::string& tensor, const std::vector<float>& means) {
  for (size_t i = 0; i < means.size(); ++i)
    if (!(means[i] >= 0 && means[i] <= 1e30f))
      return fail(Errc::corrupt, "{}: value {} is {}, must be a mean of squares", tensor, i, means[i]);
  return {};
}

}  // namespace

struct ImatrixReader {
  // i32 entries; for each entry i32 length, name, i32 calls, i32 values, f32 sums; then, in some files, i32 chunks,
  // i32 length, name of the data set.
  static Status plain(std::span<const std::byte> file, Imatrix& out) {
    Cursor in(file);
    const i64 entries = R1_TRY(in.count("number of entries"));
    for (i64 e = 0; e < entries; ++e) {
      const std::string where = fmt::format("entry {} of {}", e, entries);
      const i64 length = R1_TRY(in.count(where));
      const std::string name = text_of(R1_TRY(in.bytes(length, where + ", its name")));
      const i64 calls = R1_TRY(in.count(where)), values = R1_TRY(in.count(where));
      std::vector<float> means;
      // A file whose count of calls is 0 holds means.
      add_means(means, R1_TRY(in.bytes(4 * values, where + ", its values")),
                calls > 0 ? static_cast<float>(calls) : 1.0f);
      R1_TRY(check_means(where, means));
      if (!out.entries_.emplace(name, std::move(means)).second)
        return fail(Errc::corrupt, "{}: a name given twice", where);
    }
    if (in.left() < 8) return {};
    out.chunks = R1_TRY(in.count("chunks"));
    const i64 length = R1_TRY(in.count("the data set's name"));
    out.datasets.push_back(text_of(R1_TRY(in.bytes(length, "the data set's name"))));
    return {};
  }

  // For each matrix or stack NAME, tensors NAME.in_sum2 [matrices, cols] and NAME.counts [matrices, 1].
  static Status gguf(const std::filesystem::path& path, Imatrix& out) {
    constexpr std::string_view kSums = ".in_sum2";
    const std::string in = path.string();
    const Gguf file = R1_TRY(Gguf::open(path));
    if (file.holds("imatrix.chunk_count")) out.chunks = R1_TRY(file.integer("imatrix.chunk_count"));
    if (file.holds("imatrix.datasets"))
      for (const std::string_view text : R1_TRY(file.texts("imatrix.datasets"))) out.datasets.emplace_back(text);
    for (const auto& [name, sums] : file.tensors()) {
      if (!name.ends_with(kSums)) continue;
      const std::string tensor = name.substr(0, name.size() - kSums.size());
      const auto counts = file.tensors().find(tensor + ".counts");
      if (counts == file.tensors().end()) return fail(Errc::corrupt, "{}: {} without {}.counts", in, name, tensor);
      const i64 cols = sums.shape.empty() ? 0 : sums.shape.back(), matrices = counts->second.elements();
      if (sums.dtype != DType::f32 || counts->second.dtype != DType::f32 || cols < 1 ||
          sums.elements() != matrices * cols)
        return fail(Errc::corrupt, "{}: {}: {} {} numbers, expected {} of f32 for each of {} counts", in, name,
                    sums.elements(), name_of(sums.dtype), cols, matrices);
      std::vector<float> means;
      for (i64 m = 0; m < matrices; ++m) {
        float count = 0;
        std::memcpy(&count, counts->second.bytes.data() + 4 * m, sizeof count);
        add_means(means, sums.bytes.subspan(4 * m * cols, 4 * cols), count);
      }
      R1_TRY(check_means(in + ": " + name, means));
      out.entries_.emplace(tensor, std::move(means));
    }
    return {};
  }
};

Result<Imatrix> Imatrix::read(const std::filesystem::path& path) {
  Imatrix out;
  out.path_ = path.string();
  const FileMap file = R1_TRY(map_file(path));
  const bool is_gguf = file.bytes.size() >= 4 && std::memcmp(file.bytes.data(), "GGUF", 4) == 0;
  if (is_gguf) {
    R1_TRY(ImatrixReader::gguf(path, out));
  } else if (Status read = ImatrixReader::plain(file.bytes, out); !read) {
    return tl::unexpected(std::move(read).error().in(out.path_));
  }
  if (out.entries_.empty()) return fail(Errc::corrupt, "{}: an importance matrix without entries", out.path_);
  return out;
}

Result<std::span<const float>> Imatrix::of(std::string_view tensor, i64 matrices, i64 cols) const {
  const auto found = entries_.find(tensor);
  if (found == entries_.end()) return std::span<const float>();
  const auto n = static_cast<i64>(found->second.size());
  if (n != cols && n != matrices * cols)
    return fail(Errc::invalid_argument, "{}: {} values for {}, which is {} x {} columns: of another model?", path_, n,
                tensor, matrices, cols);
  return std::span<const float>(found->second);
}

}  // namespace r1
