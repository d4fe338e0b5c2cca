// GGUF v2 and v3: typed metadata, tensor infos, aligned tensor data, possibly over several files. Read by mapping,
// written by write, fsync, rename. Every number in a file is hostile; errors name the file, the field and both numbers.
// Source: ggml's docs/gguf.md.
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

// A metadata value as a program wants it: integers of every width are i64 or u64, floats of both widths double.
// Arrays hold one kind.
enum class GgufType : u8 { uint8, int8, uint16, int16, uint32, int32, f32, boolean, string, array, uint64, int64, f64 };

class GgufValue;
struct GgufArray {
  GgufType type = GgufType::uint32;  // of the elements
  std::vector<i64> integers;         // of all integer types and boolean; u64 must fit i64
  std::vector<double> numbers;       // f32, f64
  std::vector<std::string> texts;
  i64 size() const;
};

// To write one, and what a small value reads as. Large arrays are read through Gguf's own calls.
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
  // The file, or the first of PREFIX-00001-of-0000N.gguf: then all N, from the same folder.
  static Result<Gguf> open(const std::filesystem::path& path);

  const std::string& path() const;
  i64 version() const;    // 2 or 3
  i64 alignment() const;  // of tensor data, in the first file
  i64 files() const;      // how many it is split over
  // Keys in the file's order (of the first file when split).
  const std::vector<std::string>& keys() const;
  bool holds(std::string_view key) const;
  GgufType type(std::string_view key) const;     // of a key that is there
  GgufType element(std::string_view key) const;  // of an array that is there; a scalar's own type
  // Err: missing, of another type, does not fit. With a fallback, missing is fine.
  Result<i64> integer(std::string_view key) const;
  Result<i64> integer(std::string_view key, i64 fallback) const;
  Result<double> number(std::string_view key) const;  // floats and integers
  Result<double> number(std::string_view key, double fallback) const;
  Result<bool> flag(std::string_view key, bool fallback) const;
  Result<std::string> text(std::string_view key) const;
  Result<std::string> text(std::string_view key, std::string_view fallback) const;
  // Arrays, decoded at the call; texts point into the mapping.
  Result<std::vector<std::string_view>> texts(std::string_view key) const;
  Result<std::vector<i64>> integers(std::string_view key) const;  // a scalar reads as an array of one
  Result<std::vector<double>> numbers(std::string_view key) const;
  Result<GgufValue> value(std::string_view key) const;  // anything, for inspect and copying; u64 must fit i64
  i64 count(std::string_view key) const;                // elements of an array, 1 of a scalar

  const std::map<std::string, StoredTensor, std::less<>>& tensors() const;  // of all files
  // Tensors of types that we do not read, with their types' names: an error only for who needs one.
  const std::map<std::string, std::string>& unsupported() const;
  std::shared_ptr<const void> mapping() const;  // keeps every tensor's and text's bytes alive

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

// Streams metadata and tensors into `path`. On failure, a full disk and an interrupt included, nothing is left under
// the final name and what was there before stays. general.alignment is taken from the metadata, else 32.
Status write_gguf(const std::filesystem::path& path, std::span<const std::pair<std::string, GgufValue>> metadata,
                  std::span<const TensorItem> items);

}  // namespace r1
