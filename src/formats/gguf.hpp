// GGUF files, versions 2 and 3: typed metadata, tensor infos, aligned tensor data, in one file or several. Reading maps
// the files; writing goes by write, fsync, rename. No number in a file is trusted. Errors name the file, the field, and
// the found and the expected number. Source: ggml's docs/gguf.md.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "formats/stored_tensor.hpp"

namespace r1 {

// The types of metadata. In memory integers of every width are i64 and floats of both widths double. All elements of an
// array have one type.
enum class GgufType : u8 { uint8, int8, uint16, int16, uint32, int32, f32, boolean, string, array, uint64, int64, f64 };

class GgufValue;
struct GgufArray {
  GgufType type = GgufType::uint32;  // of the elements
  std::vector<i64> integers;         // of every integer type and boolean; u64 must fit i64
  std::vector<double> numbers;       // f32, f64
  std::vector<std::string> texts;
  i64 size() const;
};

// A value of metadata, to read or to write. Gguf's own calls read large arrays with fewer copies.
class GgufValue {
 public:
  GgufType type = GgufType::uint32;
  i64 integer = 0;
  double number = 0;
  std::string text;
  GgufArray array;

  static GgufValue of_u32(i64 v);
  static GgufValue of_f32(double v);
  static GgufValue of_bool(bool v);
  static GgufValue of_text(std::string v);
  static GgufValue of_texts(std::vector<std::string> v);
  static GgufValue of_integers(GgufType element, std::vector<i64> v);
  static GgufValue of_numbers(std::vector<double> v);  // f32
};

class Gguf {
 public:
  // Opens one file. Of PREFIX-00001-of-0000N.gguf, which must be the first, it opens all N, from the same folder.
  // Errors: a file that contradicts itself, a shard that is missing or out of place, arrays of arrays, big-endian
  // files.
  static Result<Gguf> open(const std::filesystem::path& path);

  const std::string& path() const;
  i64 version() const;    // 2 or 3
  i64 alignment() const;  // of tensor data, in the first file
  i64 files() const;      // how many the model is split over
  // The keys in the file's order; of a split model those of the first file.
  const std::vector<std::string>& keys() const;
  bool holds(std::string_view key) const;
  GgufType type(std::string_view key) const;     // the key must be there
  GgufType element(std::string_view key) const;  // of an array; a scalar's own type. The key must be there
  // Errors: a missing key, unless there is a fallback; a value of another type or one that does not fit.
  Result<i64> integer(std::string_view key) const;
  Result<i64> integer(std::string_view key, i64 fallback) const;
  Result<double> number(std::string_view key) const;  // floats and integers
  Result<double> number(std::string_view key, double fallback) const;
  Result<bool> flag(std::string_view key, bool fallback) const;
  Result<std::string> text(std::string_view key) const;
  Result<std::string> text(std::string_view key, std::string_view fallback) const;
  // Arrays are decoded at each call. Texts point into the mapping.
  Result<std::vector<std::string_view>> texts(std::string_view key) const;
  Result<std::vector<i64>> integers(std::string_view key) const;  // a scalar reads as an array of one
  Result<std::vector<double>> numbers(std::string_view key) const;
  Result<GgufValue> value(std::string_view key) const;  // of any type, for inspection and copying; u64 must fit i64
  i64 count(std::string_view key) const;                // of an array's elements; 1 for a scalar, 0 for a missing key

  const std::map<std::string, StoredTensor, std::less<>>& tensors() const;  // of all files
  // Tensors of types that this program does not read, with the names of those types. A caller that needs one reports
  // it.
  const std::map<std::string, std::string>& unsupported() const;
  std::shared_ptr<const void> mapping() const;  // keeps every tensor's and text's bytes alive

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

// Streams metadata and tensors into `path`. The alignment is general.alignment in the metadata, else 32. After a
// failure, such as a full disk or an interrupt, `path` is as it was before.
// Errors: a key or tensor name that is empty, too long or given twice; a number that its type cannot hold; a tensor
// type that GGUF lacks; an item that gives a wrong number of bytes; a file that cannot be written.
Status write_gguf(const std::filesystem::path& path, std::span<const std::pair<std::string, GgufValue>> metadata,
                  std::span<const TensorItem> items);

}  // namespace r1
