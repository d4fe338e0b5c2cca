#include "formats/gguf_parse.hpp"

#include <bit>
#include <cstring>

#include "core/file.hpp"
#include "core/integer.hpp"
#include "formats/json.hpp"
#include "formats/tensor_file.hpp"

namespace r1::gguf {
namespace {

// Reads the file field by field. Every length is compared with the bytes that are left before it is used.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

  u64 at() const { return at_; }
  u64 left() const { return bytes_.size() - at_; }
  const std::string& path() const { return path_; }

  template <class T>
  Result<T> scalar(std::string_view what) {
    T v;
    const auto raw = R1_TRY(take(sizeof v, what));
    std::memcpy(&v, raw.data(), sizeof v);
    return v;
  }

  Result<std::span<const std::byte>> take(u64 n, std::string_view what) {
    if (n > left()) {
      return fail(Errc::corrupt, "{}: {}: needs {} bytes at byte {}, the file has {} more", path_, what, n, at_,
                  left());
    }
    const auto piece = bytes_.subspan(at_, n);
    at_ += n;
    return piece;
  }

  Result<std::string_view> text(std::string_view what, u64 limit) {
    const u64 n = R1_TRY(scalar<u64>(what));
    if (n > limit) return fail(Errc::corrupt, "{}: {}: {} bytes long, the limit is {}", path_, what, n, limit);
    const auto raw = R1_TRY(take(n, what));
    return std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size());
  }

  // Skips one string. Where text() would fail it returns false and does not move.
  bool skip_text(u64 limit) {
    if (left() < 8) return false;
    u64 n;
    std::memcpy(&n, bytes_.data() + at_, 8);
    if (n > limit || n > left() - 8) return false;
    at_ += 8 + n;
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  u64 at_ = 0;
  std::string path_;
};

// ---- metadata

u64 text_limit(std::string_view key) { return key.starts_with("tokenizer.chat_template") ? kMaxTemplate : kMaxText; }
u64 element_limit(std::string_view key) { return key == "tokenizer.ggml.tokens" ? kMaxToken : kMaxText; }
u64 count_limit(std::string_view key) {
  return key == "tokenizer.ggml.tokens" ? kMaxTokens : key == "tokenizer.ggml.merges" ? kMaxMerges : kMaxArray;
}

// A vocabulary has several hundred thousand strings. Only their lengths are read to find its end.
Status skip_texts(Cursor& in, u64 count, const std::string& where, u64 limit) {
  for (u64 i = 0; i < count; ++i) {
    if (in.skip_text(limit)) continue;
    const auto text = in.text(where, limit);
    return fail(text.error().code, "{} (string {} of {})", text.error().what, i, count);
  }
  return {};
}

Result<Entry> read_array(Cursor& in, std::string_view key, const std::string& where) {
  const u32 id = R1_TRY(in.scalar<u32>(where));
  const u64 count = R1_TRY(in.scalar<u64>(where));
  if (id == static_cast<u32>(GgufType::array)) {
    return fail(Errc::unsupported, "{}: {}: an array of arrays", in.path(), where);
  }
  if (id >= kTypes) {
    return fail(Errc::corrupt, "{}: {}: element type {} is unknown, there are {}", in.path(), where, id, kTypes);
  }
  const auto element = static_cast<GgufType>(id);
  const u64 limit = count_limit(key);
  if (count > limit) {
    return fail(Errc::corrupt, "{}: {}: an array of {} elements, the limit is {}", in.path(), where, count, limit);
  }
  const u64 least = element == GgufType::string ? 8 : static_cast<u64>(scalar_bytes(element));
  if (count * least > in.left()) {  // below 2^29: cannot wrap
    return fail(Errc::corrupt, "{}: {}: {} elements need {} bytes or more, the file has {} more", in.path(), where,
                count, count * least, in.left());
  }
  Cursor whole = in;
  if (element == GgufType::string) {
    R1_TRY(skip_texts(in, count, where, element_limit(key)));
  } else {
    R1_TRY(in.take(count * least, where));
  }
  return Entry{GgufType::array, element, static_cast<i64>(count), R1_TRY(whole.take(in.at() - whole.at(), where))};
}

Result<Entry> read_value(Cursor& in, std::string_view key, const std::string& where) {
  const u32 id = R1_TRY(in.scalar<u32>(where));
  if (id >= kTypes) {
    return fail(Errc::corrupt, "{}: {}: value type {} is unknown, there are {}", in.path(), where, id, kTypes);
  }
  const auto type = static_cast<GgufType>(id);
  if (type == GgufType::array) return read_array(in, key, where);
  if (type == GgufType::string) {
    const std::string_view text = R1_TRY(in.text(where, text_limit(key)));
    return Entry{type, type, 1, std::as_bytes(std::span(text))};
  }
  return Entry{type, type, 1, R1_TRY(in.take(static_cast<u64>(scalar_bytes(type)), where))};
}

Status read_pairs(Cursor& in, i64 pairs, File& file) {
  for (i64 i = 0; i < pairs; ++i) {
    const std::string_view key = R1_TRY(in.text(fmt::format("key {} of {}", i, pairs), kMaxKey));
    if (key.empty()) return fail(Errc::corrupt, "{}: key {} of {} is empty", in.path(), i, pairs);
    const std::string where = shown(key);
    const Entry entry = R1_TRY(read_value(in, key, where));
    if (!file.entries.emplace(key, entry).second) {
      return fail(Errc::corrupt, "{}: key {} is there twice", in.path(), where);
    }
    file.keys.emplace_back(key);
  }
  return {};
}

Result<i64> read_alignment(const File& file) {
  const auto found = file.entries.find(kAlignmentKey);
  if (found == file.entries.end()) return kDefaultAlignment;
  if (found->second.type != GgufType::uint32) {
    return fail(Errc::corrupt, "{}: {}: expected u32, found {}", file.path, kAlignmentKey, name_of(found->second.type));
  }
  const i64 n = *integer_at(GgufType::uint32, found->second.bytes.data());
  if (n < kMinAlignment || n > kMaxAlignment || !std::has_single_bit(static_cast<u64>(n))) {
    return fail(Errc::corrupt, "{}: {}: expected a power of two from {} to {}, found {}", file.path, kAlignmentKey,
                kMinAlignment, kMaxAlignment, n);
  }
  return n;
}

// ---- tensors

struct TensorInfo {
  std::string name;
  const TensorType* type;
  std::vector<i64> shape;  // outermost first
  u64 offset, bytes;
};

Result<const TensorType*> known_type(i32 id, const std::string& where) {
  const TensorType* type = tensor_type(id);
  if (!type) {
    return fail(Errc::unsupported, "{}: element type {} is unknown{}", where, id,
                id >= 100 ? "; ids from 100 are ik_llama.cpp's own" : "; a newer r1 may know it");
  }
  if (!type->bytes) {
    return fail(Errc::unsupported, "{}: element type {} ({}) was removed from the format", where, id, type->name);
  }
  return type;
}

Result<TensorInfo> read_info(Cursor& in, i64 index, i64 count) {
  TensorInfo info;
  info.name = R1_TRY(in.text(fmt::format("name of tensor {} of {}", index, count), kMaxTensorName));
  if (info.name.empty()) return fail(Errc::corrupt, "{}: tensor {} of {} has no name", in.path(), index, count);
  const std::string what = fmt::format("tensor {}", shown(info.name)), where = in.path() + ": " + what;
  const u32 dims = R1_TRY(in.scalar<u32>(what));
  if (dims < 1 || dims > kMaxDims) {
    return fail(Errc::corrupt, "{}: {} dimensions, expected 1 to {}", where, dims, kMaxDims);
  }
  info.shape.resize(dims);
  for (u32 d = 0; d < dims; ++d) {
    const i64 n = R1_TRY(in.scalar<i64>(what));
    if (n < 1) return fail(Errc::corrupt, "{}: dimension {} is {}, expected 1 or more", where, d, n);
    info.shape[dims - 1 - d] = n;
  }
  info.type = R1_TRY(known_type(R1_TRY(in.scalar<i32>(what)), where));
  info.offset = R1_TRY(in.scalar<u64>(what));
  const BlockShape block{info.type->block, info.type->bytes, info.type->name};
  info.bytes = static_cast<u64>(R1_TRY(bytes_of_shape(block, info.shape, where)));
  return info;
}

// Tensors lie in the order of their infos, each padded to the alignment, without holes. The reference demands this of
// every writer. Only the padding behind the last tensor may be missing.
Status place(const std::vector<TensorInfo>& infos, std::span<const std::byte> data, File& file) {
  const u64 align = static_cast<u64>(file.alignment);
  u64 expected = 0;
  for (const TensorInfo& info : infos) {
    const std::string where = fmt::format("{}: tensor {}", file.path, shown(info.name));
    if (info.offset != expected) {
      return fail(Errc::corrupt, "{}: offset {}, expected {}: tensors lie one after the other, aligned to {}", where,
                  info.offset, expected, align);
    }
    if (expected > data.size() || info.bytes > data.size() - expected) {
      return fail(Errc::corrupt, "{}: {} bytes at {} of the data, the file has {} bytes of data", where, info.bytes,
                  expected, data.size());
    }
    bool fresh;
    if (info.type->dtype) {
      StoredTensor stored{info.name, *info.type->dtype, info.shape, data.subspan(expected, info.bytes)};
      fresh = file.tensors.emplace(info.name, std::move(stored)).second && !file.unsupported.contains(info.name);
    } else {
      fresh = file.unsupported.emplace(info.name, info.type->name).second && !file.tensors.contains(info.name);
    }
    if (!fresh) return fail(Errc::corrupt, "{}: the name is there twice", where);
    expected += round_up(info.bytes, align);  // cannot wrap: both are below the file's size
  }
  return {};
}

Result<u32> read_version(Cursor& in) {
  const u32 version = R1_TRY(in.scalar<u32>("version"));
  if (version == 2 || version == 3) return version;
  if (version != 0 && (version & 0xffff) == 0) {
    return fail(Errc::unsupported, "{}: version {:#x}: a big-endian GGUF file", in.path(), version);
  }
  return fail(Errc::unsupported, "{}: GGUF version {}, 2 and 3 are supported", in.path(), version);
}

Result<i64> read_count(Cursor& in, const char* what, i64 limit) {
  const i64 n = R1_TRY(in.scalar<i64>(what));
  if (n < 0 || n > limit) return fail(Errc::corrupt, "{}: {}: {}, expected 0 to {}", in.path(), what, n, limit);
  return n;
}

}  // namespace

Result<File> parse(const std::filesystem::path& path) {
  const FileMap map = R1_TRY(map_file(path));
  File file;
  file.path = path.string();
  file.keep = map.keep;
  const u64 header_limit = std::min<u64>(map.bytes.size(), kMaxHeader);
  Cursor in(map.bytes.first(header_limit), file.path);
  const auto magic = R1_TRY(in.take(kMagic.size(), "magic"));
  if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) {
    return fail(Errc::corrupt, "{}: not a GGUF file: it starts with {:02x}, expected {:02x} (\"GGUF\")", file.path,
                fmt::join(std::span(reinterpret_cast<const u8*>(magic.data()), 4), " "),
                fmt::join(std::span(reinterpret_cast<const u8*>(kMagic.data()), 4), " "));
  }
  file.version = R1_TRY(read_version(in));
  const i64 tensors = R1_TRY(read_count(in, "tensor count", kMaxTensors));
  const i64 pairs = R1_TRY(read_count(in, "metadata count", kMaxPairs));
  R1_TRY(read_pairs(in, pairs, file));
  file.alignment = R1_TRY(read_alignment(file));
  std::vector<TensorInfo> infos;
  for (i64 i = 0; i < tensors; ++i) infos.push_back(R1_TRY(read_info(in, i, tensors)));
  if (infos.empty()) return file;
  const u64 align = static_cast<u64>(file.alignment), start = round_up(in.at(), align);
  if (start > map.bytes.size()) {
    return fail(Errc::corrupt, "{}: tensor data starts at byte {}, the file has {}", file.path, start,
                map.bytes.size());
  }
  R1_TRY(place(infos, map.bytes.subspan(start), file));
  for (auto& [name, tensor] : file.tensors) tensor.mapping = map.bytes;
  return file;
}

}  // namespace r1::gguf
