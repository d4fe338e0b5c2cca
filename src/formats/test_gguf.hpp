// Makes GGUF files of a few bytes for tests. A file is valid except for what the test breaks.
//
//   write_file(path, TestGguf().text("general.architecture", "llama").number("llama.block_count", 2)
//                        .tensor("token_embd.weight", {4, 32}, 0, 4 * 32 * 4).bytes());
#pragma once
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.hpp"
#include "core/integer.hpp"

namespace r1 {

// The ids of the metadata types and of two tensor types.
enum : u32 { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kText, kArray, kU64, kI64, kF64 };
enum : i32 { kGgmlF32 = 0, kGgmlQ8_0 = 8 };

// The bytes of v, little-endian.
template <class T>
std::string le(T v) {
  std::string out(sizeof v, '\0');
  std::memcpy(out.data(), &v, sizeof v);
  return out;
}
inline std::string le_text(std::string_view s) { return le(static_cast<u64>(s.size())).append(s); }

class TestGguf {
 public:
  u32 version = 3;
  i64 alignment = 32;                   // of the data; a test that changes it writes general.alignment too
  std::optional<i64> tensors, pairs;    // if set, the counts in the header in place of the true ones
  std::vector<std::string> pair_bytes;  // one element for each "key, type, value"
  std::vector<std::string> info_bytes;  // one element for each "name, dimensions, type, offset"
  std::string data;

  TestGguf& pair(std::string_view key, u32 type, std::string_view value) {
    pair_bytes.push_back(le_text(key) + le(type) + std::string(value));
    return *this;
  }
  TestGguf& number(std::string_view key, u32 v) { return pair(key, kU32, le(v)); }
  TestGguf& real(std::string_view key, float v) { return pair(key, kF32, le(v)); }
  TestGguf& flag(std::string_view key, bool v) { return pair(key, kBool, le(static_cast<u8>(v))); }
  TestGguf& text(std::string_view key, std::string_view v) { return pair(key, kText, le_text(v)); }
  TestGguf& texts(std::string_view key, const std::vector<std::string>& v) {
    std::string packed;
    for (const std::string& s : v) packed += le_text(s);
    return array(key, kText, v.size(), packed);
  }
  TestGguf& numbers(std::string_view key, const std::vector<i32>& v) {
    std::string packed;
    for (const i32 i : v) packed += le(i);
    return array(key, kI32, v.size(), packed);
  }
  TestGguf& array(std::string_view key, u32 element, u64 count, std::string_view packed) {
    return pair(key, kArray, le(element) + le(count) + std::string(packed));
  }

  // `shape` is outermost first. The tensor's `size` bytes count up from 0, so each differs from its neighbours.
  TestGguf& tensor(std::string_view name, const std::vector<i64>& shape, i32 type, size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 61);
    return tensor_with(name, shape, type, bytes);
  }
  TestGguf& tensor_with(std::string_view name, const std::vector<i64>& shape, i32 type, std::string_view bytes) {
    info(name, {shape.rbegin(), shape.rend()}, type, data.size());
    data += bytes;
    data.resize((data.size() + static_cast<size_t>(alignment) - 1) / alignment * alignment);
    return *this;
  }
  // The info of a tensor without its data; sides in the file's order.
  TestGguf& info(std::string_view name, const std::vector<i64>& sides, i32 type, u64 offset) {
    std::string bytes = le_text(name) + le(static_cast<u32>(sides.size()));
    for (const i64 n : sides) bytes += le(n);
    info_bytes.push_back(bytes + le(type) + le(offset));
    return *this;
  }

  std::string header() const {
    std::string out = "GGUF" + le(version) + le(tensors.value_or(static_cast<i64>(info_bytes.size()))) +
                      le(pairs.value_or(static_cast<i64>(pair_bytes.size())));
    for (const auto* part : {&pair_bytes, &info_bytes})
      for (const std::string& p : *part) out += p;
    return out;
  }
  std::string bytes() const {
    std::string out = header();
    if (info_bytes.empty()) return out;
    const size_t align = static_cast<size_t>(alignment);
    out.resize(round_up(out.size(), align));
    return out + data;
  }
};

// The file with the pair of that key replaced by the only pair of `by`, or without the pair if `by` has none.
inline TestGguf with_pair(TestGguf g, std::string_view key, const TestGguf& by) {
  for (std::string& p : g.pair_bytes)
    if (p.starts_with(le_text(key))) p = by.pair_bytes.empty() ? "" : by.pair_bytes[0];
  std::erase(g.pair_bytes, "");
  return g;
}

// A GGUF with a key of every metadata type and tensors of two types.
inline TestGguf tiny_gguf() {
  TestGguf g;
  g.text("general.architecture", "test").pair("a.u8", kU8, le(u8{200})).pair("a.i8", kI8, le(i8{-5}));
  g.pair("a.u16", kU16, le(u16{60000})).pair("a.i16", kI16, le(static_cast<std::int16_t>(-3)));
  g.number("a.u32", 4'000'000'000u).pair("a.i32", kI32, le(i32{-7})).real("a.f32", 0.5f).flag("a.bool", true);
  g.pair("a.u64", kU64, le(u64{1} << 40)).pair("a.i64", kI64, le(i64{-9})).pair("a.f64", kF64, le(0.25));
  g.texts("a.texts", {"x", "", "hello"}).numbers("a.numbers", {3, -4, 5});
  g.tensor("token_embd.weight", {3, 32}, kGgmlQ8_0, 3 * 34).tensor("output_norm.weight", {5}, kGgmlF32, 20);
  return g;
}

}  // namespace r1
