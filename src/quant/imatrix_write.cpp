#include "formats/gguf.hpp"
#include "quant/imatrix.hpp"

namespace r1 {

Status write_imatrix(const std::filesystem::path& path, const MeasuredImatrix& imatrix) {
  std::vector<TensorItem> items;
  for (const auto& [name, sums] : imatrix.tensors) {
    const auto add = [&](const char* suffix, i64 cols, auto&& numbers) {
      std::vector<float> values(numbers.begin(), numbers.end());
      items.push_back(
          {name + suffix,
           DType::f32,
           {std::ssize(sums.rows), cols},
           [values = std::move(values)](const ByteSink& sink) { return sink(std::as_bytes(std::span(values))); }});
    };
    add(".in_sum2", sums.cols, sums.squares);
    add(".counts", 1, sums.rows);
  }
  const std::vector<std::pair<std::string, GgufValue>> metadata{
      {"general.type", GgufValue::of_text("imatrix")},
      {"imatrix.datasets", GgufValue::of_texts({imatrix.dataset})},
      {"imatrix.chunk_count", GgufValue::of_u32(imatrix.chunks)},
      {"imatrix.chunk_size", GgufValue::of_u32(imatrix.chunk_tokens)}};
  return write_gguf(path, metadata, items);
}

}  // namespace r1
