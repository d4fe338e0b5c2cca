// Shared by the reader and the writer of GGUF: limits, metadata types, ggml's tensor types. Source: ggml's
// docs/gguf.md.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/dtype.hpp"
#include "formats/gguf.hpp"

namespace r1::gguf {

inline constexpr std::string_view kMagic = "GGUF";
inline constexpr u32 kVersion = 3;  // version 2 is the same for little-endian files
inline constexpr u32 kDefaultAlignment = 32, kMinAlignment = 8, kMaxAlignment = 65536;
inline constexpr std::string_view kAlignmentKey = "general.alignment";

// Limits far above any real file, and low enough that no file can exhaust memory.
inline constexpr i64 kMaxPairs = 65'536, kMaxTensors = 1'000'000, kMaxFiles = 1'000;
inline constexpr u64 kMaxKey = 65'535, kMaxText = u64{64} << 20, kMaxTemplate = u64{1} << 20, kMaxToken = u64{64} << 10;
inline constexpr u64 kMaxArray = u64{1} << 26, kMaxTokens = u64{1} << 22, kMaxMerges = u64{1} << 23;
inline constexpr u64 kMaxHeader = u64{1} << 30;
inline constexpr u64 kMaxTensorName = 63;  // the reference keeps a terminator in 64
inline constexpr u32 kMaxDims = 4;

// GgufType's values are the format's ids.
inline constexpr u32 kTypes = 13;
// Bytes of a scalar; 0 for strings and arrays.
i64 scalar_bytes(GgufType type);
const char* name_of(GgufType type);
// The value of a scalar; nullopt for a u64 beyond i64.
std::optional<i64> integer_at(GgufType type, const std::byte* p);
double number_at(GgufType type, const std::byte* p);
bool is_integer(GgufType type);  // boolean included
bool is_float(GgufType type);

// A tensor type of ggml: its DType here, and the blocks into which its rows are cut.
struct TensorType {
  i32 id;
  const char* name;
  std::optional<DType> dtype;  // nullopt: a type of the format that this program does not read
  i64 block, bytes;            // elements and bytes of a block; bytes 0: removed from the format
};
const TensorType* tensor_type(i32 id);       // null for an unknown id
std::optional<i32> tensor_type_id(DType t);  // nullopt for a type that GGUF lacks

// Where the value of a key lies in the file.
struct Entry {
  GgufType type, element;            // element: the type of an array's elements; of a scalar `type` again
  i64 count;                         // elements of an array, else 1
  std::span<const std::byte> bytes;  // a string's characters, a scalar's bytes, an array's packed elements
};

}  // namespace r1::gguf
